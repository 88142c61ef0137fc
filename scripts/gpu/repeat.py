"""Parts that ask for the same bytes again: two runs, `rerun`, a training that was cut in two; and what no memory is left for."""

import devices

TRAINED = ("history.csv", "model.safetensors")
FIT = (*devices.CLASSES, "--batch-size", "64", "--hidden", "256,256")
# name, the run, and whether the bytes are promised on every device: on CUDA dropout draws from a generator that is not saved.
RUNS = {
    "run moons": (("run", "moons"), True),
    "fit": ((*FIT, "--norm", "batch", "--optimizer", "sgd", "--momentum", "0.9"), True),
    "fit with a schedule": ((*FIT, "--schedule", "cosine:t_max=40", "--order", "dataloader", "--ema", "0.9"), True),
    "fit with dropout": ((*FIT, "--dropout", "0.2"), False),
}
# What a card of any size lacks room for: 800 GB of hidden units, and 240 GB of them in a table's full batch.
TOO_LARGE = {
    "run moons": ("run", "moons", "--samples", "2000000", "--hidden", "100000", "--epochs", "1"),
    "fit": ("fit", "wide.csv", "--target", "y", "--batch-size", "full", "--hidden", "1000000", "--split", "1,0,0", "--epochs", "1",
            "--importance", "none"),
}  # fmt: skip
WIDE_ROWS = 60_000


def same(job, what, a, b, promised=True):
    """Whether two folders have the same trained bytes; a fault where that is promised."""
    other = [name for name in TRAINED if job.bytes(f"{a}/{name}") != job.bytes(f"{b}/{name}")]
    job.say(f"{what}: {'the same bytes' if not other else 'other bytes: ' + ', '.join(other)}")
    job.fact(what, not other)
    job.hold(not other or not promised, f"{what}: {', '.join(other)} differ")


def twice(job):
    """Two runs of the same training leave the same bytes, dropout or not; `rerun` says so too."""
    devices.write_table(job.folder / "table.csv")
    for number, (name, (words, _)) in enumerate(RUNS.items()):
        for turn in "ab":
            job.summary(*words, "--device", job.device, "--out", f"{number}{turn}")
        same(job, f"{name}, twice", f"{number}a", f"{number}b")
        done = job.lockstep("rerun", f"{number}a", codes=(0, 1))
        said = done.stdout.strip().splitlines()
        job.say(f"rerun of {name}: {said[-1] if said else done.stderr.strip()}")
        job.hold(done.returncode == 0, f"rerun of {name}: not the same: {' '.join(said)[:300]}")


def resumed(job):
    """20 epochs in one go, and 10 and then 10 more; and 10 on the processor gone on with here."""
    devices.write_table(job.folder / "table.csv")
    for number, (name, (words, promised)) in enumerate(RUNS.items()):
        base = [word for word in words if word not in ("--epochs", "30")]
        base = [*base, "--device", job.device, "--epochs"]
        job.summary(*base, 20, "--out", f"{number}-whole")
        job.summary(*base, 10, "--out", f"{number}-half")
        job.summary(*words[: 2 if words[0] == "run" else 4], "--resume", f"{number}-half", "--epochs", 20, "--device", job.device)
        same(job, f"{name}, resumed", f"{number}-whole", f"{number}-half", promised or job.on_cpu)
    job.summary("run", "moons", "--epochs", 10, "--device", "cpu", "--out", "begun")
    job.summary("run", "moons", "--resume", "begun", "--epochs", 20, "--device", job.device)
    far = devices.floats.relative(*(devices.floats.losses(job.folder / f"{run}/history.csv") for run in ("0-whole", "begun")))
    job.say(f"run moons, begun on cpu, gone on with on {job.device}: losses {far:.1e} from those of one device")
    job.hold(far <= devices.HISTORY, f"begun on cpu: a loss is {far:.1e} off")


def no_memory(job):
    """More than any card has ends with exit code 2 and one line, and the card is as good as before."""
    with open(job.folder / "wide.csv", "w") as file:
        file.write("x,y\n" + "".join(f"{row % 97},{'ab'[row % 2]}\n" for row in range(WIDE_ROWS)))
    for name, words in TOO_LARGE.items():
        done = job.lockstep(*words, "--device", job.device, "--out", "none", codes=None)
        lines = done.stderr.strip().splitlines()
        errors = [line for line in lines if line.startswith("error: ")]
        job.say(f"{name}: exit {done.returncode}: {errors[-1] if errors else lines[-1:]}")
        job.hold(done.returncode == 2, f"{name}: exit {done.returncode}, not 2")
        # Notes of what the run does stand before it; the error is the end, and one line.
        ends = lines[-1:] == errors and "not enough memory" in errors[0] if errors else False
        job.hold(ends and "frame #" not in done.stderr, f"{name}: not one line that says so: {done.stderr.strip()[:300]}")
    job.summary("run", "moons", "--epochs", 10, "--device", job.device, "--out", "after")
