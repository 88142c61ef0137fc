"""faults.py's scenarios of `--checkpoint-every` and `--resume`: what a fault left is gone on with, and the end is held
against a run that nothing happened to, byte by byte."""

import functools
import json
import shutil
import signal
import subprocess
import sys
import time
import zipfile

from faults_harness import ENVIRONMENT, Tally, file_limit, strays, tmpfs

# Long enough that most kills come between the first checkpoint and the last.
EPOCHS = {"run moons": (2000, 50), "fit": (300, 10)}
SEEDS = 3


def run(campaign, program, *settings):
    """The program with checkpoints."""
    begin = ["run", "moons"] if program == "run moons" else ["fit", campaign.table]
    every = EPOCHS[program][1]
    return [*begin, *settings, "--checkpoint-every", every, "--threads", "1", "--device", "cpu", "--quiet"]


def anew(campaign, program, seed, folder):
    target = [] if program == "run moons" else ["--target", "y"]
    return run(campaign, program, *target, "--epochs", EPOCHS[program][0], "--seed", seed, "--out", folder)


def go_on(campaign, program, folder):
    """Settings and seed are in the folder's files."""
    return run(campaign, program, "--resume", folder)


def trained(folder):
    """Every byte that a finished training comes to: history, weights, and by their names moments and generator."""
    found = {name: (folder / name).read_bytes() for name in ("history.csv", "model.safetensors")}
    with zipfile.ZipFile(folder / "model.pt") as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("extra/training.safetensors")]
        content = archive.read(name)
    start = 8 + int.from_bytes(content[:8], "little")
    for tensor, about in json.loads(content[8:start]).items():
        if tensor != "__metadata__":
            begin, end = about["data_offsets"]
            found[tensor] = (about["dtype"], about["shape"], content[start + begin : start + end])
    return found


@functools.cache
def unbroken(campaign, program):
    """What each seed comes to, and the seconds of one run."""
    truths = {}
    for seed in range(SEEDS):
        folder, start = campaign.home / "unbroken", time.monotonic()
        campaign.call(*anew(campaign, program, seed, folder))
        length, truths[seed] = time.monotonic() - start, trained(folder)
        shutil.rmtree(folder)
    return truths, length


def start(campaign, arguments):
    return subprocess.Popen([campaign.lockstep, *map(str, arguments)], stderr=subprocess.DEVNULL, env=ENVIRONMENT)


