-- All snapshots in the order of time.
SELECT id, label, ns, cause, live_blocks, live_bytes, allocations, sites, rss_bytes, pause_ns, read_ns
FROM snapshot
ORDER BY ns, id
