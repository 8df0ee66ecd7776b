-- The snapshot with label ?1, or number ?2 (-1 = none); of several the last. At the end of the row how many
-- others have its label.
SELECT id, label, ns, cause,
       (SELECT count(*) FROM snapshot AS other WHERE other.label = ?1 AND other.id < snapshot.id)
         * (label = ?1)
FROM snapshot
WHERE label = ?1 OR id = ?2
ORDER BY label = ?1 DESC, id DESC
LIMIT 1