def end(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def checkpoints(folder):
    return sorted(path.name for path in folder.glob("checkpoint-*.pt")) if folder.exists() else []


def next_command(campaign, program, seed, folder):
    """From the folder where it holds anything to go on from, else from the first epoch."""
    resumable = checkpoints(folder) or (folder / "model.pt").exists() or (folder / ".lockstep.commit").exists()
    return (go_on(campaign, program, folder) if resumable else anew(campaign, program, seed, folder)), bool(resumable)


def finish(campaign, program, seed, folder, truth):
    """Goes on to the end and says what came of it: a kind and a note."""
    arguments, resumed = next_command(campaign, program, seed, folder)
    done = campaign.call(*arguments, check=False)
    # Killed after its last file had its name.
    finished = resumed and done.returncode == 2 and "finished" in done.stderr
    if done.returncode and not finished:
        return "lost", f"{'--resume' if resumed else 'anew'}: exit code {done.returncode}: {done.stderr.strip()}"
    try:
        found = trained(folder)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        return "lost", f"{folder.name}: {error}"
    differ = [name for name in truth if found.get(name) != truth[name]]
    if differ or found.keys() != truth.keys():
        return "wrong", f"{differ or sorted(found.keys() ^ truth.keys())} differ from the unbroken run's"
    if campaign.call("verify", folder / "model.pt", check=False).returncode:
        return "wrong", "verify"
    return "survived", ""


def resume_after_kill(campaign, program):
    """Killed once or twice at random moments, and gone on with from what the folder then holds."""
    tally = Tally(f"SIGKILL of `{program} --checkpoint-every`, then `--resume`")
    (truths, length), from_checkpoint = unbroken(campaign, program), 0
    folder = campaign.home / "resumed"
    for trial in range(campaign.kills):
        seed, kills = trial % SEEDS, campaign.random.choice((1, 2))
        for _ in range(kills):
            process = start(campaign, next_command(campaign, program, seed, folder)[0])
            time.sleep(campaign.random.uniform(0, length))
            end(process)
            tally.strays += len(strays(folder)) if folder.exists() else 0
        from_checkpoint += bool(checkpoints(folder)) and not (folder / "history.csv").exists()
        tally.add(*finish(campaign, program, seed, folder, truths[seed]))
        if strays(folder):
            tally.add("wrong", f"the run to the end left {strays(folder)}")
        shutil.rmtree(folder)
    print(f"{tally.name}: {from_checkpoint} of {campaign.kills} went on from a checkpoint", file=sys.stderr)
    return tally


def killed_midway(campaign, program, folder):
    """A folder with good checkpoints and no end; their sizes."""
    process = start(campaign, anew(campaign, program, 0, folder))
    while len(checkpoints(folder)) < 2 and process.poll() is None:
        time.sleep(0.001)
    end(process)
    if (folder / "history.csv").exists() or len(checkpoints(folder)) < 2:
        sys.exit(f"{program}: over before it could be killed; raise EPOCHS")
    return max((folder / name).stat().st_size for name in checkpoints(folder))


def short_of_room(campaign, tally, program, folder, truth, make_room=lambda: None, **options):
    """Goes on where checkpoints may not fit, then with room: the folder must still lead to the same end."""
    done = campaign.call(*go_on(campaign, program, folder), check=False, **options)
    tally.strays += len(strays(folder))
    last = (done.stderr.strip().splitlines() or [""])[-1]
    if done.returncode not in (0, 2) or (done.returncode == 2 and not last.startswith("error: ")):
        return tally.add("wrong", f"exit code {done.returncode}: {last}")
    if not checkpoints(folder) and not (folder / "model.pt").exists():
        return tally.add("lost", "no checkpoint is left")
    make_room()
    kind, note = finish(campaign, program, 0, folder, truth)
    tally.add("detected" if kind == "survived" and done.returncode else kind, note)


def resume_after_file_too_large(campaign, program):
    """RLIMIT_FSIZE: from no checkpoint at all over some of the smaller ones to all."""
    tally = Tally(f"file size limit while `{program}` writes checkpoints, then `--resume`")
    truth, folder = unbroken(campaign, program)[0][0], campaign.home / "limited"
    steps = 3 if campaign.quick else 40
    for step in range(steps + 1):
        limit = killed_midway(campaign, program, folder) * 3 // 2 * step // steps
        short_of_room(campaign, tally, program, folder, truth, **file_limit(limit))
        shutil.rmtree(folder)
    return tally


def resume_after_disk_full(campaign, program):
    """A tmpfs with ever more room beside the checkpoints that are there."""
    tally = Tally(f"disk full while `{program}` writes checkpoints, then `--resume`")
    truth, source = unbroken(campaign, program)[0][0], campaign.home / "midway"
    killed_midway(campaign, program, source)
    pages = sum(-(-path.stat().st_size // 4096) for path in source.iterdir()) + 1
    for extra in range(0, 2 * pages, -(-2 * pages // (3 if campaign.quick else 40))):
        with tmpfs(campaign.home / "small", (pages + extra) * 4) as mount:
            if not mount:
                return None
            shutil.copytree(source, mount / "run")
            make_room = lambda: subprocess.run(["mount", "-o", "remount,size=64m", mount], check=True)
            short_of_room(campaign, tally, program, mount / "run", truth, make_room)
    shutil.rmtree(source)
    return tally
