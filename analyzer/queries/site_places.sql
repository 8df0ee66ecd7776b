-- Every selected site with its stack and the place to blame, most bytes held at the end first.
SELECT id, stack_id, ifnull(address_id, -1), ifnull(frame_depth, 0), live_bytes, live_blocks
FROM temp.selected_site
ORDER BY live_bytes DESC, bytes DESC, id
