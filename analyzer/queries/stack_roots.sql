-- Totals of the outermost frames.
SELECT stack_id, allocations, bytes, live_blocks, live_bytes, peak_bytes, temporary
FROM temp.selected_stack_total
WHERE parent_id IS NULL
