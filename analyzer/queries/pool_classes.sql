-- What each size class of the pool served, smallest first, huge blocks last.
SELECT block_bytes, slab_bytes, allocations, requested_bytes, served_bytes, refills, spills,
       created, received, given, blocks, peak_blocks, slabs
FROM pool_class
ORDER BY block_bytes = 0, block_bytes
