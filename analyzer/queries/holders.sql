-- Who holds what is still reachable: the root, and the sites of the blocks between.
SELECT holder.site_id, holder.root, holder.tid, ifnull(module.path, ''), holder.offset,
       ifnull(holder.name, ''), holder.sites
FROM holder LEFT JOIN module ON module.id = holder.module_id
