"""Running programs and measuring them; tables; the machine they ran on."""
import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass
class Run:
    """What one run of a program cost, everything that it started included."""
    wall: float  # seconds until the program itself ended
    cpu: float  # seconds of all processes
    peak: int  # bytes: the largest resident set of one process
    status: int
    output: int = 0  # bytes of files written
    printed: str = ""
    number: float = float("nan")  # the line of the output that is a number


class Bench:
    """What all groups share: where the products are, how often to measure, what came out."""

    def __init__(self, build, rounds, full, progress=True):
        self.build = Path(build).resolve()
        self.programs = self.build / "tests/bench"
        self.rounds = rounds
        self.full = full
        self.progress = progress
        self.tables = []
        self.notes = []
        self.values = {}  # (group, tool, column) -> figure, for the targets

    def note(self, text):
        self.notes.append(text)
        print(f"note: {text}", file=sys.stderr)

    def say(self, text):
        if self.progress:
            print(f"  {text}", file=sys.stderr, flush=True)

    def run(self, tool, command, environment=(), timeout=900):
        """One run of `command` under `tool`, in a folder of its own that is removed again."""
        with tempfile.TemporaryDirectory(prefix="heapscribe-bench-") as folder:
            result = Path(folder) / "result"
            out = Path(folder) / "out"
            out.mkdir()
            wrapped = tool.wrap([str(part) for part in command], out)
            arguments = [self.programs / "measure", result, *environment, *wrapped]
            done = subprocess.run(arguments, cwd=out, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace",
                                  timeout=timeout, check=False)
            if done.returncode != 0:
                raise RuntimeError(f"measure failed: {done.stderr}")
            wall, cpu, peak_kb, status = map(int, result.read_text().split())
            written = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
        numbers = re.findall(r"^\d+$", done.stdout, re.MULTILINE)
        number = float(numbers[0]) if numbers else float("nan")
        return Run(wall / 1e9, cpu / 1e9, peak_kb * 1024, status, written,
                   done.stdout + done.stderr, number)

    def interleaved(self, tools, command_for, environment=(), rounds=None):
        """Runs of all tools in turn, so that a busy moment hits all: {tool name: [Run, ...]}.

        A tool under which the program ends differently than alone is left out, with a note.
        """
        runs = {tool.name: [] for tool in tools}
        broken = set()
        for number in range(rounds or self.rounds):
            for tool in tools if number % 2 == 0 else reversed(tools):
                if tool.name in broken:
                    continue
                command = command_for(tool)
                try:
                    run = self.run(tool, command, environment)
                except subprocess.TimeoutExpired:
                    run = Run(0, 0, 0, -1, printed="it took too long")
                if run.status == 0:
                    runs[tool.name].append(run)
                    continue
                broken.add(tool.name)
                last = (run.printed.strip().splitlines() or ["it said nothing"])[-1]
                self.note(f"{Path(command[0]).name} under {tool.name} ended with status "
                          f"{run.status}: {last[:100]}")
        return {name: done for name, done in runs.items() if done and name not in broken}

    def table(self, title, columns, rows, explanation=""):
        self.tables.append(Table(title, columns, rows, explanation))
        print("\n" + self.tables[-1].text(), flush=True)


def median(values):
    return statistics.median(values) if values else float("nan")


def figure(value, digits=2):
    """A number for a table; what was not measured is a dash."""
    if value is None or value != value:
        return "-"
    return f"{value:,.{digits}f}"


def size(value):
    if value is None or value != value:
        return "-"
    for unit in ("B", "KiB", "MiB"):
        if abs(value) < 1024:
            break
        value /= 1024
    else:
        unit = "GiB"
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


@dataclass
class Table:
    title: str
    columns: list
    rows: list
    explanation: str = ""
    widths: list = field(init=False)

    def __post_init__(self):
        cells = [self.columns, *self.rows]
        self.widths = [max(len(str(row[i])) for row in cells) for i in range(len(self.columns))]

    def _line(self, row, separator, edge):
        cells = [str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                 for i, (cell, width) in enumerate(zip(row, self.widths))]
        return edge + separator.join(cells) + edge[::-1]

    def text(self):
        lines = [self.title, *wrap(self.explanation)]
        lines += [self._line(row, "  ", "").rstrip() for row in [self.columns, *self.rows]]
        return "\n".join(lines)

    def markdown(self):
        rule = ["-" * self.widths[0]] + ["-" * (width - 1) + ":" for width in self.widths[1:]]
        lines = [self._line(row, " | ", "| ") for row in [self.columns, rule, *self.rows]]
        explanation = "\n".join(wrap(self.explanation, 100))
        return f"### {self.title}\n\n" + (explanation + "\n\n" if explanation else "") + "\n".join(lines)


def wrap(text, width=78):
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return lines + [line] if line else lines


class Others:
    """How many cores everybody else used since `begin`: all busy time less our own."""

    def __init__(self):
        self.begin()

    @staticmethod
    def _busy():
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields)
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _own():
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    def begin(self):
        self.time, self.busy, self.own = time.monotonic(), self._busy(), self._own()

    def cores(self):
        passed = max(time.monotonic() - self.time, 0.01)
        return max(0.0, (self._busy() - self.busy - self._own() + self.own) / passed)


def command_output(*command):
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, text=True, capture_output=True, check=False).stdout.strip()


def environment(packages):
    """What figures depend on, as (name, value)."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    compiler = command_output("c++", "--version").splitlines()
    commit = command_output("git", "-C", str(HERE), "describe", "--always", "--dirty")
    versions = []
    for package in packages:
        version = command_output("dpkg-query", "-W", "-f=${Version}", package)
        versions.append(f"{package} {version or 'not installed'}")
    return [("date", time.strftime("%Y-%m-%d %H:%M %Z")),
            ("heapscribe", commit or "not from git"),
            ("CPU", f"{cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} cores"),
            ("kernel", platform.release()),
            ("C library", " ".join(platform.libc_ver())),
            ("compiler", compiler[0] if compiler else "none"),
            ("peers", ", ".join(versions))]
