-- The stack nodes ?1 to ?2: who called, and from where.
SELECT id, ifnull(parent_id, -1), ifnull(address_id, -1)
FROM stack
WHERE id BETWEEN ?1 AND ?2
ORDER BY id
