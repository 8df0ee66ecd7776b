-- Every module with its build id; '' = it has none.
SELECT path, build_id FROM module
