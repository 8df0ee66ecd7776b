-- Requested sizes of the whole run, smallest first.
SELECT lower, upper, allocations FROM size_class WHERE allocations > 0 ORDER BY lower
