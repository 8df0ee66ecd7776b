-- Timed allocations of the pool, fastest first.
SELECT upper_ns, allocations FROM pool_time ORDER BY lower_ticks
