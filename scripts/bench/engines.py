#!/usr/bin/env python3
"""Measures lockstep's training loops against PyTorch (eager, compiled), JAX and scikit-learn, side by side.

    .venv-bench/bin/python scripts/bench/engines.py [--tasks net,table,time] [--rows 200,1e4,1e6] [--runs 5]
        [--engines fused,exact] [--peers torch,compile,jax,sklearn] [--threads N] [--time-to 0.93] [--device cuda]
        [--peer-rows N] [--json FILE] [--plot FILE.png] [--quick] [--lockstep target/release/lockstep]

Needs torch, jax, scikit-learn, numpy, pyarrow and, for --plot, matplotlib; g++ for torch.compile. `scripts/bench/all.py`
makes such an environment. Nothing else should run meanwhile.

net: the tutorial's Net on two moons (2 → 100 → 2, tanh, cross-entropy, Adam 1e-2), full batch, at each of --rows.
table: 32 → 256 → 128 → 1, ReLU, binary cross-entropy, Adam 1e-3, 100,096 rows (391 batches of 256, so that none is
cut), in batches of 256 shuffled every epoch, and full batch; 20,000 further rows are held out.
time: the same table in batches of 256, until the held-out accuracy is --time-to; each epoch ends with an evaluation, which
is part of the time (lockstep's is that of its validation part). For lockstep the epochs that it takes are found before,
with a checkpoint an epoch and `lockstep evaluate`, and then the run of so many epochs is timed.

Every peer is a process of its own, and they take turns within each run; the seconds are those of the training loop.
lockstep is called as a user calls it, and its seconds are the summary's `training_seconds`. The others (scripts/bench/peers/,
where each says what it does) have compiled and have run a tenth of the epochs, one at least, before their clock starts;
which of their settings is the fastest is tried out before, for each task. All have the same data, and but for lockstep's
seeds in `time` the same initial weights, threads and processors. Losses are those of the last epoch, so equal work shows.

Prints tables in Markdown: medians; ratio is to the first row of the same task; peak is the process's peak of resident memory,
compilers included, and "for the data" how much more that is than the same program's with next to no rows. --json has every
measurement besides (baseline_mb: after a peer's imports), and the machine. Rows above a million are run three times at most.
"""

import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = {"torch": "PyTorch eager", "compile": "torch.compile", "jax": "JAX", "sklearn": "scikit-learn"}
SETTINGS = {
    "torch": "eager-loop,eager-foreach,eager-fused",
    "compile": "compile-step,compile-whole,compile-step-autotune,compile-whole-autotune",
    "jax": "scan,scan-unroll,scan-fast,scan-unroll-fast",
    "sklearn": "fit",
}
GRAPHS = ",compile-step-graphs,compile-whole-graphs"
LIBRARIES = ("OMP", "MKL", "OPENBLAS")
BATCH, MOST_EPOCHS = 256, 30
FIT = ("--target", "y", "--task", "classification", "--split-column", "part", "--hidden", "256,128", "--activation", "relu")
FIT += ("--loss", "bce", "--lr", "0.001", "--scale", "none")


class Failed(Exception):
    """A program that did not end well, in one line."""


def run(command, options):
    """Its JSON, whole seconds, and peak of resident memory in MB. This process stays small: a child begins with its peak."""
    environment = os.environ | {f"{library}_NUM_THREADS": str(options.threads) for library in LIBRARIES}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        child = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        seconds, child.returncode = time.perf_counter() - start, os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        lines, said = out.read().strip().splitlines(), err.read().strip().splitlines()
    if child.returncode:
        why = "killed: out of memory?" if child.returncode == -9 else (said or ["no word"])[-1][:300]
        raise Failed(f"exit {child.returncode}: {why}")
    return (json.loads(lines[-1]) if lines else {}), seconds, usage.ru_maxrss * 1024 / 1e6


