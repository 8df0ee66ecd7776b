-- How long they took, fastest first.
SELECT call, sampled, lower_ns, upper_ns, calls FROM call_latency ORDER BY call, lower_ns, sampled
