-- All releases of the selected sites, whether or not it is known where they happened.
SELECT ifnull(sum(frees), 0), ifnull(sum(freed_bytes), 0) FROM temp.selected_site
