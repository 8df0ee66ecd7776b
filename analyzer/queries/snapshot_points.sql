-- What changed up to snapshot ?1, packed, in the order of taking: the last word on a site counts.
SELECT points FROM snapshot_points WHERE snapshot_id <= ?1 ORDER BY snapshot_id
