"""Pairs of malloc and free: what each tool adds to one."""
from harness import figure, median
from tools import PLAIN, heapscribe_tools, peers, present

PAIRS = 2_000_000
MANY_BLOCKS = 1_000_000


def tools_for(bench):
    ours = heapscribe_tools(bench.build)
    of_ours = [ours[name] for name in ("full", "pool", "counts", "sample", "trace")]
    return present(bench, [PLAIN, *of_ours, *peers()])


def pairs_for(bench, tool, factor=1.0):
    # Few pairs under slow tools, but never so few that the clock decides.
    return max(20_000, int(PAIRS * factor * (4 if bench.full else 1) / tool.slowness))


def per_pair(bench, tools, depth, live, threads=1, across=False, factor=1.0):
    """{tool name: [ns of wall time per pair, one a run]}"""
    pairs = {tool.name: pairs_for(bench, tool, factor) // threads * threads for tool in tools}
    bench.say(f"pairs at depth {depth}, {live:,} live, {threads} threads{' across' * across}")

    def command(tool):
        end = ["across"] if across else []
        return [bench.programs / "pair", depth, live, threads, pairs[tool.name], *end]

    runs = bench.interleaved(tools, command)
    return {name: [run.number / pairs[name] for run in done] for name, done in runs.items()}


def depths(bench):
    tools = tools_for(bench)
    # Filling a large live set takes the slow ones minutes.
    quick = [tool for tool in tools if bench.full or tool.slowness < 20]
    places = [(4, 1_000), (20, 1_000), (60, 1_000), (4, MANY_BLOCKS), (20, MANY_BLOCKS)]
    times = {}
    for depth, live in places:
        many = live == MANY_BLOCKS
        times[depth, live] = per_pair(bench, quick if many else tools, depth, live,
                                      factor=0.5 if many else 1.0)
    for tool in tools:
        for place in places:
            alone, mine = times[place]["plain"], times[place].get(tool.name)
            if mine:
                bench.values["pair", tool.name, place] = median(mine) - median(alone)
                bench.values["pair ratio", tool.name, place] = median(mine) / median(alone)
    heads = [f"{depth}, {'1e3' if live == 1_000 else '1e6'}" for depth, live in places]

    def table(title, of, explanation):
        def cell(tool, place):
            alone, mine = times[place]["plain"], times[place].get(tool.name)
            if tool is PLAIN:
                return figure(of(alone), 1)
            digits = 1 if mine and of(mine) - of(alone) < 10 else 0
            return figure(of(mine) - of(alone), digits) if mine else "-"

        rows = [["plain, the pair" if tool is PLAIN else tool.name,
                 *(cell(tool, place) for place in places)] for tool in tools]
        bench.table(title, ["tool", *heads], rows, explanation)

    table("Micro pair: ns added to a malloc and free", median,
          "Blocks of 16 to 511 bytes replaced at random. Columns: depth of the stack, live blocks. "
          "Median of interleaved runs less plain's.")
    table("Micro pair: the least run", min, "Likewise, the least run less plain's least.")


def threads(bench):
    tools = [tool for tool in tools_for(bench) if bench.full or not tool.rare]
    counts = [1, 2, 8]
    times = {count: per_pair(bench, tools, 20, 1_000, count) for count in counts}
    handed = {count: per_pair(bench, tools, 20, 0, count, across=True) for count in (2, 8)}
    rows = []
    for tool in tools:
        rates = [1000 / median(times[count][tool.name]) if times[count].get(tool.name) else None
                 for count in counts]
        over = [median(handed[count].get(tool.name)) for count in (2, 8)]
        rows.append([tool.name, *(figure(rate) for rate in rates), *(figure(t, 0) for t in over)])
        for count, rate in zip(counts, rates):
            bench.values["rate", tool.name, count] = rate
    bench.table("Threads: pairs of the whole process",
                ["tool", *(f"{count} thr" for count in counts), "2 thr over", "8 thr over"], rows,
                "Depth 20, 1,000 live blocks; millions of pairs a second. `over`: half of the "
                "threads allocate, the others free; ns of wall time a pair. Medians.")
