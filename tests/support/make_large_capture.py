#!/usr/bin/env python3
"""Writes a recording with as many sites as a large compiler run has, to time the reports on.

make_large_capture.py FILE [SITES] [NODES]
"""
import json
import os
import random
import sqlite3
import sys

SCHEMA = os.path.join(os.path.dirname(__file__), "../../preload/capture/schema.sql")


def main():
    path = sys.argv[1]
    sites = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    nodes = int(sys.argv[3]) if len(sys.argv) > 3 else 3 * sites
    random.seed(1)
    if os.path.exists(path):
        os.remove(path)
    db = sqlite3.connect(path)
    db.executescript(open(SCHEMA).read())
    modules = ["/usr/lib/big/cc1plus", "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/libstdc++.so.6",
               "/usr/lib/libgmp.so.10"]
    for i, module in enumerate(modules):
        db.execute("INSERT INTO module VALUES(?,?,'',0,?,?,0,NULL,?)",
                   (i + 1, module, i << 32, (i + 1) << 32, module))
    functions, addresses = 12_000, max(nodes // 6, 100)
    db.executemany("INSERT INTO function VALUES(?,?)",
                   ((i, f"ns{i % 97}::parser<char, {i}>::function_{i}(std::vector<int> const&, int)")
                    for i in range(1, functions + 1)))
    db.executemany("INSERT INTO source_file VALUES(?,?)",
                   ((i, f"/usr/src/gcc/some/where/file_{i}.cc") for i in range(1, 501)))
    db.executemany("INSERT INTO address VALUES(?,?,?)",
                   ((i, 1 + (i % 11 == 0) + (i % 13 == 0), i * 16) for i in range(1, addresses + 1)))
    for a in range(1, addresses + 1):
        inlined = 1 if a % 4 == 0 else 0
        for depth in range(inlined + 1):
            f = 1 + (a * 7 + depth * 3) % functions
            db.execute("INSERT INTO frame VALUES(?,?,?,?,?,?)",
                       (a, depth, f, 1 + f % 500, a % 3000, int(depth < inlined)))
    parent, address = [None], [None]
    for i in range(1, nodes + 1):
        p = None if i == 1 else random.randint(max(1, int((i - 1) * 0.5)), i - 1) if i > 400 else i - 1 if i < 12 else random.randint(1, i - 1)
        parent.append(p)
        address.append(random.randint(1, addresses))
    for first in range(1, nodes + 1, 128):
        chunk = range(first, min(first + 128, nodes + 1))
        db.execute("INSERT INTO stack_chunk VALUES(?,?)",
                   (first, json.dumps([[parent[i] or 0, address[i]] for i in chunk], separators=(",", ":"))))
    sums = [0] * 7
    kinds = ["malloc", "calloc", "realloc", "new", "new[]"]
    rows, threads = [], []
    for s in range(1, sites + 1):
        node = nodes - s + 1 if nodes >= s else 1
        calls = int(random.paretovariate(0.8)) + 1
        size = random.choice([16, 24, 32, 48, 64, 100, 256, 1000, 4096, 70000])
        frees = calls if random.random() < 0.8 else random.randint(0, calls)
        temporary = int(frees * random.random() * 0.3)
        peak = random.randint(0, calls // 2 + 1)
        usable = calls * ((size + 8 + 15) // 16 * 16 - 8)
        kind = kinds[s % 5]
        rows.append((s, node, kind, s * 1000, calls, calls * size, frees, frees * size, peak,
                     peak * size, temporary, calls // 3 if kind == "realloc" else 0, usable, size,
                     size, address[node], 0))
        for t in {1, 1 + s % 4}:
            threads.append((t, s, calls, calls * size, frees, frees * size, temporary))
        values = (calls, calls * size, calls - frees, (calls - frees) * size, peak * size, temporary)
        for k, v in enumerate(values):
            sums[k] += v
        sums[6] += usable
    db.executemany("""INSERT INTO site(id,stack_id,kind,first_ns,allocations,bytes,frees,freed_bytes,
                      peak_blocks,peak_bytes,temporary,reallocations,usable_bytes,min_size,max_size,
                      address_id,frame_depth) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)""", rows)
    for t in range(1, 5):
        db.execute("INSERT INTO thread VALUES(?,?,?,?,NULL,1,1,1,1,0,0)", (t, 1000 + t, f"worker-{t}", t))
    db.executemany("INSERT INTO shared_site VALUES(?,?,?,?,?,?,?)", threads)
    db.executemany("INSERT INTO timeline VALUES(?,?,?,?,?,?,?)",
                   ((i * 10_000_000, (i * 7919) % 90_000_000, i, i, i, i, 2_000_000 + i * 10_000)
                    for i in range(2000)))
    for lower in range(0, 256):
        db.execute("INSERT INTO size_class VALUES(?,?,?)", (lower, lower, lower * 3))
    for kind in kinds:
        db.execute("INSERT INTO call_kind VALUES(?,?,?)", (kind, sums[0] // 5, sums[1] // 5))
    for key, value in {
            "state": "complete", "program": "/usr/lib/big/cc1plus", "command_line": '["cc1plus","-O2","heavy.cc"]',
            "host": "", "pid": 4711, "collector_pid": 4712, "mode": "full", "unwinder": "libunwind",
            "start_realtime_ns": 1, "duration_ns": 20_000_000_000, "end_kind": "exited", "end_status": 0,
            "allocations": sums[0], "allocated_bytes": sums[1], "frees": sums[0] - sums[2],
            "freed_bytes": sums[1] - sums[3], "reallocations": 12345, "temporary": sums[5],
            "usable_bytes": sums[6], "unknown_frees": 0, "failed_calls": 0, "live_blocks": sums[2],
            "live_bytes": sums[3], "peak_bytes": sums[4], "peak_ns": 9_000_000_000,
            "peak_error_bytes": 0, "threads": 4, "unrecorded_children": 0, "symbolized": 1}.items():
        db.execute("INSERT INTO recording VALUES(?,?)", (key, value))
    db.commit()


main()
