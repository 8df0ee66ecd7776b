-- Frames of the addresses ?1 to ?2, innermost first. An address without symbols gives one row
-- without a function. Two ways to run it: for one address, or for all of them in one pass.
SELECT a.id, ifnull(a.module_id, 0), a.offset, fn.name, sf.path, f.line, f.inlined
FROM address a
LEFT JOIN frame f ON f.address_id = a.id
LEFT JOIN function fn ON fn.id = f.function_id
LEFT JOIN source_file sf ON sf.id = f.file_id
WHERE a.id BETWEEN ?1 AND ?2
ORDER BY a.id, f.depth
