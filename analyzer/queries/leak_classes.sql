-- Live blocks of the selected sites by class, lost ones first, then by bytes.
SELECT found.class, found.blocks, found.bytes, found.retained_bytes,
       site.id, site.kind, site.stack_id, ifnull(site.address_id, -1), ifnull(site.frame_depth, 0),
       site.allocations, site.frees, site.first_ns, site.min_size, site.max_size,
       site.peak_bytes, site.temporary
FROM temp.selected_site AS site JOIN main.block_class AS found ON found.site_id = site.id
ORDER BY CASE found.class WHEN 'definite' THEN 0 WHEN 'possible' THEN 1 WHEN 'indirect' THEN 2
                          ELSE 3 END, found.bytes DESC, site.id
