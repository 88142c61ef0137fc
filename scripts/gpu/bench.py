#!/usr/bin/env python3
"""Times lockstep's training steps on a GPU beside PyTorch's and JAX's: microseconds a step, ratios, launches.

    python3 scripts/gpu/bench.py [--out gpu-results] [--device cuda] [--lockstep gpu-build/bin/lockstep] [--seconds 600]
        [--rounds 3] [--tasks net-200,table-256]

net: the tutorial's Net (2, 100, 2, tanh, cross-entropy, Adam), full batch. table: 32, 256, 256, 1, ReLU, binary cross-entropy.
Peers: PyTorch eager with Adam's foreach (its default) and fused; torch.compile(mode="reduce-overhead") of net and loss and of the
optimizer's step; a CUDA graph written by hand (graph.py); JAX, jit of a lax.scan over the steps, its products in full float32.
All begin with the same weights and see the same rows, so that the losses of the last epoch agree up to rounding and, in batches,
up to the order of the rows. Their clock starts after warm-up and compilation.

lockstep is called as a user calls it, once for a few epochs and, in each round, once for all: a step is the difference of both
runs' `training_seconds` over the difference of their steps, so what the first steps load is left out. All take turns. Prints and
writes bench.txt and bench.json; exit 1 if lockstep could not be measured, or did other work. What is absent or had no time left is
said. The small ones are measured first.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import harness
from server import Server

SECONDS, ROUNDS = 600, 3
TORCH = {"eager-foreach": "PyTorch eager", "eager-fused": "PyTorch eager, fused Adam",
         "compile-step-graphs": "torch.compile, reduce-overhead", "cuda-graph": "CUDA graph by hand"}  # fmt: skip
JAX = {"jax-scan": "JAX", "jax-scan-unroll": "JAX, unrolled"}
# Rows, batch (0: full) and epochs of each task, in the order in which they are measured; on the processor a rehearsal. So many
# epochs that lockstep's seconds are a multiple of what a start varies by.
TASKS = {
    "cuda": {
        "net-200": (200, 0, 6000), "net-1e6": (1_000_000, 0, 200), "table-256": (98_304, 256, 8),
        "table-4096": (98_304, 4096, 60), "net-1e4": (10_000, 0, 6000), "table-full": (98_304, 0, 200),
        "net-1e7": (10_000_000, 0, 30),
    },
    "cpu": {"net-200": (200, 0, 200), "table-256": (2048, 256, 4), "table-full": (2048, 0, 20)},
}  # fmt: skip
# A task is begun only with so many seconds left.
LEAST = 15
# lockstep's first run: a share of the epochs, one at least.
SHARE = 10
# Of the losses of the last epoch, relative, for one order of rows and for another; and absolute, where a net knows its rows by
# heart.
SAME_WORK, BY_HEART = {"full": 0.01, "batches": 0.1}, 0.002
FIT = ("--target", "y", "--task", "classification", "--split-column", "part", "--hidden", "256,256", "--activation", "relu")
FIT += ("--loss", "bce", "--lr", "0.001", "--scale", "none", "--importance", "none")


class Lockstep:
    def __init__(self, engine, options):
        self.engine, self.title, self.options, self.first = engine, f"lockstep {engine}", options, None

    def train(self, task, epochs, seconds):
        """The summary of a run."""
        words = ["run", "moons", "--samples", task["rows"]]
        if task["kind"] == "table":
            words = ["fit", task["file"].with_suffix(".csv"), *FIT, "--batch-size", task["batch"] or "full"]
        words += ["--engine", self.engine, "--epochs", epochs, "--device", self.options.device, "--json", "--quiet", "--out", "run"]
        words = [self.options.lockstep, *words]
        done = harness.ended([str(word) for word in words], task["folder"], self.options.environment, seconds)
        if done.returncode:
            raise harness.Failed((done.stderr.strip().splitlines() or ["not a word"])[-1][:300])
        summary = json.loads(done.stdout)
        if summary["engine"] != self.engine:
            raise harness.Failed(f"absent: the engine {self.engine} is not there on {self.options.device}")
        return summary

    def prepare(self, task, seconds):
        self.few = max(1, task["epochs"] // SHARE)
        self.first = self.train(task, self.few, seconds)["training_seconds"]
        return {"first_epochs": self.few, "first_seconds": self.first}

    def measure(self, task, seconds):
        found = self.train(task, task["epochs"], seconds)
        steps = (task["epochs"] - self.few) * task["steps"]
        return {"seconds_a_step": (found["training_seconds"] - self.first) / steps, "loss": found["loss"]}

    def launches(self, task, seconds):
        return {}


class Peer:
    def __init__(self, name, title, server):
        self.name, self.title, self.server = name, title, server

    def prepare(self, task, seconds):
        order = {"peer": self.name, "file": str(task["file"]), "batch": task["batch"], "epochs": task["epochs"]}
        return {"ready_seconds": self.server.ask(seconds, do="build", **order)["seconds"]}

    def measure(self, task, seconds):
        found = self.server.ask(seconds, do="run", peer=self.name)
        return {"seconds_a_step": found["seconds"] / found["steps"], "loss": found["loss"]}

    def launches(self, task, seconds):
        return self.server.ask(seconds, do="launches", peer=self.name)


def tasks(options, folder):
    for name, (rows, batch, epochs) in TASKS[options.device].items():
        kind = {"net": "moons", "table": "table"}[name.split("-")[0]]
        if not options.tasks or name in options.tasks:
            yield {"name": name, "kind": kind, "rows": rows, "batch": batch, "epochs": epochs, "folder": folder,
                   "steps": rows // batch if batch else 1, "file": folder / f"{kind}-{rows}.npz"}  # fmt: skip


def make(task, seconds, options):
    """The data; where that fails, every peer says that its file is missing."""
    if not task["file"].exists():
        words = [sys.executable, str(HERE / "work.py"), str(task["folder"]), f"{task['kind']}:{task['rows']}"]
        try:
            done = harness.ended(words, task["folder"], options.environment, seconds)
            print(done.stderr, end="", file=sys.stderr)
        except harness.Failed as failure:
            print(failure, file=sys.stderr)


def compete(task, peers, servers, end, options):
    """All rounds of a task; a peer that fails is out of it, and says why."""
    left = lambda: end - time.monotonic()
    make(task, left(), options)
    found = {peer: {"peer": peer.title, "rounds": []} for peer in peers}

    def attempt(peer, work):
        try:
            if "error" not in found[peer]:
                found[peer].update(work() or {})
        except harness.Failed as failure:
            found[peer]["error"] = str(failure)

    for peer in peers:
        attempt(peer, lambda: peer.prepare(task, left()))
    for _ in range(options.rounds):
        for peer in peers:
            attempt(peer, lambda: found[peer]["rounds"].append(peer.measure(task, left())))
    for peer in peers:
        if found[peer]["rounds"]:
            found[peer].pop("error", None)  # a round too few is still a measurement
            attempt(peer, lambda: {"launches": peer.launches(task, left())})
    for server in servers:
        if server.child is not None:
            attempt_quietly(lambda: server.ask(max(1, left()), do="forget"))
    for result in found.values():
        if result["rounds"]:
            for key in ("seconds_a_step", "loss"):
                result[key] = statistics.median(one[key] for one in result["rounds"])
    return {key: value for key, value in task.items() if not isinstance(value, pathlib.Path)} | {"peers": list(found.values())}


def attempt_quietly(work):
    try:
        work()
    except harness.Failed:
        pass


def faults(result, over):
    """What is wrong with a task: lockstep without a number, though the time was not over, or with another loss than PyTorch's."""
    found = {peer["peer"]: peer for peer in result["peers"]}
    exact, eager = found["lockstep exact"], found.get("PyTorch eager", {})
    if "loss" not in exact:
        return [] if over else [f"{result['name']}: lockstep exact: {exact.get('error', 'not measured')}"]
    bound = SAME_WORK["batches" if result["batch"] else "full"]
    if "loss" in eager and abs(exact["loss"] - eager["loss"]) > bound * eager["loss"] + BY_HEART:
        return [f"{result['name']}: lockstep's loss is {exact['loss']:.6f}, PyTorch's {eager['loss']:.6f}: other work"]
    return []


