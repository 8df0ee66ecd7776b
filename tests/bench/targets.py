"""What was promised (the issue about cost), against what was measured."""
from harness import figure

PROGRAMS = ("cc1plus", "jq", "perl", "sqlite3", "python3")
FULL, POOL, COUNTS, SAMPLE = ("heapscribe full", "full on the pool", "heapscribe counts",
                              "heapscribe sample")


def targets(values):
    """(what, measured, to reach, to aim for, digits), smaller is better."""
    wall = {"sqlite3": (1.25, 1.10), "python3": (1.60, 1.30)}
    for name in PROGRAMS:
        reach, aim = wall.get(name, (1.20, 1.10))
        yield f"{name}, full, wall", values.get(("wall", FULL, name)), reach, aim, 2
    for name in PROGRAMS:
        reach, aim = wall.get(name, (1.20, 1.10))
        yield f"{name}, full, CPU of all", values.get(("cpu", FULL, name)), reach + 0.05, aim, 2
    for depth, reach, aim in ((4, 45, 30), (20, 60, 40), (60, 100, 70)):
        value = values.get(("pair", FULL, (depth, 1_000)))
        yield f"pair, depth {depth}, added ns", value, reach, aim, 0
    one, eight = (values.get(("rate", FULL, count)) for count in (1, 8))
    plain_one, plain_eight = (values.get(("rate", "plain", count)) for count in (1, 8))
    if one and eight and plain_one and plain_eight:
        yield "1 thread's rate over 8 threads'", one / eight, 1.0, plain_one / plain_eight, 2
    yield "perl on the pool, wall", values.get(("wall", POOL, "perl")), 1.0, 1.0, 2
    yield ("pair on the pool, 1e6 live, ratio",
           values.get(("pair ratio", POOL, (20, 1_000_000))), 1.0, 1.0, 2)
    for name in PROGRAMS:
        yield f"{name}, sample, wall", values.get(("wall", SAMPLE, name)), 1.02, 1.01, 2
    yield "pair, counts, added ns", values.get(("pair", COUNTS, (20, 1_000))), 3, 2, 1
    for test in ("replace_at_random/1000", "replace_at_random/1000000", "freed_by_another_thread"):
        peers = {name: values.get(("pool", name, test)) for name in ("mimalloc", "jemalloc", "tcmalloc")}
        known = [value for value in peers.values() if value]
        if known and peers["mimalloc"]:
            yield (f"pool, {test.replace('_', ' ')}, ns", values.get(("pool", "pool", test)),
                   peers["mimalloc"], min(known), 1)
    per_thread = values.get(("thread bytes", FULL, ""))
    yield ("memory per thread, KiB", per_thread / 1024 if per_thread else None, 20, 8, 1)
    yield "memory per live block, bytes", values.get(("block bytes", FULL, "")), 16, 8, 1
    recorded = values.get(("recording bytes", 1_000_000_000, ""))
    yield ("database of 1e9 pairs, MB", recorded / 1e6 if recorded else None, 100, 20, 1)


def verdict(value, reach, aim, digits):
    def by(limit):
        return figure(abs(value - limit), digits)
    if value > reach:
        return f"missed by {by(reach)}"
    if value > aim:
        return f"met, {by(aim)} to the aim"
    return "met, and the aim"


def compare(bench):
    rows = []
    for what, value, reach, aim, digits in targets(bench.values):
        if value is None or value != value:
            continue
        rows.append([what, *(figure(v, digits) for v in (value, reach, aim)),
                     verdict(value, reach, aim, digits)])
    if rows:
        bench.table("Targets", ["what", "measured", "reach", "aim", "verdict"], rows,
                    "Ratios to the plain program where no unit is given; smaller is better.")
