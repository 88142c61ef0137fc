"""What the parts of scripts/gpu/check have in common: a clock, commands with a time limit, and a list of what is wrong.

A part is a function of a `Job`. It says what it found (`say`, for results.txt; `fact`, for results.json), and what is wrong
(`wrong`); an exception ends the part, and nothing ends the others.
"""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time


LATE = "no time left"


class Failed(Exception):
    """A command that did not end as it should, in one line."""


class Job:
    """One part at work, with a folder of its own and `seconds` to be done in."""

    def __init__(self, name, options, folder, seconds):
        self.name, self.options, self.folder = name, options, pathlib.Path(folder)
        self.device, self.on_cpu = options.device, options.device == "cpu"
        self.begun, self.end = time.monotonic(), time.monotonic() + seconds
        self.lines, self.facts, self.faults = [], {}, []

    def say(self, text):
        self.lines.extend(str(text).splitlines())

    def fact(self, name, value):
        self.facts[name] = value

    def wrong(self, text):
        self.faults.append(text)

    def hold(self, true, text):
        """Notes `text` as a fault unless it is true."""
        if not true:
            self.wrong(text)
        return true

    def result(self):
        return {"part": self.name, "ok": not self.faults, "seconds": round(time.monotonic() - self.begun, 1),
                "wrong": self.faults, "found": self.lines, "facts": self.facts}  # fmt: skip

    # --- commands
    def run(self, command, codes=(0,), seconds=None):
        """Runs a command in the part's folder; an exit code that is not among `codes` (None: any) is an error."""
        words = [str(word) for word in command]
        left = self.end - time.monotonic()
        limit = left if seconds is None else min(left, seconds)
        done = ended(words, self.folder, self.options.environment, limit)
        if codes is not None and done.returncode not in codes:
            said = (done.stderr.strip() or done.stdout.strip() or "not a word").splitlines()
            raise Failed(f"{shown(words)}: exit {done.returncode}: {said[-1][:300]}")
        return done

    def lockstep(self, *words, codes=(0,), seconds=None):
        return self.run([self.options.lockstep, *words], codes, seconds)

    def summary(self, *words, codes=(0,)):
        """What a command prints with --json."""
        return json.loads(self.lockstep(*words, "--json", "--quiet", codes=codes).stdout)

    def python(self, *words, codes=(0,), seconds=None):
        return self.run([self.options.python, *words], codes, seconds)

    def bytes(self, name):
        return (self.folder / name).read_bytes()


def ended(words, folder, environment, limit):
    """The command once it has ended; at the limit it is killed with all that it has started."""
    if limit <= 0:
        raise Failed(LATE)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                 start_new_session=True)  # fmt: skip
        try:
            child.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failed(f"{shown(words)}: not done after {limit:.0f} s") from None
        finally:
            stop(child)
        out.seek(0), err.seek(0)
        texts = [stream.read().decode(errors="replace") for stream in (out, err)]
    return subprocess.CompletedProcess(words, child.returncode, *texts)


def environment(python, device):
    """Where lockstep finds libtorch: the torch of the Python, unless LIBTORCH names one or the processor is enough."""
    found = dict(os.environ)
    if device != "cpu" and not found.get("LIBTORCH"):
        # Found without the seconds of an import.
        words = "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
        done = subprocess.run([python, "-c", words], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"error: Python {python}: it has no torch")
        found["LIBTORCH"] = done.stdout.strip()
    return found


def stop(child):
    """Ends a child that was started in a session of its own, and its children."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def shown(words):
    """A command as a line for people, without the folders of programs."""
    text = " ".join([pathlib.Path(words[0]).name, *words[1:]])
    return text if len(text) <= 160 else text[:157] + "…"


def attempt(part, job):
    """Runs a part to its end, whatever end that is."""
    try:
        part(job)
    except Failed as failure:
        job.wrong(str(failure))
    except Exception as error:  # a fault of the part itself must not hide what the others find
        place = error.__traceback__
        while place.tb_next:
            place = place.tb_next
        where = f"{pathlib.Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}"
        job.wrong(f"{type(error).__name__}: {error} ({where})")
    return job.result()
