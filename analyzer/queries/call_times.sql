-- Timed calls: all large ones (0), a sample of the others (1).
SELECT call, sampled, calls, ns, longest_ns FROM call_time ORDER BY call, sampled
