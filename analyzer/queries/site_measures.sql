-- The measures of every selected site, to be folded into stacks or functions.
SELECT id, stack_id, ifnull(address_id, -1), ifnull(frame_depth, 0),
       allocations, bytes, live_blocks, live_bytes, peak_bytes, temporary,
       allocations_variance, bytes_variance, live_blocks_variance, live_bytes_variance
FROM temp.selected_site
