-- The selected sites, for what each of them held at a moment.
SELECT id, kind, stack_id, ifnull(address_id, -1), ifnull(frame_depth, 0), first_ns
FROM temp.selected_site
