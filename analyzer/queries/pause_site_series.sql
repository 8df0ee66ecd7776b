-- Live blocks and allocations over time of the sites that storms released from.
SELECT site_id, ns, live_blocks, allocations FROM site_timeline
WHERE site_id IN (SELECT site_id FROM pause_site) ORDER BY site_id, ns