def table(result):
    """Markdown; the ratio is to lockstep exact."""
    base = next((peer["seconds_a_step"] for peer in result["peers"] if "seconds_a_step" in peer), None)
    size = f"{result['rows']:,} rows, batch {result['batch'] or 'full'}, {result['epochs']} epochs"
    lines = [f"{result['name']}: {size}, {result['epochs'] * result['steps']:,} steps", ""]
    lines += ["| | µs a step | ratio | last loss | a step's launches |", "|---|---|---|---|---|"]
    for peer in result["peers"]:
        if "seconds_a_step" not in peer:
            lines.append(f"| {peer['peer']} | {peer.get('error', 'not measured')} | | | |")
            continue
        launches = ", ".join(f"{name} {count:.1f}" for name, count in peer.get("launches", {}).items())
        step = peer["seconds_a_step"]
        lines.append(f"| {peer['peer']} | {1e6 * step:,.1f} | {step / base:.2f} | {peer['loss']:.6f} | {launches} |")
    return "\n".join([*lines, ""])


def settings():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("gpu-results"))
    parser.add_argument("--device", default="cuda", choices=("cpu", "cuda"))
    parser.add_argument("--lockstep", default=HERE.parents[1] / "gpu-build/bin/lockstep")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--tasks", type=lambda text: text.split(","))
    options = parser.parse_args()
    for name in options.tasks or ():
        if name not in TASKS[options.device]:
            parser.error(f"--tasks {name}: expected some of {','.join(TASKS[options.device])}")
    options.lockstep = str(pathlib.Path(options.lockstep).absolute())
    options.environment = harness.environment(sys.executable, options.device)
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def main():
    options = settings()
    end = time.monotonic() + options.seconds
    servers = Server("torch", options), Server("jax", options)
    peers = [Lockstep(engine, options) for engine in ("exact", "fused")]
    peers += [Peer(name, title, servers[0]) for name, title in TORCH.items()]
    peers += [Peer(name, title, servers[1]) for name, title in JAX.items()]
    results, texts, wrong = [], [], []
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        for task in tasks(options, pathlib.Path(folder)):
            if end - time.monotonic() < LEAST:
                texts.append(f"{task['name']}: no time left\n")
            else:
                results.append(compete(task, peers, servers, end, options))
                texts.append(table(results[-1]))
                wrong += faults(results[-1], time.monotonic() >= end)
            print(texts[-1], flush=True)
            versions = {name: version for server in servers for name, version in server.versions.items()}
            found = {"device": options.device, "versions": versions, "rounds": options.rounds, "tasks": results, "wrong": wrong}
            (options.out / "bench.json").write_text(json.dumps(found, indent=1) + "\n")
            (options.out / "bench.txt").write_text("\n".join(texts))
    for server in servers:
        server.end()
    if wrong:
        raise SystemExit("error: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
