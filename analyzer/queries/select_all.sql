-- No filter: the table itself.
CREATE TEMP VIEW selected_site AS SELECT * FROM site
