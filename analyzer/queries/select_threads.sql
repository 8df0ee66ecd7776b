-- Threads meant by ?1: "#id", else a TID, else a name (which several threads may carry).
INSERT INTO temp.selected_thread
SELECT id FROM main.thread
WHERE '#' || id = ?1
   OR CAST(tid AS TEXT) = ?1
   OR (name = ?1 AND NOT EXISTS (SELECT 1 FROM main.thread WHERE CAST(tid AS TEXT) = ?1))
