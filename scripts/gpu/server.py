"""A process of scripts/gpu/peers.py, asked and answered in lines of JSON, each within a time."""

import json
import pathlib
import select
import subprocess
import sys
import tempfile
import time

import harness

HERE = pathlib.Path(__file__).resolve().parent


class Server:
    """Starts at the first question, and anew after one that it died of."""

    def __init__(self, framework, options):
        self.words = [sys.executable, str(HERE / "peers.py"), framework, "--device", options.device]
        self.framework, self.child, self.absent, self.versions = framework, None, None, {}

    def ask(self, seconds, **order):
        """The answer; an error of any kind is a Failed."""
        end = time.monotonic() + seconds
        if self.absent:
            raise harness.Failed(self.absent)
        if self.child is None:
            self.start(end)
        try:
            self.child.stdin.write(json.dumps(order).encode() + b"\n")
            self.child.stdin.flush()
            answer = self.line(end)
        except BrokenPipeError:
            answer = None
        if answer is None:
            why = self.last_word()
            self.end()
            raise harness.Failed(f"the process ended: {why}")
        if "error" in answer:
            if "CUDA error" in answer["error"]:
                self.end()  # the card refuses that process whatever else it asks
            raise harness.Failed(answer["error"])
        return answer

    def start(self, end):
        self.said = tempfile.TemporaryFile()
        self.child = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said,
                                      start_new_session=True)  # fmt: skip
        try:
            first = self.line(end)
        except harness.Failed:
            self.absent = f"{self.framework} did not start in time"
            raise
        if first is None:
            self.absent = f"absent: {self.last_word()}"
            self.end()
            raise harness.Failed(self.absent)
        self.versions = first["versions"]

    def line(self, end):
        """The next line, None at the end of all lines. The child writes whole lines, one for each question."""
        ready, _, _ = select.select([self.child.stdout], [], [], max(0, end - time.monotonic()))
        if not ready:
            self.end()
            raise harness.Failed(harness.LATE)
        line = self.child.stdout.readline()
        return json.loads(line) if line.strip() else None

    def last_word(self):
        self.child.wait()
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else f"exit {self.child.returncode}"

    def end(self):
        if self.child is not None:
            harness.stop(self.child)
            self.child = None
