"""What a machine is made of, for the head of the results: card, driver, CUDA, libraries of Python, processor."""

import json
import os
import pathlib
import platform
import subprocess

# In a process of its own: a library that breaks on import breaks nothing else.
VERSIONS = """
import importlib, json, platform
found = {"python": platform.python_version()}
for name in ("torch", "jax", "jaxlib", "triton", "numpy", "sklearn", "cupy"):
    try:
        found[name] = str(importlib.import_module(name).__version__)
    except Exception as error:
        found[name] = f"none: {type(error).__name__}"
try:
    import torch
    found["cuda of torch"] = str(torch.version.cuda)
    found["cudnn of torch"] = str(torch.backends.cudnn.version())
    if torch.cuda.is_available():
        about = torch.cuda.get_device_properties(0)
        found["card"], found["card_mib"] = about.name, about.total_memory // 2**20
        found["multiprocessors"], found["compute_capability"] = about.multi_processor_count, f"{about.major}.{about.minor}"
except Exception as error:
    found["torch.cuda"] = str(error)
print(json.dumps(found))
"""
SMI = "name,driver_version,memory.total,clocks.sm,clocks.mem,power.limit"


def said(command, environment=None, seconds=60):
    """A command's last lines, or None."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def about(options):
    """A flat object."""
    versions = said([options.python, "-c", VERSIONS], options.environment)
    nvcc = said(["nvcc", "--version"])
    found = json.loads(versions.splitlines()[-1]) if versions else {"python": "did not answer"}
    found |= {"nvidia-smi": said(["nvidia-smi", f"--query-gpu={SMI}", "--format=csv,noheader"]) or "none"}
    found |= {"nvcc": nvcc.splitlines()[-1] if nvcc else "none"}
    found |= {"processor": processor(), "processors": len(os.sched_getaffinity(0)), "kernel": platform.release()}
    return found | {"lockstep": said([options.lockstep, "--version"], options.environment) or "did not answer"}
