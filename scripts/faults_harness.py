"""What every scenario of faults.py is made of: a program to run, folders to look into, and a tally of how trials end."""

import collections
import contextlib
import hashlib
import json
import multiprocessing.pool
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

KINDS = ["detected", "survived", "wrong", "lost"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# In a summary that differ from run to run.
CLOCK = ["seconds", "training_seconds"]


class Tally:
    """What became of the trials of one scenario."""

    def __init__(self, name):
        self.name, self.counts, self.notes, self.strays = name, collections.Counter(), [], 0

    def add(self, kind, note=""):
        self.counts[kind] += 1
        if kind in ("wrong", "lost") and len(self.notes) < 5:
            self.notes.append(f"{self.name}: {kind}: {note}")


class Campaign:
    def __init__(self, options, home):
        self.lockstep, self.home, self.quick = options.lockstep, home, options.quick
        self.kills = options.kills or (6 if self.quick else 100)
        self.flips = options.flips or (15 if self.quick else 500)
        self.random = random.Random(options.seed)
        self.rows = home / "houses.csv"
        self.call("data", "houses", "-o", self.rows)
        table = self.random.choices(range(100), k=120)
        self.table = home / "table.csv"
        self.table.write_text("a,b,y\n" + "".join(f"{x},{x % 7},{2 * x + x % 5}\n" for x in table))
        self.programs = {
            "run moons": ["run", "moons", "--epochs", "200", "--threads", "1", "--device", "cpu"],
            "fit": ["fit", self.table, "--target", "y", "--epochs", "20", "--threads", "1", "--device", "cpu"],
        }

    def call(self, *arguments, check=True, **options):
        done = subprocess.run([self.lockstep, *map(str, arguments)], capture_output=True, text=True, env=ENVIRONMENT, **options)
        if check and done.returncode:
            sys.exit(f"lockstep {' '.join(map(str, arguments))}: {done.stderr}")
        return done

    def finished(self, program, seed):
        """A finished run in a folder of its own, and what is in it."""
        folder = self.home / f"{program.replace(' ', '-')}-{seed}"
        if not folder.exists():
            self.call(*self.programs[program], "--seed", seed, "--out", folder, "--quiet")
        return folder, contents(folder)

    def pool(self, work, items):
        with multiprocessing.pool.ThreadPool(os.cpu_count()) as pool:
            return pool.map(work, items)


def contents(folder):
    """Every file but temporary ones by its name: a hash, of a summary without its times."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".lockstep"):
            continue
        data = path.read_bytes()
        if path.name == "summary.json":
            data = json.dumps({key: value for key, value in json.loads(data).items() if key not in CLOCK}).encode()
        found[path.name] = hashlib.sha256(data).hexdigest()
    return found


def strays(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".lockstep")]


def one_line(done):
    """Whether a command ended as a refusal should."""
    return done.returncode in (1, 2) and (done.returncode == 1 or len(done.stderr.strip().splitlines()) == 1)


@contextlib.contextmanager
def tmpfs(mount, kilobytes):
    """A file system of so many kilobytes at `mount`; where none can be mounted, None and a word why."""
    mount.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", mount]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        print("disk full: no tmpfs can be mounted, which takes root", file=sys.stderr)
        yield None
        return
    try:
        yield mount
    finally:
        subprocess.run(["umount", mount], check=True)


def file_limit(size):
    """Options of a process whose files may have `size` bytes each."""
    # Python ignores SIGXFSZ, and its children inherit that: a write fails with EFBIG, as on a full disk with ENOSPC.
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)), "restore_signals": False}
