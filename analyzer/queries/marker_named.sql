-- The last marker of a name.
SELECT max(ns) FROM marker WHERE name = ?1
