-- Sites that a filter by function or module has put into matching_site.
CREATE TEMP VIEW selected_site AS
SELECT * FROM site WHERE id IN (SELECT site_id FROM temp.matching_site)
