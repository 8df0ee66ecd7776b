"""Compares what a detector said of a case with the labels. README.md says what counts as what."""
from dataclasses import dataclass, field

from labels import HARMLESS, LEAKS

TOLERANCE = 0.01  # one block of a hundred may be missing: it is chance, and not the method


@dataclass
class Verdict:
    """What a detector got right and wrong, one entry a labelled finding."""
    leaks: int = 0
    found: int = 0
    false_alarms: int = 0
    false_definite: int = 0
    labels: int = 0
    right: int = 0  # class and number
    sized: int = 0  # of those, with bytes that can be compared
    right_bytes: int = 0
    wrong: list = field(default_factory=list)  # sentences
    failed: int = 0  # cases without a report

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Amount:
    blocks: int = 0
    bytes: int = 0

    def add(self, blocks, size):
        self.blocks += blocks
        self.bytes += size


def bare(function):
    """The name without scope, parameters and template arguments."""
    name = function.replace("(anonymous namespace)::", "")
    return name.split("(")[0].split("<")[0].split(" [")[0].split("::")[-1].strip()


def attributed(case, findings):
    """({(label's function, class): Amount}, [leaks that belong to no label])"""
    groups = case.group_of()
    said, strangers = {}, []
    for finding in findings:
        names = [bare(function) for function in finding.stack]
        owner = next((name for name in names if name in groups or name in case.shared), None)
        if owner in groups:
            amount = said.setdefault((groups[owner], finding.said), Amount())
            amount.add(finding.blocks or 0, finding.bytes)
        elif owner is None and finding.said != "reachable":
            strangers.append(finding)
    return said, strangers


class CaseJudge:
    def __init__(self, case, detector, report):
        self.case = case
        self.classes = detector.classes
        self.by_bytes = any(finding.blocks is None for finding in report.findings)
        self.said, self.strangers = attributed(case, report.findings)
        self.verdict = Verdict()
        self.missed = 0  # blocks, or bytes

    def quantity(self, blocks, size):
        return size if self.by_bytes else blocks

    def said_of(self, function, *classes):
        amounts = [self.said.get((function, name), Amount()) for name in classes]
        return self.quantity(sum(a.blocks for a in amounts), sum(a.bytes for a in amounts))

    def true_of(self, function, *classes):
        labels = [l for l in self.case.labels if l.function == function and l.wanted in classes]
        if self.by_bytes and any(label.bytes is None for label in labels):
            return 1  # any amount will do
        return sum(self.quantity(label.blocks, label.bytes) or 0 for label in labels)

    def wrong(self, label, text):
        heard = [f"{amount.blocks:,} {said}" if not self.by_bytes else f"{amount.bytes:,} bytes {said}"
                 for (function, said), amount in self.said.items() if function == label.function]
        self.verdict.wrong.append(
            f"{self.case.program}.{self.case.name}: {label}; {text}: {', '.join(heard) or 'nothing'}. "
            f"{self.case.why}")

    def judge(self):
        alarmed = set()
        for label in self.case.labels:
            if label.wanted in LEAKS:
                self.leak(label)
            elif label.wanted in HARMLESS:
                self.harmless(label, alarmed)
        for function in {label.function for label in self.case.labels}:
            self.too_many(function, alarmed)
        self.judge_strangers()
        return self.verdict

    def judge_strangers(self):
        """Leaks without a labelled function. As many blocks as were missed are those, their stack is
        lost: the detector has paid with its recall. The others are false alarms."""
        for finding in self.strangers:
            self.missed -= self.quantity(finding.blocks, finding.bytes)
            if self.missed < 0:
                self.verdict.false_alarms += 1
                self.verdict.false_definite += finding.said == "definite"
            self.verdict.wrong.append(
                f"{self.case.program}.{self.case.name}: {finding.said} in no labelled function: "
                f"{' < '.join(filter(None, finding.stack[:6])) or 'no stack'}")

    def leak(self, label):
        reported = self.said_of(label.function, *LEAKS, "leak")
        own = self.said_of(label.function, label.wanted)
        all_leaks = self.true_of(label.function, *LEAKS)
        own_true = self.true_of(label.function, label.wanted)
        nothing_asked = own_true == 0 and self.by_bytes
        self.verdict.leaks += 1
        found = not nothing_asked and (reported >= all_leaks * (1 - TOLERANCE) or
                                       0 < own_true * (1 - TOLERANCE) <= own)
        self.verdict.found += found
        right = found and (label.wanted not in self.classes or abs(own - own_true) <= own_true * TOLERANCE)
        self.class_is(label, right and label.wanted in self.classes, self.said.get(
            (label.function, label.wanted)))
        if not found:
            amount = self.quantity(label.blocks, label.bytes)
            self.missed += float("inf") if amount is None else amount
            self.wrong(label, "missed")
        elif not right:
            self.wrong(label, "another class")

    def harmless(self, label, alarmed):
        reported = self.said_of(label.function, *LEAKS, "leak")
        allowed = self.true_of(label.function, *LEAKS)
        if reported > allowed * (1 + TOLERANCE):
            self.verdict.false_alarms += 1
            alarmed.add(label.function)
            self.class_is(label, False, None)
            self.wrong(label, "called a leak")
            return
        held = self.said_of(label.function, "reachable")
        right = label.wanted == "internal" or "reachable" not in self.classes or (
            held == 0 if label.wanted == "freed" else abs(held - label.blocks) <= label.blocks * TOLERANCE)
        self.class_is(label, right, self.said.get((label.function, "reachable")))
        if not right:
            self.wrong(label, "no leak, but another number")

    def class_is(self, label, right, amount):
        self.verdict.labels += 1
        self.verdict.right += right
        if right and amount is not None and label.bytes is not None:
            allowed = 0 if amount.blocks == label.blocks else label.bytes * TOLERANCE
            self.verdict.sized += 1
            self.verdict.right_bytes += abs(amount.bytes - label.bytes) <= allowed
            if abs(amount.bytes - label.bytes) > allowed:
                self.wrong(label, f"right but for {amount.bytes:,} bytes")

    def too_many(self, function, alarmed):
        """Alarms beyond what is true of a function, where no harmless label has counted them."""
        lost = self.true_of(function, "definite", "indirect")
        if self.said_of(function, "definite") > lost * (1 + TOLERANCE):
            self.verdict.false_definite += 1
        if function not in alarmed and not any(
                label.function == function and label.wanted in HARMLESS for label in self.case.labels):
            if self.said_of(function, *LEAKS) > self.true_of(function, *LEAKS) * (1 + TOLERANCE):
                self.verdict.false_alarms += 1
                self.verdict.wrong.append(f"{self.case.program}.{self.case.name}: {function}: "
                                          "more than it lost")


def judge(case, detector, report):
    if report.failure:
        leaks = sum(label.wanted in LEAKS for label in case.labels)
        return Verdict(leaks=leaks, labels=len(case.labels), failed=1,
                       wrong=[f"{case.program}.{case.name}: {report.failure}"])
    return CaseJudge(case, detector, report).judge()
