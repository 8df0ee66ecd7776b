-- Totals of the nodes called from ?1. View selected_stack_total is table
-- stack_total or what was computed for a selection.
SELECT stack_id, allocations, bytes, live_blocks, live_bytes, peak_bytes, temporary
FROM temp.selected_stack_total
WHERE parent_id = ?1
