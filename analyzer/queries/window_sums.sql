-- What all sites of the window in temp.window_site have together.
SELECT sum(allocations), sum(bytes), sum(live_blocks), sum(live_bytes), sum(peak_bytes)
FROM temp.window_site
