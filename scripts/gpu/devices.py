"""Parts that hold a GPU against the processor: losses, scores, answers, and what Python makes of a model file."""

import pathlib
import random

import floats

HERE = pathlib.Path(__file__).resolve().parent
# Bounds on what two devices may differ by: each loss relative, probabilities and a number to be predicted (which is of size 1)
# absolute, and the share of rows whose class or whose part in a score may be another.
HISTORY, ANSWERS, SHARE = 1e-3, 1e-3, 0.01
ROWS, COLUMNS = 2000, 8
CLASSES = ("fit", "table.csv", "--target", "kind", "--drop", "number", "--importance", "none", "--epochs", "30")
NUMBERS = ("fit", "table.csv", "--target", "number", "--drop", "kind", "--importance", "none", "--epochs", "30")
SETTINGS = {
    "full batch, Adam": (*CLASSES, "--batch-size", "full", "--lr", "0.01"),
    "batches of 64, Adam": (*CLASSES, "--batch-size", "64"),
    "batches of 64, norm batch, AdamW": (*CLASSES, "--batch-size", "64", "--norm", "batch", "--optimizer", "adamw"),
    "norm layer, gelu, AdamW": (*CLASSES, "--batch-size", "64", "--norm", "layer", "--activation", "gelu", "--optimizer", "adamw"),
    "SGD with momentum, clipped": (*CLASSES, "--batch-size", "64", "--optimizer", "sgd", "--momentum", "0.9", "--lr", "0.02",
                                   "--clip-grad", "1"),
    "a loader's order, schedule": (*CLASSES, "--order", "dataloader", "--batch-size", "128", "--schedule", "cosine"),
    "bce, early stopping": (*CLASSES, "--loss", "bce", "--batch-size", "64", "--early-stop", "10"),
    "a number, mse": (*NUMBERS, "--batch-size", "64"),
    "a number, huber, averaged": (*NUMBERS, "--batch-size", "64", "--loss", "huber", "--ema", "0.99"),
}  # fmt: skip


def write_table(path):
    """Numbers of size 1, a class by a rule that is not linear, and a number with noise."""
    draw = random.Random(0)
    lines = [",".join([f"f{index}" for index in range(COLUMNS)] + ["kind", "number"])]
    for _ in range(ROWS):
        x = [draw.gauss(0, 1) for _ in range(COLUMNS)]
        rule = x[0] * x[1] + x[2] - 0.5 * x[3] ** 2 + 0.3 * draw.gauss(0, 1)
        lines.append(",".join([f"{value:.6f}" for value in x] + ["ab"[rule > 0], f"{rule:.6f}"]))
    path.write_text("\n".join(lines) + "\n")


def tutorial(job):
    """What tests/it/cuda.rs tests: the losses of `run moons`, what auto picks, and a model of one device on the other."""
    found = {}
    for device in ("cpu", job.device, "auto"):
        summary = job.summary("run", "moons", "--epochs", 200, "--device", device, "--out", device)
        wanted = "cpu" if device == "cpu" or job.on_cpu else "cuda:0"
        job.hold(summary["device"] == wanted, f"--device {device}: the summary says {summary['device']}, not {wanted}")
        found[device] = floats.losses(job.folder / device / "history.csv")
    far = floats.relative(found["cpu"], found[job.device])
    job.say(f"losses of 200 epochs: {far:.1e} relative at most between cpu and {job.device}")
    job.fact("relative", far)
    job.hold(len(found["cpu"]) == 200 and far <= HISTORY, f"a loss is {far:.1e} from the processor's, more than {HISTORY}")
    job.hold(found[job.device] == found["auto"], f"auto has other losses than {job.device}")
    for made in {"cpu", job.device}:
        for device in {"cpu", job.device}:
            verified = job.summary("verify", f"{made}/model.pt", "--device", device)
            job.hold(verified["holds"] is True, f"verify: the model of {made} does not hold on {device}")
            job.lockstep("predict", f"{made}/model.pt", f"{made}/moons.csv", "--device", device, "-o", f"{made}-{device}.csv")
        same_answers(job, f"the tutorial's model of {made}", f"{made}-cpu.csv", f"{made}-{job.device}.csv")


