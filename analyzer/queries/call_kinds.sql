-- Allocations by the function that was called, most frequent first.
SELECT kind, allocations, bytes FROM call_kind WHERE allocations > 0 ORDER BY allocations DESC, kind
