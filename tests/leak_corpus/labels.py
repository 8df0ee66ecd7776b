"""The table of labels: what is true of every case."""
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEAKS = ("definite", "indirect", "possible")
HARMLESS = ("reachable", "freed", "internal")


@dataclass
class Label:
    function: str  # "f + g": what both left behind together
    wanted: str  # its class
    blocks: int | None = None  # None: the library's or the compiler's choice
    bytes: int | None = None

    def functions(self):
        return self.function.split(" + ")

    def __str__(self):
        amount = "" if self.blocks is None else f" {self.blocks:,}"
        size = "" if self.bytes is None else f" of {self.bytes:,} bytes"
        return f"{self.function}: {self.wanted}{amount}{size}"


@dataclass
class Case:
    program: str
    name: str
    why: str
    labels: list
    tags: list
    memcheck: str  # why memcheck says something else
    shared: frozenset  # functions that are judged in another case

    def group_of(self):
        """{function: the label's name for it}"""
        return {name: label.function for label in self.labels for name in label.functions()}


def read(path=HERE / "labels.toml"):
    table = tomllib.loads(path.read_text())
    shared = frozenset(table.pop("shared"))
    return [case_from(program, name, entry, shared)
            for program, cases in table.items() for name, entry in cases.items()]


def case_from(program, name, entry, shared):
    unknown = set(entry) - {"why", "findings", "tags", "memcheck"}
    if unknown:
        raise ValueError(f"{program}.{name}: {', '.join(sorted(unknown))} means nothing")
    labels = [Label(*finding) for finding in entry["findings"]]
    for label in labels:
        if label.wanted not in LEAKS + HARMLESS:
            raise ValueError(f"{program}.{name}: no class '{label.wanted}'")
        if label.wanted in LEAKS + ("reachable",) and label.blocks is None:
            raise ValueError(f"{program}.{name}: {label.function} has no number of blocks")
    mine = {function for label in labels for function in label.functions()}
    return Case(program, name, entry["why"], labels, entry.get("tags", []),
                entry.get("memcheck", ""), shared - mine)
