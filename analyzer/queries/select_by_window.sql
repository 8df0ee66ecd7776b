-- What was allocated and freed in the window that temp.window_site holds, and what was held at its end
-- and at its fullest. What is not known over time (temporary blocks, reallocations, usable sizes) is 0,
-- sizes are the whole site's.
CREATE TEMP VIEW selected_site AS
SELECT s.id, s.stack_id, s.kind, s.first_ns,
       w.allocations, w.bytes, w.frees, w.freed_bytes,
       w.peak_blocks, w.peak_bytes, 0 AS temporary, 0 AS reallocations, 0 AS usable_bytes,
       s.min_size, s.max_size, s.address_id, s.frame_depth,
       w.live_blocks, w.live_bytes,
       s.allocations_variance, s.bytes_variance, s.live_blocks_variance, s.live_bytes_variance
FROM temp.window_site w
JOIN site s ON s.id = w.site_id
WHERE s.id IN (SELECT site_id FROM temp.matching_site)
