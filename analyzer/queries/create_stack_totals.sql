-- Table stack_total for a selection of sites, or for a recording that has none yet.
CREATE TEMP TABLE selected_stack_total (
  stack_id INTEGER PRIMARY KEY, parent_id INTEGER,
  allocations INTEGER, bytes INTEGER, live_blocks INTEGER, live_bytes INTEGER,
  peak_bytes INTEGER, temporary INTEGER
)
