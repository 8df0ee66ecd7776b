"""The leak detectors that are judged: how each is run, and what it said, in one form for all."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 300  # seconds, for hangs only


@dataclass
class Finding:
    """Blocks with one stack that a detector puts into one class."""
    said: str  # definite, indirect, possible, reachable; leak: it has no classes
    blocks: int | None  # None: it tells bytes only
    bytes: int
    stack: list  # names of functions, innermost first


@dataclass
class Report:
    findings: list = field(default_factory=list)
    seconds: float = 0  # until the findings are known
    failure: str = ""


class Detector:
    name = ""
    classes = ()  # those that it can name
    missing = ""  # why it cannot be judged here

    def report(self, programs, case):
        with tempfile.TemporaryDirectory(prefix="leak-corpus-") as folder:
            begin = time.monotonic()
            try:
                report = self.run([str(programs / case.program), case.name], Path(folder))
            except subprocess.TimeoutExpired:
                report = Report(failure=f"took longer than {LIMIT} s")
            except (OSError, ValueError, KeyError, ElementTree.ParseError) as problem:
                report = Report(failure=f"its report is not understood: {problem}")
            report.seconds = time.monotonic() - begin
        return report

    def folder(self, build, variant):
        return build / variant

    def run(self, command, folder):
        raise NotImplementedError


def execute(command, folder, **environment):
    """(exit status, pid, what it printed)"""
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          env={**os.environ, **environment}) as process:
        try:
            printed, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return process.returncode, process.pid, printed


def ended_badly(status, printed):
    last = (printed.strip().splitlines() or ["it said nothing"])[-1]
    return Report(failure=f"ended with status {status}: {last[:100]}")


class Plain(Detector):
    name = "plain"

    def run(self, command, folder):
        status, _, printed = execute(command, folder)
        return ended_badly(status, printed) if status else Report()


class Memcheck(Detector):
    classes = ("definite", "indirect", "possible", "reachable")
    kinds = {"Leak_DefinitelyLost": "definite", "Leak_IndirectlyLost": "indirect",
             "Leak_PossiblyLost": "possible", "Leak_StillReachable": "reachable"}

    def __init__(self, name, *options):
        self.name = name
        self.options = options
        self.missing = "" if shutil.which("valgrind") else "valgrind is not installed"

    def run(self, command, folder):
        options = ["-q", "--leak-check=full", "--show-leak-kinds=all", "--leak-resolution=high",
                   "--num-callers=40", "--error-limit=no", "--keep-debuginfo=yes",
                   "--child-silent-after-fork=yes", "--xml=yes", f"--xml-file={folder}/%p.xml"]
        status, pid, printed = execute(["valgrind", *options, *self.options, *command], folder)
        if status:
            return ended_badly(status, printed)
        errors = ElementTree.parse(folder / f"{pid}.xml").getroot().iter("error")
        return Report([self.finding(error) for error in errors
                       if error.findtext("kind") in self.kinds])

    def finding(self, error):
        what = error.find("xwhat")
        size = int(what.findtext("leakedbytes"))
        direct = re.search(r"\(([\d,]+) direct", what.findtext("text"))
        if direct:  # otherwise with what hangs on it
            size = int(direct[1].replace(",", ""))
        stack = [frame.findtext("fn", "") for frame in error.find("stack").iter("frame")]
        return Finding(self.kinds[error.findtext("kind")], int(what.findtext("leakedblocks")), size,
                       stack)


class LeakSanitizer(Detector):
    classes = ("definite", "indirect")
    head = re.compile(r"^(Direct|Indirect) leak of (\d+) byte\(s\) in (\d+) object")
    frame = re.compile(r"^ +#\d+ 0x[0-9a-f]+ (?:in (.+?) )?(?:\(|/|<)")

    def __init__(self, name, build, options=""):
        self.name = name
        self.options = options
        built = (build / "lsan").is_dir()
        self.missing = "" if built else "not built: cmake --build FOLDER --target leak_corpus_lsan"

    def folder(self, build, variant):
        return build / "lsan"

    def run(self, command, folder):
        options = f"exitcode=0:max_leaks=0:log_path={folder}/report{self.options}"
        status, pid, printed = execute(command, folder, LSAN_OPTIONS=options)
        if status:
            return ended_badly(status, printed)
        report = folder / f"report.{pid}"
        text = report.read_text(errors="replace") if report.exists() else ""
        if "LeakSanitizer has encountered a fatal error" in text:
            return Report(failure="LeakSanitizer has encountered a fatal error")
        return Report(self.findings(text))

    def findings(self, text):
        found = []
        for line in text.splitlines():
            if head := self.head.match(line):
                said = "definite" if head[1] == "Direct" else "indirect"
                found.append(Finding(said, int(head[3]), int(head[2]), []))
            elif found and (frame := self.frame.match(line)):
                found[-1].stack.append(frame[1] or "")
        return found


class Heaptrack(Detector):
    """It has one class: not freed. Its text rounds bytes, the file for flame graphs does not."""
    name = "heaptrack"
    classes = ("leak",)

    def __init__(self):
        self.missing = "" if shutil.which("heaptrack") else "heaptrack is not installed"

    def run(self, command, folder):
        status, _, printed = execute(["heaptrack", "-o", str(folder / "data"), *command], folder)
        if status:
            return ended_badly(status, printed)
        data = next(folder.glob("data.*"))
        execute(["heaptrack_print", "-f", str(data), "-p0", "-a0", "-T0",
                 "--flamegraph-cost-type", "leaked", "-F", str(folder / "stacks")], folder)
        found = []
        for line in (folder / "stacks").read_text(errors="replace").splitlines():
            stack, size = line.rsplit(" ", 1)
            found.append(Finding("leak", None, int(size), stack.split(";")[::-1]))
        return Report([finding for finding in found if finding.bytes > 0])


class Heapscribe(Detector):
    name = "heapscribe"
    classes = ("definite", "indirect", "possible", "reachable")

    def __init__(self, command):
        self.command = str(command)
        if not Path(command).exists():
            self.missing = f"there is no {command}"
        elif "--classes" not in execute([self.command, "leaks", "--help"], ".")[2]:
            self.missing = "this heapscribe does not know leaks --classes"

    def run(self, command, folder):
        database = str(folder / "recording.db")
        status, _, printed = execute([self.command, "run", "--quiet", "-o", database, "--", *command],
                                     folder)
        if status:
            return ended_badly(status, printed)
        done = subprocess.run([self.command, "leaks", database, "--classes", "all", "--format", "json"],
                              cwd=folder, capture_output=True, text=True, check=False, timeout=LIMIT)
        if done.returncode:
            return ended_badly(done.returncode, done.stderr)
        return Report([self.finding(row) for row in json.loads(done.stdout)])

    @staticmethod
    def finding(row):
        frames = row.get("stack") or []
        names = [frame if isinstance(frame, str) else frame["function"] for frame in frames]
        return Finding(row["class"], row["blocks"], row["bytes"], names or [row["function"]])


def detectors(build, heapscribe):
    return [
        Memcheck("memcheck"),
        Memcheck("memcheck, no heuristics", "--leak-check-heuristics=none"),
        LeakSanitizer("LeakSanitizer", build),
        LeakSanitizer("LeakSanitizer, slow unwinder", build, ":fast_unwind_on_malloc=0"),
        Heaptrack(),
        Heapscribe(heapscribe),
    ]
