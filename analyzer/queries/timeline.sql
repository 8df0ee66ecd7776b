-- The run in ?1 equal parts, the highest values of each.
WITH span(ns) AS (SELECT max(max(ns), 1) FROM timeline)
SELECT min(t.ns * ?1 / (SELECT ns FROM span), ?1 - 1) AS part, max(t.live_bytes), max(t.rss_bytes)
FROM timeline t
GROUP BY part
ORDER BY part