class Python:
    """A peer: scripts/bench/peers/peer_NAME.py with the setting that is fastest on this task."""

    def __init__(self, name, options):
        self.name, self.title, self.options, self.setting, self.smallest = name, PYTHON[name], options, None, {}
        self.script = HERE / "peers" / f"peer_{'torch' if name == 'compile' else name}.py"

    def command(self, task, *more):
        words = [sys.executable, self.script, task["file"], "--epochs", task["epochs"], "--batch-size", task["batch"]]
        return [*words, "--threads", self.options.threads, "--device", self.options.device, *more]

    def prepare(self, task):
        self.setting, choices = None, SETTINGS[self.name]
        if self.name == "compile" and self.options.device == "cuda":
            choices += GRAPHS
        if "," in choices:
            found, _, _ = run(self.command(task, "--choose", choices), self.options)
        else:
            found = {"setting": choices}
        self.setting = found["setting"]
        return found | {"small_mb": self.small(task)}

    def small(self, task):
        """Peak memory with next to no rows."""
        key = task["kind"], self.setting, task["batch"]
        if key not in self.smallest:
            little = few(task)
            make(little, self.options)
            self.smallest[key] = run(self.command(little, "--setting", self.setting), self.options)[0]["peak_mb"]
        return self.smallest[key]

    def measure(self, task, turn):
        more = ["--until", task["until"]] if "until" in task else []
        command = self.command(task, "--setting", self.setting, "--seed", turn if more else 0, *more)
        result, seconds, _ = run(command, self.options)
        if more and not result["reached"]:
            raise Failed(f"held-out accuracy {result['accuracy']:.4f} after {result['epochs']} epochs")
        return result | {"program_seconds": seconds}


class Lockstep:
    """`lockstep run moons` and `lockstep fit`, as a user calls them."""

    def __init__(self, engine, options):
        self.name, self.title, self.engine, self.options = f"lockstep-{engine}", f"lockstep {engine}", engine, options
        self.smallest = {}

    def command(self, task, folder, **other):
        task, options = task | other, self.options
        if task["kind"] == "moons":
            words = ["run", "moons", "--samples", task["rows"]]
        else:
            words = ["fit", task["table"], *FIT, "--batch-size", task["batch"] or "full"]
        words += [] if self.engine == "exact" else ["--engine", self.engine]  # exact is the default
        words += ["--epochs", task["epochs"], "--seed", task.get("seed", 0), "--threads", options.threads]
        return [options.lockstep, *words, "--device", options.device, "--json", "--quiet", "--out", folder]

    def prepare(self, task):
        return {"small_mb": self.small(task)}

    def small(self, task):
        """Peak memory with next to no rows."""
        if task["kind"] not in self.smallest:
            little = few(task) | {"table": task["folder"] / "table-tiny.parquet"}
            with tempfile.TemporaryDirectory() as folder:
                self.smallest[task["kind"]] = run(self.command(little, folder), self.options)[2]
        return self.smallest[task["kind"]]

    def epochs_until(self, task, turn):
        """The epochs after which the held-out rows reach the accuracy."""
        with tempfile.TemporaryDirectory() as folder:
            every = ["--checkpoint-every", "1", "--keep", task["epochs"]]
            run([*self.command(task, folder, seed=turn), *every], self.options)
            for epoch in range(1, task["epochs"] + 1):
                checkpoint = pathlib.Path(folder) / f"checkpoint-{epoch}.pt"
                model = checkpoint if checkpoint.exists() else pathlib.Path(folder) / "model.pt"
                command = [self.options.lockstep, "evaluate", model, task["folder"] / "held-out.parquet", "--json", "--quiet"]
                accuracy = run(command, self.options)[0]["metrics"]["accuracy"]
                if accuracy >= task["until"]:
                    return epoch
        raise Failed(f"held-out accuracy {accuracy:.4f} after {epoch} epochs")

    def measure(self, task, turn):
        epochs = self.epochs_until(task, turn) if "until" in task else task["epochs"]
        seed = turn if "until" in task else 0
        with tempfile.TemporaryDirectory() as folder:
            summary, whole, peak = run(self.command(task, folder, epochs=epochs, seed=seed), self.options)
        if "training_seconds" not in summary:
            raise Failed("the summary has no training_seconds, the seconds of the training loop alone")
        held = "valid" if "until" in task else "test"
        accuracy = summary["accuracy"] if task["kind"] == "moons" else summary["metrics"][held]["accuracy"]
        seconds, iterations = summary["training_seconds"], epochs * task["batches"]
        return {
            "seconds": seconds, "iterations": iterations, "seconds_per_iteration": seconds / iterations, "peak_mb": peak,
            "loss": summary["loss"], "accuracy": accuracy, "epochs": epochs, "program_seconds": whole,
            "versions": {name: summary[name] for name in ("lockstep", "libtorch")},
        }  # fmt: skip


