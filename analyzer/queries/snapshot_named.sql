-- The snapshot with label ?1, or number ?2 (-1 = none); of several the last.
SELECT id, label, ns, cause FROM snapshot
WHERE label = ?1 OR id = ?2
ORDER BY label = ?1 DESC, id DESC
LIMIT 1
