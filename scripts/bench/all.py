#!/usr/bin/env python3
"""Runs every benchmark and writes the tables into data/benchmarks.md: the one command behind the figures there.

    scripts/bench/all.py [--only engines,programs,preprocess,memory,busy] [--quick] [--runs 5] [--peer-rows 1e7] [--readme FILE]
        [--results FOLDER] [--lockstep target/release/lockstep] [--python .venv-bench/bin/python]

Makes .venv-bench if it is missing: scripts/setup --python provides PyTorch, NumPy, scikit-learn and matplotlib in .venv, which
it uses too, and PyPI the rest (scripts/bench/requirements.txt; some 0.3 GB). Needs g++, a release build, and 5 GB of disk.
Nothing else should run meanwhile; on two cores all of it takes about two hours, nearly half of it with 10 million rows.

engines: engines.py, with 200 to 10 million rows of moons; also results/engines.json and results/engines.png.
programs: moons.py and programs.py, in one table. preprocess: preprocess.py with 10^6 and 10^7 rows. memory: memory.py.
busy: busy.py.

Each table goes between `<!-- bench:NAME -->` and `<!-- /bench -->` in that page; what else stands there is kept. With
--quick each does a small part of its work, figures mean nothing, and no file is changed unless --readme or --results
names it. A benchmark whose rule does not hold is named at the end (its table is written), and the exit code is 1.
Plain Python.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECTIONS = ("engines", "programs", "preprocess", "memory", "busy")
ROWS = "200,1e3,1e4,1e5,1e6,1e7"


def environment():
    """The Python of .venv-bench, which is made, or completed, if need be."""
    home, needed = ROOT / ".venv-bench", (HERE / "requirements.txt").read_text()
    stamp, python = home / "lockstep-requirements", home / "bin/python"
    if stamp.exists() and stamp.read_text() == needed:
        return python
    subprocess.run([ROOT / "scripts/setup", "--python"], check=True, stdout=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", home], check=True, stdout=sys.stderr)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    theirs, ours = (
        subprocess.run([folder / "bin/python", "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
        for folder in (ROOT / ".venv", home)
    )
    pathlib.Path(ours, "lockstep-shared.pth").write_text(theirs + "\n")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt"]
    subprocess.run(install, check=True, stdout=sys.stderr)
    stamp.write_text(needed)
    return python


def output(script, options, *more):
    """What a benchmark prints, and whether its rule held."""
    command = [options.python, HERE / script, "--lockstep", options.lockstep, *more]
    print(" ".join(map(str, command)), file=sys.stderr, flush=True)
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return done.stdout.strip(), done.returncode == 0


def table(text):
    """Its lines that are rows of a table."""
    return "\n".join(line for line in text.splitlines() if line.startswith("|"))


def engines(options):
    more = ["--rows", ROWS, "--runs", str(options.runs), "--peer-rows", str(options.peer_rows)]
    more += ["--quick"] if options.quick else []
    if options.results:
        options.results.mkdir(parents=True, exist_ok=True)
        more += ["--json", options.results / "engines.json", "--plot", options.results / "engines.png"]
    return output("engines.py", options, *more)


def programs(options):
    quick = ["--runs", "1"] if options.quick else []
    (moons, first), (others, second) = (output(script, options, *quick) for script in ("moons.py", "programs.py"))
    rows = [row.replace("| whole program |", "| moons |").replace("| training", "| moons, training") for row in rest(moons)]
    head = "| whole program, seconds, median | Python | lockstep | ratio |\n|---|---|---|---|"
    return "\n".join([head, *rows, *rest(others)]), first and second


def rest(text):
    """A table without its head."""
    return table(text).splitlines()[2:]


def preprocess(options):
    text, holds = output("preprocess.py", options, *(["--rows", "1e5", "--runs", "1"] if options.quick else []))
    return table(text), holds


def memory(options):
    text, holds = output("memory.py", options, *(["--share", "0.25"] if options.quick else []))
    return table(text), holds


def busy(options):
    return output("busy.py", options, *(["--runs", "1", "--limit", "5"] if options.quick else []))


def place(readme, name, text):
    """Puts text between the section's markers; whether there are any."""
    old = readme.read_text()
    pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench -->)", re.DOTALL)
    new, count = pattern.subn(lambda found: f"{found[1]}{text}\n{found[2]}", old)
    if count:
        readme.write_text(new)
    return count == 1


def sections(text):
    names = text.split(",")
    if strange := [name for name in names if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"{strange[0]}: expected of {', '.join(SECTIONS)}")
    return names


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--only", type=sections, default=SECTIONS)
    parser.add_argument("--quick", action="store_true", help="a small part of the work: only that everything works")
    parser.add_argument("--runs", type=int, default=5, help="of engines.py")
    parser.add_argument("--peer-rows", type=float, default=1e7, help="of engines.py")
    parser.add_argument("--readme", type=pathlib.Path, help="default: data/benchmarks.md, with --quick none")
    parser.add_argument("--results", type=pathlib.Path, help="default: scripts/bench/results, with --quick none")
    parser.add_argument("--lockstep", type=pathlib.Path, default=target / "release/lockstep")
    parser.add_argument("--python", type=pathlib.Path, help="a Python that has everything, instead of .venv-bench")
    options = parser.parse_args()
    if not options.quick:
        options.readme, options.results = options.readme or ROOT / "data/benchmarks.md", options.results or HERE / "results"
    options.lockstep = options.lockstep.absolute()
    options.results = options.results and options.results.absolute()
    if not options.lockstep.exists():
        sys.exit(f"error: {options.lockstep} is missing: cargo build --release")
    return options


def main():
    options = parsed()
    options.python = options.python.absolute() if options.python else environment()
    failed = []
    for name in options.only:
        text, holds = globals()[name](options)
        print(f"## {name}\n\n{text}\n", flush=True)
        if not holds:
            failed.append(f"{name}: its rule does not hold, or a program failed (see above)")
        if text and options.readme and not place(options.readme, name, text):
            failed.append(f"{options.readme}: expected one <!-- bench:{name} --> … <!-- /bench -->")
    for failure in failed:
        print(failure, file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
