-- What every selected site allocated and held, largest first.
SELECT id, stack_id, ifnull(address_id, -1), ifnull(frame_depth, 0),
       allocations, bytes, peak_bytes, temporary
FROM temp.selected_site
ORDER BY allocations DESC, bytes DESC, id
