-- Selected sites with the stacks that released their blocks, and the places to blame for both.
SELECT site.id, site.stack_id, ifnull(site.address_id, -1), ifnull(site.frame_depth, 0),
       release.stack_id, ifnull(release.address_id, -1), ifnull(release.frame_depth, 0),
       release.frees, release.bytes
FROM temp.selected_site AS site JOIN release AS release ON release.site_id = site.id
ORDER BY CASE ?1 WHEN 1 THEN release.frees ELSE release.bytes END DESC, site.id, release.stack_id
