-- Selected sites by one measure, largest first. ?1 = measure (model/units.h), ?2 = 1 to leave out
-- sites where it is 0, ?3 = how many (-1 = all).
-- Sorting a scan of site instead of an index per measure: 100,000 rows cost 40 ms here, the indexes
-- would cost the collector at every batch.
SELECT id, stack_id, kind, ifnull(address_id, -1), ifnull(frame_depth, 0),
       allocations, bytes, live_blocks, live_bytes, peak_bytes, temporary,
       frees, freed_bytes, peak_blocks, reallocations, usable_bytes, min_size, max_size, first_ns,
       allocations_variance, bytes_variance, live_blocks_variance, live_bytes_variance
FROM temp.selected_site
WHERE ?2 = 0
   OR CASE ?1 WHEN 2 THEN live_blocks WHEN 3 THEN peak_bytes WHEN 4 THEN temporary
              WHEN 5 THEN usable_bytes - bytes ELSE 1 END > 0
ORDER BY CASE ?1 WHEN 0 THEN bytes WHEN 1 THEN allocations WHEN 2 THEN live_bytes
                 WHEN 3 THEN peak_bytes WHEN 4 THEN temporary
                 ELSE usable_bytes - bytes END DESC, id
LIMIT ?3
