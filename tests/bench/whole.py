"""Whole programs under the tools: wall time, CPU of everything, memory, output."""
import random
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import figure, median, size
from tools import PLAIN, heapscribe_tools, peers, present

HEAVY_CPP = """
#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <string>
#include <unordered_map>
#include <vector>
template <int N> struct Kind {
  std::map<int, std::vector<std::string>> by_number;
  std::unordered_map<std::string, std::function<int(int)>> by_name;
  int work(int x) {
    by_number[x].push_back(std::to_string(x + N));
    by_name["f" + std::to_string(x)] = [x](int y) { return x * y + N; };
    std::sort(by_number[x].begin(), by_number[x].end());
    return by_name.begin()->second(x);
  }
};
bool matches(const std::string& s) { return std::regex_search(s, std::regex("a+b*")); }
"""

PERL = """
my (%words, @lists);
for my $i (1 .. 260000) {
  my $word = "word" . ($i * 7919 % 60000);
  push @{$words{$word}}, { number => $i, text => "text of $i" };
  push @lists, [split /,/, "a,b,c,$i"] if $i % 3 == 0;
}
my $sum = 0;
$sum += scalar @{$words{$_}} for sort keys %words;
print "$sum\\n";
"""

PYTHON = """
import json, re
total = 0
for i in range(110000):
    record = {"id": i, "name": f"name {i}", "tags": [f"t{j}" for j in range(8)], "x": i * 1.5}
    text = json.dumps(record)
    total += len(json.loads(text)["tags"])
    total += len(re.findall(r"t\\d", text))
words = {}
for i in range(600000):
    words.setdefault(f"word {i % 120000}", []).append(i)
print(total, len(words))
"""

SQL = """
create table item(id integer primary key, name text, grp int, body text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 420000)
insert into item select i, 'name ' || (i * 7919 % 420000), i % 977, hex(i) || 'body of ' || i from n;
create index by_name on item(name);
select grp, count(*), group_concat(substr(name, 1, 6)) from item group by grp order by 2 limit 5;
select count(*) from item a join item b on b.name = 'name ' || a.id where length(a.body) > 10;
select count(distinct upper(body) || lower(name)) from item;
"""


def cc1plus(folder):
    """The compiler proper, called as g++ would: a recording ends when a wrapper executes it."""
    source = folder / "heavy.cpp"
    uses = "\n".join(f"int use{n}(int x) {{ return Kind<{n}>().work(x); }}" for n in range(7))
    source.write_text(HEAVY_CPP + uses)
    asked = subprocess.run(["g++", "-###", "-std=c++17", "-O1", "-S", source, "-o", "/dev/null"],
                           text=True, capture_output=True, check=True).stderr
    line = next(line for line in asked.splitlines() if "cc1plus" in line.split(" -")[0])
    return shlex.split(line)


def jq(folder):
    generator = random.Random(1)
    items = ",\n".join(f'{{"id":{i},"name":"name {generator.randrange(5000)}",'
                       f'"tags":["a{i % 7}","b{i % 11}"],"nested":{{"x":{i}.5,"s":"text {i}"}}}}'
                       for i in range(40_000))
    (folder / "items.json").write_text(f"[{items}]")
    return ["jq", "[.[] | {id, key: (.name | ascii_upcase), n: (.tags | length), s: .nested.s}]"
            " | group_by(.key) | map({key: .[0].key, ids: map(.id), all: map(.s) | join(\",\")})"
            " | length", folder / "items.json"]


def perl(folder):
    (folder / "work.pl").write_text(PERL)
    return ["perl", folder / "work.pl"]


def sqlite3(folder):
    (folder / "work.sql").write_text(SQL)
    return ["sqlite3", ":memory:", f".read {folder / 'work.sql'}"]


def python3(folder):
    # The interpreter itself: what comes first in the PATH may be somebody's shell script.
    (folder / "work.py").write_text(PYTHON)
    return ["/usr/bin/python3", folder / "work.py"]


PROGRAMS = {"cc1plus": cc1plus, "jq": jq, "perl": perl, "sqlite3": sqlite3, "python3": python3}
NEEDS = {"cc1plus": "g++", "python3": "/usr/bin/python3"}


def whole_programs(bench, only=()):
    ours = heapscribe_tools(bench.build)
    of_ours = [ours[name] for name in ("full", "symbols", "pool", "counts", "sample", "trace")]
    tools = present(bench, [PLAIN, *of_ours, *(p for p in peers() if bench.full or not p.rare)])
    programs = []
    for name in only or PROGRAMS:
        if shutil.which(NEEDS.get(name, name)):
            programs.append(name)
        else:
            bench.note(f"{name}: skipped, not installed")
    measured = {}
    with tempfile.TemporaryDirectory(prefix="heapscribe-bench-input-") as folder:
        for name in programs:
            bench.say(f"{name} under {len(tools)} tools")
            command = PROGRAMS[name](Path(folder))
            environment = ["PYTHONMALLOC=malloc"] if name == "python3" else []
            measured[name] = bench.interleaved(tools, lambda tool: command, environment)

    def ratio(name, tool, what):
        done = measured[name].get(tool.name)
        if not done:
            return None
        value = median([what(run) for run in done])
        return value if tool is PLAIN else value / median([what(r) for r in measured[name]["plain"]])

    def table(title, what, plain_cell, other_cell, key=None, leave_out=()):
        rows = []
        for tool in tools:
            if tool.name in leave_out:
                continue
            cells = [ratio(name, tool, what) for name in programs]
            shown = plain_cell if tool is PLAIN else other_cell
            rows.append([tool.name, *(shown(value) for value in cells)])
            for name, value in zip(programs, cells):
                if key is not None and value is not None and tool is not PLAIN:
                    bench.values[key, tool.name, name] = value
        bench.table(title, ["tool", *programs], rows)

    table("Whole programs: wall time over plain", lambda run: run.wall,
          lambda v: f"{figure(v)} s", figure, "wall")
    table("Whole programs: CPU of all processes over plain", lambda run: run.cpu,
          lambda v: f"{figure(v)} s", figure, "cpu")
    table("Whole programs: peak memory of the largest process over plain", lambda run: run.peak,
          size, figure, "peak")
    outputs = []
    for tool in tools:
        of = [measured[name].get(tool.name) for name in programs]
        written = [median([run.output for run in runs]) if runs else None for runs in of]
        if any(written):
            outputs.append([tool.name, *map(size, written)])
    bench.table("Whole programs: size of what was recorded", ["tool", *programs], outputs)
