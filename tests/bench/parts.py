"""Single parts of heapscribe, by Google Benchmark."""
import json
import os
import re
import subprocess

from harness import figure, median
from tools import library


def results(bench, program, preload=None, rounds=None):
    """{name: nanoseconds of CPU (of wall time where threads wait for each other)}, or None."""
    path = bench.programs / program
    if not path.exists():
        bench.note(f"{program}: skipped, not built (needs Google Benchmark)")
        return None
    seconds = 0.5 if bench.full else 0.05
    command = [path, "--benchmark_format=json", f"--benchmark_min_time={seconds}",
               f"--benchmark_repetitions={rounds or bench.rounds}",
               "--benchmark_enable_random_interleaving=true"]
    environment = dict(os.environ, LD_PRELOAD=str(preload)) if preload else None
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
                          env=environment)
    times = {}
    for run in json.loads(done.stdout)["benchmarks"]:
        if run["run_type"] != "iteration" or run.get("error_occurred"):
            continue
        waits = "freed_by_another" in run["name"]
        unit = {"ns": 1, "us": 1e3, "ms": 1e6}[run["time_unit"]]
        time = run["real_time" if waits else "cpu_time"] * unit
        if rate := run.get("items_per_second"):
            time = 1e9 / rate
        name = re.sub(r"/(real_time|repeats:\d+)", "", run["name"])
        times.setdefault(name, []).append(time)
    return times


def unwinder(bench):
    times = results(bench, "unwinder_bench")
    if times is None:
        return
    depths = sorted({int(name.split("/")[2]) for name in times})
    rows = [[f"{who}, {place.replace('_', ' ')}",
             *(figure(median(times.get(f"{who}/{place}/{depth}")), 1) for depth in depths)]
            for who in ("remembered", "rules", "libunwind", "boost")
            for place in ("same_place", "changing_leaf")]
    bench.table("Unwinder: ns a capture", ["unwinder, where", *(f"{d} frames" for d in depths)], rows)


def recorder(bench):
    times = results(bench, "recorder_bench")
    if times is None:
        return
    rows = [[f"{int(name.split('/')[1]):,}", figure(median(of), 1), figure(min(of), 1)]
            for name, of in sorted(times.items())]
    bench.table("Recorder: ns a pair, stacks made up", ["sites", "median", "min"], rows)


def blocks(bench):
    times = results(bench, "blocks_bench")
    if times is None:
        return
    columns = [(live, threads) for live in (1_000, 1_000_000) for threads in (1, 2)]
    rows = [[book.replace("_", " "),
             *(figure(median(times.get(f"{book}/{live}/threads:{threads}")), 1)
               for live, threads in columns)] for book in ("small_blocks", "block_table")]
    heads = [f"{live:.0e}, {threads}".replace("e+0", "e") for live, threads in columns]
    bench.table("Block books: ns of CPU to enter and remove a block", ["book", *heads], rows,
                "Columns: live blocks, threads.")


def pool(bench):
    pool_library = bench.build / "lib/libpool_alone.so"
    allocators = {"pool": pool_library if pool_library.exists() else None,
                  "mimalloc": library("libmimalloc.so.2"), "jemalloc": library("libjemalloc.so.2"),
                  "tcmalloc": library("libtcmalloc_minimal.so.4")}
    allocators = {name: path for name, path in allocators.items() if path} | {"glibc": None}
    times = {name: {} for name in allocators}
    for _ in range(bench.rounds):
        for name, path in allocators.items():
            done = results(bench, "pool_bench", path, rounds=1)
            if done is None:
                return
            for test, values in done.items():
                times[name].setdefault(test, []).extend(values)
    tests = sorted(times["glibc"], key=lambda test: [int(part) if part.isdigit() else 0
                                                     for part in test.split("/")[1:]])
    tests.sort(key=lambda test: test.split("/")[0])
    rows = [[test.replace("_", " "), *(figure(median(times[name].get(test)), 1) for name in times)]
            for test in tests]
    for name in times:
        for test in tests:
            bench.values["pool", name, test] = median(times[name].get(test))
    bench.table("Pool alone: ns a block", ["what", *times], rows)
