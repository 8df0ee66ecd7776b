-- The series of all sites, packed as in schema.sql, in the order of time.
SELECT ns, points FROM site_interval ORDER BY ns
