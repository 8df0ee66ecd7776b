-- The series of every site that has live blocks at the end, by site and time.
SELECT site_id, ns, live_blocks, allocations FROM site_timeline
WHERE site_id IN (SELECT site_id FROM block_class) ORDER BY site_id, ns
