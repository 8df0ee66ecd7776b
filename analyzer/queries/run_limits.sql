-- Limits of run --budget, with the place of the first call that would have passed each.
SELECT b.figure, b.action, b.most, b.refused, b.passed_ns, b.requested, b.value,
       ifnull(s.kind, ''), ifnull(fn.name, ''), ifnull(sf.path, ''), ifnull(f.line, 0)
FROM budget b
LEFT JOIN site s ON s.id = b.site_id
LEFT JOIN frame f ON f.address_id = s.address_id AND f.depth = s.frame_depth
LEFT JOIN function fn ON fn.id = f.function_id
LEFT JOIN source_file sf ON sf.id = f.file_id
ORDER BY CASE b.figure WHEN 'peak' THEN 0 WHEN 'bytes' THEN 1 ELSE 2 END