def tasks(options, folder):
    """What is measured, in order. Epochs are as many as the size allows in bearable time: 10 to the tutorial's 1000."""
    for rows in options.rows if "net" in options.tasks else ():
        epochs = min(1000, max(10, 4_000_000 // rows // 10 * 10)) if rows <= 1_000_000 else 5
        epochs = max(5, epochs // 10) if options.quick else epochs
        yield {"task": "net", "kind": "moons", "rows": rows, "batch": 0, "batches": 1, "epochs": epochs,
               "file": folder / f"moons-{rows}.npz", "folder": folder}  # fmt: skip
    rows = 40 * BATCH if options.quick else 391 * BATCH
    common = {"kind": "table", "rows": rows, "file": folder / f"table-{rows}.npz", "folder": folder}
    common["held_out"] = rows // 5
    small = common | {"batch": BATCH, "batches": rows // BATCH}
    if "table" in options.tasks:
        tested = {"task": "table", "table": folder / "table-test.parquet"}
        yield small | tested | {"epochs": 5}
        yield common | tested | {"batch": 0, "batches": 1, "epochs": 20}
    if "time" in options.tasks:
        watched = {"task": "time", "table": folder / "table-valid.parquet"}
        yield small | watched | {"epochs": MOST_EPOCHS, "until": options.time_to}


def few(task):
    """The same with next to no rows: 2 moons, or one batch of the table."""
    rows = 2 if task["kind"] == "moons" else BATCH
    folder = task["folder"] / "few"
    return task | {"rows": rows, "epochs": 1, "held_out": rows, "folder": folder, "file": folder / f"{task['kind']}-{rows}.npz"}


def make(task, options):
    task["folder"].mkdir(exist_ok=True)
    if not task["file"].exists():
        words = [sys.executable, HERE / "peers/workload.py", task["kind"], "--rows", task["rows"]]
        run([*words, "--held-out", task.get("held_out", 0), "--folder", task["folder"]], options)


def say(text):
    print(text, file=sys.stderr, flush=True)


def compete(task, peers, options):
    """Every measurement of every peer, the peers taking turns; one that fails is out, and says why."""
    make(task, options)
    if task["rows"] > options.peer_rows:
        peers = [peer for peer in peers if isinstance(peer, Lockstep)]
    found, runs = {}, min(options.runs, 3) if task["rows"] > 1_000_000 else options.runs
    for peer in peers:
        say(f"{task['task']}, {task['rows']:,} rows, batch {task['batch'] or 'full'}: {peer.title} gets ready")
        found[peer] = {"peer": peer.title, "runs": []}
        attempt(found[peer], lambda: found[peer].update(peer.prepare(task)))
    for turn in range(runs):
        for peer in peers:
            if "error" not in found[peer]:
                attempt(found[peer], lambda: found[peer]["runs"].append(peer.measure(task, turn)))
    for result in found.values():
        result |= medians(result["runs"])
    result = {key: value for key, value in task.items() if not isinstance(value, pathlib.Path)}
    return result | {"peers": list(found.values())}


def attempt(result, work):
    try:
        work()
    except Failed as failure:
        result["error"] = str(failure)
        say(f"{result['peer']}: {failure}")


def medians(runs):
    if not runs:
        return {}
    numbers = [key for key, value in runs[0].items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return {key: statistics.median(run[key] for run in runs) for key in numbers}


def duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            return f"{seconds / size:,.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:,.0f} {unit}"


def line(result, task, base, key):
    cells = [f"{task['rows']:,}"] + ([str(task["batch"] or "full")] if task["task"] == "table" else []) + [result["peer"]]
    if key not in result:
        return [*cells, f"failed: {result['error']}"]
    cells += [duration(result[key]), f"{result[key] / base:.2f}"]
    if task["task"] == "time":
        return [*cells, f"{result['epochs']:.0f}", f"{result['accuracy']:.4f}"]
    data = max(0, result["peak_mb"] - result["small_mb"])
    return [*cells, f"{result['peak_mb']:,.0f}", f"{data:,.0f}", f"{result['loss']:.5f}", f"{result['accuracy']:.4f}"]


HEADS = {
    "net": ["rows", "", "an iteration", "ratio", "peak MB", "for the data", "loss", "accuracy"],
    "table": ["rows", "batch", "", "an iteration", "ratio", "peak MB", "for the data", "loss", "held-out accuracy"],
    "time": ["rows", "", "time to accuracy", "ratio", "epochs", "held-out accuracy"],
}


def tables(results):
    """The Markdown of all results: a table for each kind of task."""
    for kind, head in HEADS.items():
        lines = []
        for task in (result for result in results if result["task"] == kind):
            key = "seconds" if kind == "time" else "seconds_per_iteration"
            base = next((peer[key] for peer in task["peers"] if key in peer), None)
            lines += (line(peer, task, base, key) for peer in task["peers"])
        if lines:
            lines = [cells + [""] * (len(head) - len(cells)) for cells in lines]
            yield "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *lines])


def machine(options):
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((row.split(":", 1)[1].strip() for row in text.splitlines() if row.startswith("model name")), "?")
    memory = next(row for row in pathlib.Path("/proc/meminfo").read_text().splitlines() if row.startswith("MemTotal"))
    return {
        "processor": model, "processors": os.cpu_count(), "threads": options.threads, "device": options.device,
        "memory_gb": round(int(memory.split()[1]) * 1024 / 1e9, 1), "kernel": platform.release(),
        "python": platform.python_version(), "load_at_start": os.getloadavg()[0],
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }  # fmt: skip


def footer(about, results, options):
    versions = {}
    for peer in (peer for task in results for peer in task["peers"]):
        versions |= peer["runs"][0]["versions"] if peer["runs"] else {}
    about["versions"] = versions
    text = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return f"medians of {options.runs} alternating runs, {options.threads} threads, {about['processor']}; {text}"


def rows(text):
    found = [int(float(word)) for word in text.split(",")]
    if min(found) < 2:
        raise argparse.ArgumentTypeError("two moons at least")
    return found


def words(known):
    def parse(text):
        found = [word for word in text.split(",") if word]
        if strange := [word for word in found if word not in known]:
            raise argparse.ArgumentTypeError(f"{strange[0]}: expected of {', '.join(known)}")
        return found

    return parse


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target"))
    parser.add_argument("--tasks", type=words(HEADS), default=list(HEADS), help="of net, table, time")
    parser.add_argument("--rows", type=rows, default=[200, 10_000, 1_000_000], help="rows of the moons")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--engines", type=words(("fused", "exact")), default=["fused", "exact"])
    parser.add_argument("--peers", type=words(PYTHON), default=list(PYTHON))
    parser.add_argument("--peer-rows", type=float, default=math.inf, help="more rows than this are lockstep's alone")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--time-to", type=float, metavar="ACCURACY", default=0.93)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--plot", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path, help="where the data is written, and removed again")
    parser.add_argument("--quick", action="store_true", help="one run, a tenth of the work: only that everything works")
    parser.add_argument("--lockstep", default=str(target / "release/lockstep"))
    options = parser.parse_args()
    if options.quick:
        options.runs, options.time_to, options.rows = 1, 0.8, [rows for rows in options.rows if rows < 100_000]
    if options.runs < 1 or options.threads < 1:
        parser.error("--runs and --threads: one at least")
    options.lockstep = os.path.abspath(options.lockstep)
    return options


def allow_device(options):
    """Without a GPU the end, in a line; with one, what has no part for it is left out."""
    if options.device == "cpu":
        return
    probe = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    if subprocess.run([sys.executable, "-c", probe], stderr=subprocess.DEVNULL).returncode:
        sys.exit("error: --device cuda: PyTorch sees no CUDA device")
    options.engines = [engine for engine in options.engines if engine != "fused"]
    options.peers = [peer for peer in options.peers if peer != "sklearn"]


def main():
    options = parsed()
    allow_device(options)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])  # JAX has no other way; all get the same
    peers = [*(Lockstep(engine, options) for engine in options.engines), *(Python(name, options) for name in options.peers)]
    about, results = machine(options), []
    with tempfile.TemporaryDirectory(prefix="lockstep-engines-", dir=options.folder) as folder:
        for task in tasks(options, pathlib.Path(folder)):
            results.append(compete(task, peers, options))
            note = footer(about, results, options)
            if options.json:  # after each task, so that an interrupted run has what it measured
                options.json.parent.mkdir(parents=True, exist_ok=True)
                options.json.write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
            if task["task"] == "net":  # the largest is 200 MB
                task["file"].unlink()
    print("\n\n".join([*tables(results), note]))
    if options.plot:
        plot(results, options)
    sys.exit(1 if any("error" in peer for task in results for peer in task["peers"]) else 0)


def plot(results, options):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"results": results}, file)
        file.flush()
        subprocess.run([sys.executable, HERE / "engines_plot.py", file.name, options.plot], check=True)


if __name__ == "__main__":
    main()
