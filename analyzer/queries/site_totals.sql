-- What every site held at the end and at the peak, and made in all.
SELECT id, live_blocks, live_bytes, allocations, bytes, peak_blocks, peak_bytes FROM site
