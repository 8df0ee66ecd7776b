-- Every site with the address to blame; before symbols are stored that is its innermost address.
SELECT ifnull(ifnull(address_id, (SELECT st.address_id FROM stack st WHERE st.id = site.stack_id)), -1),
       ifnull(frame_depth, 0),
       allocations, bytes, live_blocks, live_bytes, peak_bytes, temporary,
       peak_blocks, reallocations, usable_bytes
FROM site