def fit(job):
    """`fit` under several settings, on both devices: every loss, and every score of the three parts."""
    write_table(job.folder / "table.csv")
    for number, (name, words) in enumerate(SETTINGS.items()):
        runs = [job.summary(*words, "--device", device, "--out", f"{number}-{device}") for device in ("cpu", job.device)]
        histories = [job.folder / f"{number}-{device}/history.csv" for device in ("cpu", job.device)]
        far = max(floats.relative(*(floats.losses(path, key) for path in histories)) for key in ("loss", "valid_loss"))
        scores = [{f"{part} {key}": value for part, all_ in run["metrics"].items() if all_ for key, value in all_.items()
                   if key in ("accuracy", "r2")} for run in runs]  # fmt: skip
        off = max((abs(value - scores[1][key]) for key, value in scores[0].items()), default=float("inf"))
        job.say(f"{name}: losses {far:.1e} apart, {next(iter(scores[0]))} {next(iter(scores[0].values())):.4f}, {off:.4f} apart")
        job.fact(name, {"loss_relative": far, "scores": scores})
        job.hold(far <= HISTORY, f"{name}: a loss is {far:.1e} from the processor's, more than {HISTORY}")
        job.hold(off <= SHARE, f"{name}: a score is {off:.4f} from the processor's, more than {SHARE}")


def across(job):
    """`evaluate` and `predict` of a model that was made on the other device."""
    write_table(job.folder / "table.csv")
    for name, words in (("classes", CLASSES), ("numbers", NUMBERS)):
        for made in dict.fromkeys((job.device, "cpu")):
            settings = ("--batch-size", "64", "--norm", "batch", "--dropout", "0.1")
            job.summary(*words, *settings, "--device", made, "--out", f"{name}-{made}")
            scores = {}
            for device in dict.fromkeys(("cpu", job.device)):
                model, answers = f"{name}-{made}/model.pt", f"{name}-{made}-{device}.csv"
                scores[device] = job.summary("evaluate", model, "table.csv", "--device", device)["metrics"]
                job.lockstep("predict", model, "table.csv", "--device", device, "-o", answers)
            key = "accuracy" if name == "classes" else "r2"
            off = abs(scores["cpu"][key] - scores[job.device][key])
            job.say(f"{name}, made on {made}: {key} {scores['cpu'][key]:.4f} on cpu, {scores[job.device][key]:.4f} on {job.device}")
            job.hold(off <= SHARE, f"{name}, made on {made}: {key} differs by {off}")
            same_answers(job, f"{name}, made on {made}", f"{name}-{made}-cpu.csv", f"{name}-{made}-{job.device}.csv")


def same_answers(job, what, a, b):
    """Two files of predictions: numbers within a bound, and nearly every row with the same class."""
    pairs = list(zip(floats.rows(job.folder / a), floats.rows(job.folder / b)))
    numbers = [key for key in pairs[0][0] if key.startswith("probability_")] or ["prediction"]
    far = max(abs(float(x[key]) - float(y[key])) for x, y in pairs for key in numbers)
    other = sum(x["prediction"] != y["prediction"] for x, y in pairs) if numbers != ["prediction"] else 0
    job.say(f"{what}: answers {far:.1e} apart at most, {other} of {len(pairs)} rows with another class")
    job.hold(far <= ANSWERS, f"{what}: answers are {far:.1e} apart, more than {ANSWERS}")
    job.hold(other <= SHARE * len(pairs), f"{what}: {other} of {len(pairs)} rows have another class")


def opens(job):
    """torch.jit.load of a model file, on both devices, gives lockstep's answers, and a step of training works on it."""
    job.summary("run", "moons", "--epochs", 100, "--device", job.device, "--out", "made")
    job.lockstep("predict", "made/model.pt", "made/moons.csv", "--device", job.device, "-o", "answers.csv")
    for device in dict.fromkeys((job.device, "cpu")):
        done = job.python("-W", "ignore", HERE / "opens.py", "made/model.pt", "made/moons.csv", "answers.csv", "--device", device)
        job.say(f"on {device}: {done.stdout.strip()}")
