"""What is paid once: at the start, for a thread, for a block; and how large a recording gets."""
import time

from harness import figure, median, size
from tools import PLAIN, bare_preload, heapscribe_tools, peers, present

TOGETHER = 5_000
ONE_BY_ONE = 2_000
BLOCKS = (100_000, 1_000_000)


def startup(bench):
    ours = heapscribe_tools(bench.build)
    wanted = [PLAIN, bare_preload(bench.build), ours["full"], ours["pool"], ours["counts"],
              ours["sample"], *(peer for peer in peers() if not peer.rare)]
    tools = present(bench, wanted)
    commands = {"true": ["/usr/bin/true"], "sqlite3": ["sqlite3", ":memory:", ""]}
    rounds = bench.rounds * (10 if bench.full else 5)
    walls, cpus = {}, {}
    for name, command in commands.items():
        bench.say(f"starting {name}")
        runs = bench.interleaved(tools, lambda tool: command, rounds=rounds)
        walls[name] = {tool: median([run.wall for run in done]) for tool, done in runs.items()}
        cpus[name] = {tool: median([run.cpu for run in done]) for tool, done in runs.items()}
    rows = [[tool.name, *(figure(of[name].get(tool.name, float("nan")) * 1e3, 1)
                          for name in commands for of in (walls, cpus))] for tool in tools]
    bench.table("Start and end: ms", ["tool", *(f"{name}{what}" for name in commands
                                                for what in ("", ", CPU"))], rows,
                "`true`, and sqlite3 with an empty database, from start to end; CPU with the "
                "collector's. Medians.")


def threads_and_blocks(bench):
    ours = heapscribe_tools(bench.build)
    wanted = [PLAIN, *(ours[name] for name in ("full", "pool", "counts", "sample", "trace")),
              *(peer for peer in peers() if not peer.rare)]
    tools = present(bench, wanted)
    bench.say("making threads")
    one_by_one = bench.interleaved(
        tools, lambda tool: [bench.programs / "threads", ONE_BY_ONE, "one-by-one"])
    together = bench.interleaved(
        tools, lambda tool: [bench.programs / "threads", TOGETHER, "together"])
    bench.say("holding blocks")
    holding = {count: bench.interleaved(
        tools, lambda tool, c=count: [bench.programs / "pair", 4, c, 1, 10], rounds=min(3, bench.rounds))
        for count in BLOCKS}

    def micros(runs, tool, count):
        return median([run.number for run in runs.get(tool.name, [])]) / count / 1e3

    def peak(runs, tool):
        return median([run.peak for run in runs.get(tool.name, [])])

    def block(tool):
        return (peak(holding[BLOCKS[1]], tool) - peak(holding[BLOCKS[0]], tool)) / (BLOCKS[1] - BLOCKS[0])

    rows = []
    for tool in tools:
        per_thread = peak(together, tool) / TOGETHER
        per_block = block(tool)
        if tool is not PLAIN:
            per_thread -= peak(together, PLAIN) / TOGETHER
            per_block -= block(PLAIN)
        bench.values["thread bytes", tool.name, ""] = per_thread
        bench.values["block bytes", tool.name, ""] = per_block
        rows.append([tool.name, figure(micros(one_by_one, tool, ONE_BY_ONE), 1),
                     figure(micros(together, tool, TOGETHER), 1), size(per_thread),
                     figure(per_block, 1)])
    bench.table("Threads and blocks", ["tool", "us/thread", "us, 5,000", "memory/thread", "B/block"],
                rows, "Microseconds to make a thread that allocates ten blocks, and to join it: one "
                "after the other, and 5,000 that live together. Memory: the largest process, less "
                "plain's, for each of 5,000 living threads and each further live block (mean 264 "
                "bytes; in the row of plain: all of it).")


def recording_size(bench):
    pairs = 1_000_000_000 if bench.full else 10_000_000
    tool = heapscribe_tools(bench.build)["full"]
    bench.say(f"recording {pairs:,} pairs")
    begin = time.monotonic()
    run = bench.run(tool, [bench.programs / "pair", 20, 1_000, 1, pairs], timeout=3600)
    seconds = time.monotonic() - begin
    bench.values["recording bytes", pairs, ""] = run.output
    bench.table("Size of a recording", ["pairs", "seconds", "database"],
                [[f"{pairs:,}", figure(seconds, 1), size(run.output)]])
