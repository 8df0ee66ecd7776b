-- What the threads in selected_thread allocated and freed themselves. Live may be negative where a
-- thread frees what others allocated. What is not recorded by thread (the peak, usable sizes) is
-- the whole site's; so are the variances of estimates, which are then too large.
CREATE TEMP VIEW selected_site AS
SELECT s.id, s.stack_id, s.kind, s.first_ns,
       t.allocations, t.bytes, t.frees, t.freed_bytes,
       s.peak_blocks, s.peak_bytes, t.temporary, s.reallocations, s.usable_bytes,
       s.min_size, s.max_size, s.address_id, s.frame_depth,
       t.allocations - t.frees AS live_blocks,
       t.bytes - t.freed_bytes AS live_bytes,
       s.allocations_variance, s.bytes_variance, s.live_blocks_variance, s.live_bytes_variance
FROM (SELECT site_id, sum(allocations) AS allocations, sum(bytes) AS bytes, sum(frees) AS frees,
             sum(freed_bytes) AS freed_bytes, sum(temporary) AS temporary
      FROM main.thread_site
      WHERE thread_id IN (SELECT thread_id FROM temp.selected_thread)
      GROUP BY site_id) t
JOIN site s ON s.id = t.site_id
WHERE s.id IN (SELECT site_id FROM temp.matching_site)
