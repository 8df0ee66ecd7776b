-- What held threads up, by time.
SELECT source, number, kind, cause, start_ns, duration_ns, thread_id, bytes, blocks, size,
       stands_for, continues, stack_id, ifnull(address_id, -1), ifnull(frame_depth, 0)
FROM pause ORDER BY start_ns, source, number
