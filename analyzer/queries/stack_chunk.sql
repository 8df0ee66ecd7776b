-- The chunk that holds the stack node ?1, if there is such a node.
SELECT id, nodes
FROM stack_chunk
WHERE id <= ?1
ORDER BY id DESC
LIMIT 1
