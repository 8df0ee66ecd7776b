-- Totals of the run. The collector keeps them in `recording`; where it has not come to that yet,
-- they are added up from the threads. The columns are read by position in capture_reader.cpp.
WITH value_of(key, value) AS (SELECT key, value FROM recording)
SELECT
  ifnull((SELECT value FROM value_of WHERE key = 'allocations'), (SELECT sum(allocations) FROM thread)),
  ifnull((SELECT value FROM value_of WHERE key = 'allocated_bytes'), (SELECT sum(bytes) FROM thread)),
  ifnull((SELECT value FROM value_of WHERE key = 'frees'), (SELECT sum(frees) FROM thread)),
  ifnull((SELECT value FROM value_of WHERE key = 'freed_bytes'), (SELECT sum(freed_bytes) FROM thread)),
  ifnull((SELECT value FROM value_of WHERE key = 'reallocations'), (SELECT sum(reallocations) FROM thread)),
  ifnull((SELECT value FROM value_of WHERE key = 'temporary'), (SELECT sum(temporary) FROM thread)),
  (SELECT value FROM value_of WHERE key = 'usable_bytes'),
  (SELECT value FROM value_of WHERE key = 'unknown_frees'),
  (SELECT value FROM value_of WHERE key = 'failed_calls'),
  ifnull((SELECT value FROM value_of WHERE key = 'live_blocks'), (SELECT sum(allocations - frees) FROM thread)),
  ifnull((SELECT value FROM value_of WHERE key = 'live_bytes'), (SELECT sum(bytes - freed_bytes) FROM thread)),
  ifnull((SELECT value FROM value_of WHERE key = 'peak_bytes'), (SELECT max(live_bytes) FROM timeline)),
  (SELECT value FROM value_of WHERE key = 'peak_ns'),
  (SELECT value FROM value_of WHERE key = 'peak_error_bytes'),
  ifnull((SELECT value FROM value_of WHERE key = 'threads'), (SELECT count(*) FROM thread)),
  (SELECT value FROM value_of WHERE key = 'unrecorded_children'),
  ifnull((SELECT value FROM value_of WHERE key = 'duration_ns'), (SELECT max(ns) FROM timeline))
