-- Every site with the address to blame, which symbols bring, else with its stack.
SELECT stack_id, ifnull(address_id, -1), ifnull(frame_depth, 0),
       allocations, bytes, live_blocks, live_bytes, peak_bytes, temporary,
       peak_blocks, reallocations, usable_bytes
FROM site
