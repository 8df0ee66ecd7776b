-- Whose blocks one storm released, the most frequent first.
SELECT site_id, looks FROM pause_site WHERE source = ?1 AND number = ?2 ORDER BY looks DESC
