-- Sections meant by ?1, a name or the end of a path "outer/inner", and those within them.
INSERT INTO temp.selected_section
WITH RECURSIVE path(id, name, path) AS (
  SELECT id, name, name FROM main.section WHERE parent_id IS NULL
  UNION ALL
  SELECT s.id, s.name, path.path || '/' || s.name
  FROM main.section s JOIN path ON path.id = s.parent_id
),
chosen(id) AS (
  SELECT id FROM path
  WHERE name = ?1 OR path = ?1 OR substr(path, -length(?1) - 1) = '/' || ?1
  UNION
  SELECT s.id FROM main.section s JOIN chosen ON chosen.id = s.parent_id
)
SELECT id FROM chosen
