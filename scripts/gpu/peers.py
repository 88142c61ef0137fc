"""The peers of scripts/gpu/bench.py, kept in one process, so that they can take turns without importing and compiling again.

    python peers.py torch|jax --device cuda

Reads a line of JSON from stdin, writes one to stdout: {"do": "build", "peer": …, "file": …, "batch": …, "epochs": …} compiles
and warms up; "run" trains all epochs anew and gives the seconds; "launches" profiles; "forget" drops all that was built. The
trainings themselves are those of scripts/bench/peers, and graph.py.
"""

import argparse
import gc
import json
import os
import pathlib
import sys
import time
import types

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench/peers")]
# Set before the frameworks are imported: compiling is no part of what is measured, and the peers share a card.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", str(min(8, os.cpu_count())))
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# Threads that wait leave the processor to the peer whose turn it is.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
# Steps before the clock starts, at least: a compiled peer records its graph on the second and replays it from the third on.
WARM = 5
LAUNCHES = ("cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cuLaunchKernelEx", "cudaGraphLaunch")


class Torch:
    def __init__(self, device):
        import torch

        self.torch, self.device = torch, device
        if device == "cuda" and not torch.cuda.is_available():
            raise SystemExit("this PyTorch sees no CUDA device")
        self.versions = {"torch": torch.__version__}

    def trainer(self, peer, workload, options):
        import graph
        import peer_torch

        kind = graph.HandWritten if peer == "cuda-graph" else peer_torch.kind(peer)
        return kind(workload, options, peer)

    def settle(self):
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def forget(self):
        self.torch._dynamo.reset()
        gc.collect()
        if self.device == "cuda":
            self.torch.cuda.empty_cache()

    def launches(self, trainer, epochs, steps):
        """What a step launches and what then runs on the card; on the processor, its operations."""
        from torch.profiler import ProfilerActivity, profile

        activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if self.device == "cuda" else [])
        with profile(activities=activities) as profiled:
            trainer.epochs(epochs)
            self.settle()
        names = [(event.name, event.device_type.name) for event in profiled.events()]
        if self.device == "cpu":
            return {"operations": sum(name.startswith("aten::") for name, _ in names) / steps}
        on_card = [name for name, device in names if device == "CUDA"]
        kernels = [name for name in on_card if not name.startswith(("Memcpy", "Memset"))]
        found = {call: sum(name == call for name, _ in names) / steps for call in LAUNCHES}
        found = {call: round(count, 2) for call, count in found.items() if count}
        return found | {"kernels": len(kernels) / steps, "copies": (len(on_card) - len(kernels)) / steps}


class Jax:
    def __init__(self, device):
        import jax

        # By default a GPU's products of float32 are rounded to TF32; PyTorch and lockstep do not do that.
        jax.config.update("jax_default_matmul_precision", "highest")
        if device == "cpu":
            jax.config.update("jax_platforms", "cpu")
        jax.devices({"cpu": "cpu", "cuda": "gpu"}[device])
        self.versions = {"jax": jax.__version__}

    def trainer(self, peer, workload, options):
        import peer_jax

        return peer_jax.Trainer(workload, options, peer.removeprefix("jax-"))

    def settle(self):
        pass

    def forget(self):
        import jax

        jax.clear_caches()
        gc.collect()


class Server:
    def __init__(self, framework, options):
        self.framework, self.options, self.built = framework, options, {}

    def build(self, peer, file, batch, epochs):
        from workload import Workload, stride

        options = types.SimpleNamespace(**vars(self.options), batch_size=batch, epochs=epochs, until=None, seed=0)
        begun = time.perf_counter()
        workload = Workload(file)
        trainer = self.framework.trainer(peer, workload, options)
        a_call, steps = stride(options), len(workload.x) // batch if batch else 1
        for _ in range(max(1, -(-WARM // (a_call * steps)))):
            trainer.epochs(a_call)
        self.built[peer] = trainer, a_call, epochs, steps
        return {"seconds": time.perf_counter() - begun}

    def find(self, peer):
        if peer not in self.built:
            raise RuntimeError("the process that it was built in has ended")
        return self.built[peer]

    def run(self, peer):
        trainer, a_call, epochs, steps = self.find(peer)
        trainer.reset()
        trainer.epochs(a_call)
        trainer.reset()
        self.framework.settle()
        begun = time.perf_counter()
        losses = trainer.epochs(epochs)  # ends by reading the losses, and so waits for the card
        return {"seconds": time.perf_counter() - begun, "steps": epochs * steps, "loss": losses[-1]}

    def launches(self, peer):
        trainer, a_call, _, steps = self.find(peer)
        epochs = max(1, min(a_call, 20))
        return self.framework.launches(trainer, epochs, epochs * steps) if hasattr(self.framework, "launches") else {}

    def forget(self):
        self.built.clear()
        self.framework.forget()
        return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("framework", choices=("torch", "jax"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    # Libraries print; stdout is for answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    framework = {"torch": Torch, "jax": Jax}[options.framework](options.device)
    server = Server(framework, options)
    print(json.dumps({"versions": framework.versions}), file=answers)
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(server, order.pop("do"))(**order)
        except Exception as error:
            said = str(error).strip().splitlines() or [""]
            answer = {"error": f"{type(error).__name__}: {said[0][:200]}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
