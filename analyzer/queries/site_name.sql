-- What a site is called: its kind and the function to blame. ?1 = site
SELECT s.kind, ifnull(fn.name, '')
FROM site s
LEFT JOIN frame f ON f.address_id = s.address_id AND f.depth = s.frame_depth
LEFT JOIN function fn ON fn.id = f.function_id
WHERE s.id = ?1
