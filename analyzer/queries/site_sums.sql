-- How many sites are selected and what they add up to. ?1, ?2 as in sites.sql.
SELECT count(*), sum(allocations), sum(bytes), sum(live_blocks), sum(live_bytes), sum(peak_bytes),
       sum(temporary)
FROM temp.selected_site
WHERE ?2 = 0
   OR CASE ?1 WHEN 2 THEN live_blocks WHEN 3 THEN peak_bytes WHEN 4 THEN temporary
              WHEN 5 THEN usable_bytes - bytes ELSE 1 END > 0
