"""How long the leak check holds a program up, how long it takes, and the memory of the copy."""
import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from harness import figure, size

HEAPS = ((100_000, 100), (1_000_000, 100), (10_000_000, 100))  # blocks, bytes each
SLOW_FROM = 10_000_000  # memcheck takes minutes there


class Copy:
    """The largest memory that the copy of `program` was seen with, in bytes."""

    def __init__(self, program):
        self._program, self.peak, self._done = str(program), 0, False
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done = True
        self._thread.join()

    def _watch(self):
        while not self._done:
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if str((process / "exe").readlink()) != self._program:
                        continue
                    if (process / "comm").read_text() != "heapscribe\n":
                        continue
                    found = re.search(r"VmHWM:\s+(\d+)", (process / "status").read_text())
                    self.peak = max(self.peak, int(found.group(1)) << 10)
                except (OSError, AttributeError):
                    pass
            time.sleep(0.02)


def ask(command, database, key):
    answer = subprocess.run([command, "query", database, "--format", "csv",
                             f"SELECT value FROM recording WHERE key = '{key}'"],
                            text=True, capture_output=True, check=True).stdout
    return int(answer.split()[-1])


def seconds_of(command):
    begin = time.monotonic()
    subprocess.run([str(word) for word in command], capture_output=True, check=False)
    return time.monotonic() - begin


def leak_check(bench):
    command = bench.build / "bin/heapscribe"
    program = (bench.programs / "heap").resolve()
    rows = []
    for blocks, each in HEAPS:
        bench.say(f"a heap of {blocks:,} blocks")
        with tempfile.TemporaryDirectory(prefix="heapscribe-bench-") as folder, Copy(program) as copy:
            database = f"{folder}/heap.db"
            heap = [program, blocks, each]
            plain = seconds_of(heap)
            ours = seconds_of([command, "run", "--quiet", "-o", database, "--", *heap])
            stopped, marking = (ask(command, database, f"leak_check_{what}_ns") / 1e6
                                for what in ("stopped", "marking"))
        memcheck = float("nan")
        if shutil.which("valgrind") and (blocks < SLOW_FROM or bench.full):
            memcheck = seconds_of(["valgrind", "-q", "--leak-check=full", *heap])
        bench.values["leak check ms", blocks, ""] = marking
        rows.append([f"{blocks:,}", size(blocks * each), figure(stopped, 1), figure(marking, 0),
                     size(copy.peak), figure(plain, 2), figure(ours, 2), figure(memcheck, 1)])
    bench.table("Leak check at the end", ["blocks", "heap", "stopped, ms", "check, ms", "copy's memory",
                                          "plain, s", "heapscribe, s", "memcheck, s"], rows,
                "Lists of ten blocks, one in a hundred lost. Stopped: how long the program stands still; "
                "check: how long its copy then looks, with its resident memory (shared with the program "
                "as long as both live). Whole runs: from start to end, one each.")
