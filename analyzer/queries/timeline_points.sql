-- Every reading of the process, in the order of time.
SELECT ns, live_bytes, live_blocks, allocations, bytes, frees, rss_bytes FROM timeline ORDER BY ns
