-- The trace in the order in which its chunks begin.
SELECT id, thread_id, first_number, last_number, events, lost, data
FROM trace_chunk
ORDER BY first_number, id
