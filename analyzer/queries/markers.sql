-- The moment that a marker's name stands for: its last one, as for diff.
SELECT name, max(ns) FROM marker GROUP BY name ORDER BY 2
