-- What was allocated in the sections in selected_section, and how much of it was freed; of the
-- threads in selected_thread, or of all if there are none. What is not recorded by section (usable
-- sizes, reallocations) is the whole site's, and so is what is not recorded by thread of a section.
CREATE TEMP VIEW selected_site AS
SELECT s.id, s.stack_id, s.kind, s.first_ns,
       t.allocations, t.bytes, t.frees, t.freed_bytes,
       ifnull(p.blocks, 0) AS peak_blocks, ifnull(p.bytes, 0) AS peak_bytes,
       t.temporary, s.reallocations, s.usable_bytes,
       s.min_size, s.max_size, s.address_id, s.frame_depth,
       t.allocations - t.frees AS live_blocks,
       t.bytes - t.freed_bytes AS live_bytes,
       s.allocations_variance, s.bytes_variance, s.live_blocks_variance, s.live_bytes_variance
FROM (SELECT site_id, sum(allocations) AS allocations, sum(bytes) AS bytes, sum(frees) AS frees,
             sum(freed_bytes) AS freed_bytes, sum(temporary) AS temporary
      FROM main.section_site
      WHERE section_id IN (SELECT section_id FROM temp.selected_section)
        AND (NOT EXISTS (SELECT 1 FROM temp.selected_thread)
             OR thread_id IN (SELECT thread_id FROM temp.selected_thread))
      GROUP BY site_id) t
JOIN site s ON s.id = t.site_id
LEFT JOIN (SELECT site_id, sum(blocks) AS blocks, sum(bytes) AS bytes
           FROM main.section_peak
           WHERE section_id IN (SELECT section_id FROM temp.selected_section)
           GROUP BY site_id) p ON p.site_id = s.id
WHERE s.id IN (SELECT site_id FROM temp.matching_site)
