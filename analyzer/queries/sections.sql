-- Every section with what was allocated in it alone, of the threads in selected_thread, or of all if
-- there are none. What is not recorded by thread (entries, the peak) is the whole section's.
SELECT s.id, ifnull(s.parent_id, 0), s.name, s.first_ns, s.entered, s.ended,
       ifnull(t.allocations, 0), ifnull(t.bytes, 0), ifnull(t.frees, 0), ifnull(t.freed_bytes, 0),
       ifnull(t.temporary, 0),
       ifnull((SELECT sum(bytes) FROM main.section_peak p WHERE p.section_id = s.id), 0)
FROM main.section s
LEFT JOIN (SELECT section_id, sum(allocations) AS allocations, sum(bytes) AS bytes,
                  sum(frees) AS frees, sum(freed_bytes) AS freed_bytes,
                  sum(temporary) AS temporary
           FROM main.section_site
           WHERE NOT EXISTS (SELECT 1 FROM temp.selected_thread)
              OR thread_id IN (SELECT thread_id FROM temp.selected_thread)
           GROUP BY section_id) t ON t.section_id = s.id
ORDER BY s.id
