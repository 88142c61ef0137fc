#!/usr/bin/env python3
"""Kills lockstep, fills its disk and damages its files, and looks at what is left.

    scripts/faults.py [--quick] [--lockstep PATH] [--seed N] [--only WORD] [--kills N] [--flips N]

Each trial ends as one of four:

- detected: an error of one line with exit code 2 (1 where `verify` says so), the finished run's files as they were,
  or the checkpoints good to go on from;
- survived: the work was done, or the folder holds the earlier or the later run complete; of a run with checkpoints:
  `--resume` ends with the bytes of one that nothing happened to;
- wrong: another answer with exit code 0, files of two runs mixed, or an end that is no error of one line;
- lost: a finished run's file is gone or cannot be read.

Prints a table in Markdown; exit code 1 unless wrong and lost are 0. Plain Python, Linux.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import faults_resume
from faults_harness import ENVIRONMENT, KINDS, Campaign, Tally, contents, file_limit, one_line, strays, tmpfs

ROOT = Path(__file__).resolve().parent.parent


def judge(found, old, new):
    """Whose files a folder holds; none of the two: what is amiss."""
    if found in (old, new):
        return "survived", ""
    missing = sorted(set(old) - set(found))
    if missing:
        return "lost", f"missing {missing}"
    return "wrong", f"mixed: {[name for name in found if found[name] != old.get(name)]} are not the earlier run's"


def after_kill(campaign, tally, folder, old, new):
    """A reader comes first, then the files are looked at."""
    tally.strays += len(strays(folder))
    verified = campaign.call("verify", folder / "model.pt", check=False)
    if verified.returncode:
        return tally.add("lost", f"verify: {verified.stderr.strip()}")
    tally.add(*judge(contents(folder), old, new))


def kill(campaign, programs, wait, name, trials):
    """Two runs, of two programs or of one with two seeds, take turns in one folder; `wait(process, folder)` returns when it is
    time to kill."""
    tally, states = Tally(name), {}
    for seed in (0, 1):
        states[seed] = campaign.finished(programs[seed], seed)[1]
    folder = campaign.home / f"killed-{name.replace(' ', '-')}"
    shutil.copytree(campaign.finished(programs[0], 0)[0], folder)
    for trial in range(trials):
        there = 0 if contents(folder) == states[0] else 1
        command = [campaign.lockstep, *campaign.programs[programs[1 - there]], "--seed", 1 - there, "--out", folder, "--quiet"]
        process = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        wait(process, folder)
        process.send_signal(signal.SIGKILL)
        process.wait()
        after_kill(campaign, tally, folder, states[there], states[1 - there])
        if tally.counts["wrong"] + tally.counts["lost"]:
            shutil.rmtree(folder)
            shutil.copytree(campaign.finished(programs[0], 0)[0], folder)
    campaign.call(*campaign.programs[programs[0]], "--seed", 0, "--out", folder, "--quiet")
    left = strays(folder)
    if left:
        tally.add("wrong", f"the next run left {left}")
    return tally


def kill_at_random(campaign, program):
    start = time.monotonic()
    campaign.call(*campaign.programs[program], "--out", campaign.home / "timed", "--quiet")
    length = time.monotonic() - start
    wait = lambda process, folder: time.sleep(campaign.random.uniform(0, 1.05 * length))
    return kill(campaign, [program] * 2, wait, f"SIGKILL at a random moment of `{program}`", campaign.kills)


def kill_in_commit(campaign, program):
    """As soon as the first file has its name: most of the others do not have theirs yet."""
    name = f"SIGKILL between two renames of `{program}`"
    return kill(campaign, [program] * 2, first_rename, name, max(campaign.kills // 4, 3))


def kill_over_another(campaign, program):
    """The same, in the folder of another program, whose files go in the same step."""
    name = f"SIGKILL between two renames of `{program}` and of `fit` over it"
    return kill(campaign, [program, "fit"], first_rename, name, max(campaign.kills // 4, 3))


def first_rename(process, folder):
    def inodes():
        return [path.stat().st_ino if path.exists() else None for path in files]

    files = [path for path in folder.iterdir() if not path.name.startswith(".lockstep")]
    before = inodes()
    while process.poll() is None and inodes() == before:
        pass


def full(campaign, tally, program, folder, **options):
    """One run of seed 1 over one of seed 0 where the disk ends early."""
    (_, old), (_, new) = campaign.finished(program, 0), campaign.finished(program, 1)
    done = campaign.call(*campaign.programs[program], "--seed", 1, "--out", folder, "--quiet", check=False, **options)
    kind, note = judge(contents(folder), old, new)
    if kind != "survived":
        return tally.add(kind, note)
    if strays(folder):
        return tally.add("wrong", f"left {strays(folder)}")
    if done.returncode == 0:
        return tally.add("survived" if contents(folder) == new else "wrong", "exit code 0 without the new files")
    refused = done.returncode == 2 and one_line(done) and contents(folder) == old
    tally.add("detected" if refused else "wrong", f"exit code {done.returncode}: {done.stderr.strip()}")


def file_too_large(campaign, program):
    """RLIMIT_FSIZE: every file may have so many bytes."""
    tally, source = Tally(f"file size limit, `{program}`"), campaign.finished(program, 0)[0]
    largest = max(path.stat().st_size for path in source.iterdir())
    steps = 3 if campaign.quick else 40
    for step in range(steps + 1):
        limit = largest * 11 // 10 * step // steps
        folder = campaign.home / "limited"
        shutil.copytree(source, folder)
        full(campaign, tally, program, folder, **file_limit(limit))
        shutil.rmtree(folder)
    return tally


def disk_full(campaign, program):
    """A tmpfs with ever more room beside the earlier run's files."""
    tally, source = Tally(f"disk full, `{program}`"), campaign.finished(program, 0)[0]
    pages = sum(-(-path.stat().st_size // 4096) for path in source.iterdir())
    needed = pages + 4
    for extra in range(0, needed + 1, -(-needed // (3 if campaign.quick else 40))):
        with tmpfs(campaign.home / "small", (pages + 1 + extra) * 4) as mount:
            if not mount:
                return None
            shutil.copytree(source, mount / "run")
            full(campaign, tally, program, mount / "run")
    return tally


def damaged(campaign, name, program, variants):
    """`verify` and `predict` on damaged copies of a model: refused, or the same answer."""
    tally, source = Tally(name), campaign.finished(program, 0)[0] / "model.pt"
    data = source.parent / "moons.csv" if program == "run moons" else campaign.table
    truth = campaign.call("predict", source, data).stdout

    def trial(item):
        number, (what, content) = item
        path = campaign.home / f"damaged-{number}.pt"
        path.write_bytes(content)
        results = []
        for command in (["verify", path], ["predict", path, data]):
            done = campaign.call(*command, check=False)
            same = done.returncode == 0 and (command[0] == "verify" or done.stdout == truth)
            kind = "survived" if same else "detected" if one_line(done) else "wrong"
            results.append((kind, f"{what}: {command[0]}: exit code {done.returncode} {done.stderr.strip()[:200]}"))
        path.unlink()
        return results

    for results in campaign.pool(trial, list(enumerate(variants(source.read_bytes())))):
        for result in results:
            tally.add(*result)
    return tally


def flips(campaign, program):
    def variants(content):
        for at in campaign.random.sample(range(len(content)), min(campaign.flips, len(content))):
            changed = bytearray(content)
            changed[at] ^= 1 << campaign.random.randrange(8)
            yield f"bit of byte {at}", bytes(changed)

    return damaged(campaign, f"one bit of `model.pt` flipped, `{program}`", program, variants)


def truncations(campaign, program):
    def variants(content):
        step = 1024 * (8 if campaign.quick else 1)
        return [(f"cut at {at}", content[:at]) for at in range(0, len(content), step)]

    return damaged(campaign, f"`model.pt` cut off, `{program}`", program, variants)


# Every scenario: its function and the programs it is about.
SCENARIOS = [
    (kill_at_random, ["run moons", "fit"]),
    (kill_in_commit, ["run moons", "fit"]),
    (kill_over_another, ["run moons"]),
    (file_too_large, ["run moons", "fit"]),
    (disk_full, ["run moons", "fit"]),
    (flips, ["run moons", "fit"]),
    (truncations, ["run moons", "fit"]),
    (faults_resume.resume_after_kill, ["run moons", "fit"]),
    (faults_resume.resume_after_file_too_large, ["run moons", "fit"]),
    (faults_resume.resume_after_disk_full, ["run moons", "fit"]),
]


def report(tallies):
    print(f"| fault | {' | '.join(KINDS)} | temporary files left, then removed |")
    print("|---|" + "---|" * (len(KINDS) + 1))
    for tally in tallies:
        print(f"| {tally.name} | {' | '.join(str(tally.counts[kind]) for kind in KINDS)} | {tally.strays} |")
    for tally in tallies:
        for note in tally.notes:
            print(note, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="Kills lockstep, fills its disk and damages its files.")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--lockstep", default=str(target / "release/lockstep"))
    parser.add_argument("--quick", action="store_true", help="two minutes or less")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, help="moments at which each program is killed (100)")
    parser.add_argument("--flips", type=int, help="positions at which each model is damaged (500)")
    parser.add_argument("--only", default="", help="scenarios whose function's name has this in it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lockstep-faults-") as home:
        campaign, tallies = Campaign(options, Path(home)), []
        for scenario, programs in SCENARIOS:
            for program in programs if options.only in scenario.__name__ else []:
                start = time.monotonic()
                tally = scenario(campaign, program)
                print(f"{scenario.__name__} {program}: {time.monotonic() - start:.0f} s", file=sys.stderr)
                tallies += [tally] if tally else []
    report(tallies)
    sys.exit(any(tally.counts[kind] for tally in tallies for kind in ("wrong", "lost")))


if __name__ == "__main__":
    main()
