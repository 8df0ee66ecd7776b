-- The recorder's rare work, longest first.
SELECT cause, times, ns FROM profiler_time ORDER BY ns DESC
