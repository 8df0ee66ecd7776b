-- A heapscribe recording: one SQLite file, self-contained, readable while it is being written.
--
-- application_id and user_version name the format; a reader refuses what it does not know.
-- Times are nanoseconds since the start of the recording unless a column says otherwise, sizes are
-- bytes as the program requested them, counts are exact unless table `loss` says what is missing.
-- A successful realloc of an existing block counts as one allocation and one free, at the stack of
-- the realloc and of the old block respectively, and once more in `reallocations`.
-- live = allocated - freed. "temporary" = freed by the allocating thread before it allocates again.
--
-- What would be millions of small rows is packed into JSON arrays, in the tables stack_chunk,
-- site_interval and snapshot_points, or computed when asked for. Views show it row by row: stack,
-- stack_total, thread_site, site_timeline, snapshot_site. They read everything whatever you ask for (about 0.1 s for 400,000
-- stack nodes; a few seconds for stack_total).

PRAGMA application_id = 0x48505343;  -- "HPSC"
PRAGMA user_version = 2;

-- What was recorded and how. Keys:
--   state          'recording' | 'complete' | 'interrupted' (recovered after the collector died)
--   program, command_line (JSON array), working_directory, host, pid, collector_pid, session_path
--   allocator      'system' (what the program would use anyway) | 'pool' | path of a library
--   mode           'full' | 'counts' | 'sample';   unwinder 'auto' | 'rules' | 'libunwind' | 'boost' | 'fp'
--   sample_mean_bytes  mean distance of samples in mode 'sample': there the allocations, allocated
--                  bytes, frees and live blocks of the whole process are exact, all else is estimated
--                    heapscribe_version
--   start_realtime_ns (since 1970), duration_ns
--   end_kind       'exited' | 'signaled' | 'execed' | 'unknown' | 'running'
--   end_status     exit status, or signal number; NULL if unknown;   exec_path for 'execed'
--   allocations, allocated_bytes, frees, freed_bytes, reallocations, temporary, usable_bytes,
--   unknown_frees, failed_calls, live_blocks, live_bytes, peak_bytes, peak_ns, peak_error_bytes,
--   threads, unrecorded_children
--   site_timeline_step_ns, timeline_step_ns   widths of the two series
--   snapshot_every_ns   distance of periodic snapshots, as it is now: it doubles when there are too
--                  many; snapshots_thinned: how many were given up for that
--   memory_total_bytes  of the machine;  memory_limit_bytes  of the program's control group, if any
--   site_readings  how often the sites' counters were read while the program ran
--   symbolized     1 once `frame` covers every address
--   free_stacks    1 if table release was asked for
--   leak_check     'complete', or why there is none; then also leak_check_blocks (looked at),
--                  leak_check_scanned_bytes, leak_check_stopped_ns (how long the threads stood still),
--                  leak_check_marking_ns (in a copy, meanwhile), leak_check_threads,
--                  leak_check_threads_unseen (of which the registers are not known),
--                  leak_check_retained (1 = retained_bytes are known); leak_check_fault if it crashed
--                  (the instruction, and the address that it asked for)
--   pause_threshold_ns  what counts as a pause (table pause); missing = time was not read
--   pauses_lost    pauses that are not in the table;   timer_ns  cost of timing a call, subtracted
--   sampled_recorder_ns  the recorder's own part of the sampled calls of call_time
--   clock_stopped_ns  from then on the program's own restrictions forbade it; 0 = never
--   paused_times, paused_ns  how often and how long the program paused recording;
--                  unrecorded_allocations  made meanwhile;  paused_now  1 if it is paused
--   trace          'block' | 'drop' | 'degrade' if every event was traced as well; trace_end_ns if
--                  the trace ended before the recording did
CREATE TABLE recording (
  key TEXT PRIMARY KEY,
  value
) WITHOUT ROWID;

CREATE TABLE loss (
  kind TEXT PRIMARY KEY,    -- as in preload/wire/losses.h
  events INTEGER NOT NULL,  -- 0 = nothing lost
  meaning TEXT NOT NULL
) WITHOUT ROWID;

-- Objects that were mapped, and when. An unloaded object keeps its row.
CREATE TABLE module (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL,
  build_id TEXT NOT NULL DEFAULT '',  -- lower-case hex, empty when the object has none
  bias INTEGER NOT NULL,              -- load address minus link-time address
  base INTEGER NOT NULL,
  end INTEGER NOT NULL,
  load_ns INTEGER NOT NULL,
  unload_ns INTEGER,                  -- NULL = still loaded at the end
  symbol_source TEXT                  -- file the symbols were read from; NULL = none found (yet)
);

-- One return address. The call it belongs to ends one byte before it: look up offset - 1.
CREATE TABLE address (
  id INTEGER PRIMARY KEY,
  module_id INTEGER REFERENCES module(id),  -- NULL = in no module (generated code)
  offset INTEGER NOT NULL                   -- link-time address in the module (runtime - bias), or absolute
);

CREATE TABLE function (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE  -- demangled
);

CREATE TABLE source_file (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE
);

-- What an address means. Inlined calls give one address several frames: depth 0 is the innermost
-- inlined function, the highest depth is the function that the code really belongs to.
CREATE TABLE frame (
  address_id INTEGER NOT NULL REFERENCES address(id),
  depth INTEGER NOT NULL,
  function_id INTEGER NOT NULL REFERENCES function(id),
  file_id INTEGER REFERENCES source_file(id),
  line INTEGER,
  inlined INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (address_id, depth)
) WITHOUT ROWID;

-- The nodes of the call tree, see view stack, numbered without gaps from `id` on. `nodes` is an
-- array with an item a node: the address if its parent is the node before it, else
-- [parent,address]; parent 0 = none.
CREATE TABLE stack_chunk (
  id INTEGER PRIMARY KEY,
  nodes TEXT NOT NULL
);

-- An allocation site: a distinct stack and call kind.
CREATE TABLE site (
  id INTEGER PRIMARY KEY,
  stack_id INTEGER NOT NULL REFERENCES stack(id),  -- innermost frame
  kind TEXT NOT NULL,  -- malloc calloc realloc aligned new new[] new-aligned
  thread_id INTEGER REFERENCES thread(id),  -- the only thread that used it; NULL = see shared_site
  first_ns INTEGER NOT NULL,
  allocations INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  frees INTEGER NOT NULL DEFAULT 0,
  freed_bytes INTEGER NOT NULL DEFAULT 0,
  peak_blocks INTEGER NOT NULL DEFAULT 0,  -- held at the high-water mark of the whole process
  peak_bytes INTEGER NOT NULL DEFAULT 0,
  temporary INTEGER NOT NULL DEFAULT 0,
  reallocations INTEGER NOT NULL DEFAULT 0,
  usable_bytes INTEGER NOT NULL DEFAULT 0,  -- bytes as the allocator rounded them up
  min_size INTEGER NOT NULL DEFAULT 0,
  max_size INTEGER NOT NULL DEFAULT 0,
  -- Mode 'sample': the numbers above are estimates, and these estimate their variance (blocks^2,
  -- bytes^2; preload/record/sampling.h); 0 = exact. Intervals: analyzer/model/units.h.
  allocations_variance REAL NOT NULL DEFAULT 0,
  bytes_variance REAL NOT NULL DEFAULT 0,
  live_blocks_variance REAL NOT NULL DEFAULT 0,
  live_bytes_variance REAL NOT NULL DEFAULT 0,
  -- The innermost frame that is not an allocation function; filled in with the symbols.
  address_id INTEGER REFERENCES address(id),
  frame_depth INTEGER,
  live_blocks INTEGER GENERATED ALWAYS AS (allocations - frees) VIRTUAL,
  live_bytes INTEGER GENERATED ALWAYS AS (bytes - freed_bytes) VIRTUAL
);

CREATE TABLE thread (
  id INTEGER PRIMARY KEY,  -- 1 = first thread that allocated
  tid INTEGER NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  start_ns INTEGER NOT NULL,
  end_ns INTEGER,          -- NULL = lived to the end
  allocations INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  frees INTEGER NOT NULL DEFAULT 0,
  freed_bytes INTEGER NOT NULL DEFAULT 0,
  reallocations INTEGER NOT NULL DEFAULT 0,
  temporary INTEGER NOT NULL DEFAULT 0
);

-- What a thread itself allocated and freed at a site that several threads used; see thread_site.
CREATE TABLE shared_site (
  thread_id INTEGER NOT NULL REFERENCES thread(id),
  site_id INTEGER NOT NULL REFERENCES site(id),
  allocations INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  frees INTEGER NOT NULL,
  freed_bytes INTEGER NOT NULL,
  temporary INTEGER NOT NULL,
  PRIMARY KEY (thread_id, site_id)
) WITHOUT ROWID;

-- What the program said of itself through heapscribe.h; empty otherwise -----------------------------

-- Sections, each within another or none. What was allocated in one stays its own whoever frees it.
CREATE TABLE section (
  id INTEGER PRIMARY KEY,
  parent_id INTEGER REFERENCES section(id),  -- NULL = within none; always smaller than id
  name TEXT NOT NULL,
  first_ns INTEGER NOT NULL,
  entered INTEGER NOT NULL,
  ended INTEGER NOT NULL                     -- less than entered: not ended explicitly
);

-- What a thread allocated in a section, without those within it, and what it freed of all that was
-- allocated there. Table site has the same events.
CREATE TABLE section_site (
  section_id INTEGER NOT NULL REFERENCES section(id),
  site_id INTEGER NOT NULL REFERENCES site(id),
  thread_id INTEGER NOT NULL,                -- 0 = not known
  allocations INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  frees INTEGER NOT NULL,
  freed_bytes INTEGER NOT NULL,
  temporary INTEGER NOT NULL,
  PRIMARY KEY (section_id, site_id, thread_id)
) WITHOUT ROWID;

-- A section's part of site.peak_blocks and peak_bytes.
CREATE TABLE section_peak (
  section_id INTEGER NOT NULL REFERENCES section(id),
  site_id INTEGER NOT NULL REFERENCES site(id),
  blocks INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (section_id, site_id)
) WITHOUT ROWID;

-- Limits that the program was held to while it ran (run --budget).
CREATE TABLE budget (
  figure TEXT PRIMARY KEY,     -- 'peak' (bytes alive) | 'allocations' | 'bytes'
  most INTEGER NOT NULL,       -- the limit
  action TEXT NOT NULL,        -- 'log' | 'snapshot' | 'abort' | 'enomem'
  refused INTEGER NOT NULL,    -- calls that failed for it
  passed_ns INTEGER,           -- the first call that would have passed it; NULL = there was none
  requested INTEGER,           -- by that call
  value INTEGER,               -- what the figure would have come to
  site_id INTEGER REFERENCES site(id),
  thread_id INTEGER
);

CREATE TABLE marker (
  id INTEGER PRIMARY KEY,
  ns INTEGER NOT NULL,                       -- to 10 ms where time was not read (--pauses off)
  name TEXT NOT NULL,
  thread_id INTEGER NOT NULL
);

-- The last leak check, at the end or when asked (recording.leak_check_ns): live blocks by what the
-- program could still reach.
-- definite = no pointer to it was left; indirect = only lost blocks point to it; possible = only
-- pointers into the middle of blocks lead to it; reachable.
CREATE TABLE block_class (
  site_id INTEGER NOT NULL REFERENCES site(id),
  class TEXT NOT NULL,
  blocks INTEGER NOT NULL,
  bytes INTEGER NOT NULL,            -- as requested
  retained_bytes INTEGER NOT NULL,   -- of reachable ones: what would be gone with them; 0 = unknown
  PRIMARY KEY (site_id, class)
) WITHOUT ROWID;

-- Who holds the largest reachable block of a site.
CREATE TABLE holder (
  site_id INTEGER PRIMARY KEY REFERENCES site(id),
  root TEXT NOT NULL,                -- global, stack, register, thread-local, registered
  tid INTEGER NOT NULL,              -- of the thread; 0 for a global
  address INTEGER NOT NULL,          -- where the root's pointer lies; 0 for a register
  module_id INTEGER REFERENCES module(id),
  offset INTEGER NOT NULL,           -- link-time address in the module
  name TEXT,                         -- of the global, once symbols are looked up
  sites TEXT NOT NULL                -- array: the sites of the blocks between, nearest holder first
);

-- Where blocks of a site were released (`run --free-stacks`); written when the recording ends. What
-- sums up to less than the site's frees is not known.
CREATE TABLE release (
  site_id INTEGER NOT NULL REFERENCES site(id),
  stack_id INTEGER NOT NULL REFERENCES stack(id),  -- innermost frame: what called free
  frees INTEGER NOT NULL,
  bytes INTEGER NOT NULL,           -- requested sizes of the blocks
  address_id INTEGER REFERENCES address(id),  -- the frame to blame, as in site
  frame_depth INTEGER,
  PRIMARY KEY (stack_id, site_id)
) WITHOUT ROWID;
CREATE INDEX release_by_site ON release(site_id);

-- The process over time; at most a few thousand rows, the step doubles instead.
CREATE TABLE timeline (
  ns INTEGER PRIMARY KEY,
  live_bytes INTEGER NOT NULL,      -- highest value read within the step
  live_blocks INTEGER NOT NULL,
  allocations INTEGER NOT NULL,     -- totals so far
  bytes INTEGER NOT NULL,
  frees INTEGER NOT NULL,
  rss_bytes INTEGER NOT NULL        -- resident set, highest value within the step
) WITHOUT ROWID;

-- Sites that changed in the step that ended at ns, see view site_timeline. `points` is an array of
-- [site,live blocks,live bytes,allocations,bytes], the last two totals so far; bytes are missing in
-- older recordings. The step doubles when there are too many points.
CREATE TABLE site_interval (
  ns INTEGER PRIMARY KEY,
  points TEXT NOT NULL
);

-- The live heap at one moment, read from the counters while the program went on: it was not stopped
-- (pause_ns 0), and blocks that came or went within read_ns may count or not. View snapshot_site has
-- what every site held. 'peak' and 'exit' are written at the end.
CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY,      -- in the order of taking; peak and exit come last
  label TEXT NOT NULL,         -- '' for periodic ones
  ns INTEGER NOT NULL,
  cause TEXT NOT NULL,         -- 'periodic' | 'ctl' | 'signal' | 'program' | 'memory' | 'budget' | 'peak' | 'exit'
  live_blocks INTEGER NOT NULL,
  live_bytes INTEGER NOT NULL,
  allocations INTEGER,         -- totals so far; NULL for the peak
  bytes INTEGER,
  sites INTEGER NOT NULL,      -- that held a block
  rss_bytes INTEGER NOT NULL,  -- resident set; 0 = not known
  pause_ns INTEGER NOT NULL,   -- how long the program stood still
  read_ns INTEGER NOT NULL     -- how long reading took
);

-- What changed since the snapshot with points before, ordered by site: an array of
-- [site,live blocks,live bytes,allocations,bytes], the last two totals so far.
CREATE TABLE snapshot_points (
  snapshot_id INTEGER PRIMARY KEY REFERENCES snapshot(id),
  points TEXT NOT NULL
);

-- Requested sizes of the whole run: every size up to 256, then eight classes per doubling.
CREATE TABLE size_class (
  lower INTEGER PRIMARY KEY,
  upper INTEGER NOT NULL,
  allocations INTEGER NOT NULL
);

-- The size-class pool, if the program ran on it: one row per size class that served something.
-- The thread's own list served allocations - refills; blocks used before: allocations - created.
CREATE TABLE pool_class (
  block_bytes INTEGER PRIMARY KEY,   -- what a block of the class holds; 0 = huge blocks
  slab_bytes INTEGER NOT NULL,       -- 0 for huge blocks
  allocations INTEGER NOT NULL,      -- a realloc that moves included
  requested_bytes INTEGER NOT NULL,
  served_bytes INTEGER NOT NULL,     -- requests rounded up to the class
  refills INTEGER NOT NULL,          -- allocations that found the thread's list empty
  spills INTEGER NOT NULL,           -- frees that found it full
  created INTEGER NOT NULL,          -- blocks cut from fresh memory
  received INTEGER NOT NULL,         -- blocks a thread took over from others, used before
  given INTEGER NOT NULL,            -- blocks a thread passed on
  blocks INTEGER NOT NULL,           -- in use or on lists of threads
  peak_blocks INTEGER NOT NULL,      -- highest value of blocks
  slabs INTEGER NOT NULL
);

-- How long allocations took: one in 1024 of each thread and class is timed.
CREATE TABLE pool_time (
  lower_ticks INTEGER PRIMARY KEY,   -- time-stamp counter; the range ends where the next begins
  upper_ns INTEGER NOT NULL,         -- 0 = the counter's speed is not known
  allocations INTEGER NOT NULL
);

-- What held a thread up for recording.pause_threshold_ns or longer. Large calls (128 KiB and more)
-- are timed each, one in 64 of the others; a storm's begin and end are known to about 16 releases.
-- Storms of a thread that continue each other with a short gap are one to heapscribe pauses.
CREATE TABLE pause (
  source INTEGER NOT NULL,       -- of the recorder's own tables
  number INTEGER NOT NULL,       -- within it, by time
  kind TEXT NOT NULL,            -- 'stall' | 'release_storm' | 'profiler'
  cause TEXT NOT NULL,           -- stall: malloc free realloc; profiler: see profiler_time; storm: ''
  start_ns INTEGER NOT NULL,
  duration_ns INTEGER NOT NULL,
  thread_id INTEGER NOT NULL REFERENCES thread(id),
  bytes INTEGER NOT NULL,        -- reclaimed: requested sizes of the released blocks
  blocks INTEGER NOT NULL,       -- reclaimed
  size INTEGER NOT NULL,         -- asked for by the call that stalled
  stands_for INTEGER NOT NULL,   -- calls: 1, or 64 if this one was timed by chance
  continues INTEGER NOT NULL,    -- storm: the thread allocated nothing since its storm before
  stack_id INTEGER NOT NULL REFERENCES stack(id),  -- of a storm: what its looks have in common
  address_id INTEGER REFERENCES address(id),       -- the frame to blame, as in site
  frame_depth INTEGER,
  PRIMARY KEY (source, number)
) WITHOUT ROWID;

-- Whose blocks a storm released: the sites that its looks met most, about one look in 16 releases.
CREATE TABLE pause_site (
  source INTEGER NOT NULL,
  number INTEGER NOT NULL,
  site_id INTEGER NOT NULL REFERENCES site(id),
  looks INTEGER NOT NULL,
  PRIMARY KEY (source, number, site_id)
) WITHOUT ROWID;

-- How long the allocator's calls took, without the recorder's part: every large one (sampled = 0),
-- one in 64 of the others (sampled = 1). malloc stands for all calls that make a block.
CREATE TABLE call_time (
  call TEXT NOT NULL,            -- malloc free realloc
  sampled INTEGER NOT NULL,
  calls INTEGER NOT NULL,        -- timed
  ns INTEGER NOT NULL,           -- their sum
  longest_ns INTEGER NOT NULL,
  PRIMARY KEY (call, sampled)
) WITHOUT ROWID;

CREATE TABLE call_latency (
  call TEXT NOT NULL,
  sampled INTEGER NOT NULL,
  bucket INTEGER NOT NULL,       -- four per doubling
  lower_ns INTEGER NOT NULL,
  upper_ns INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  PRIMARY KEY (call, sampled, bucket)
) WITHOUT ROWID;

-- The recorder's rare work, all of it, long or not.
CREATE TABLE profiler_time (
  cause TEXT PRIMARY KEY,        -- thread_start new_stack modules trace_wait block_table leak_check
  times INTEGER NOT NULL,
  ns INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE call_kind (
  kind TEXT PRIMARY KEY,
  allocations INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) WITHOUT ROWID;

-- The full event trace (`run --trace`), empty otherwise: chunks of one thread's events. The format of
-- `data` is an interface with a version, described in preload/capture/trace_codec.h;
-- analyzer/model/trace_reader.h reads it. Events are numbered through the process: chunks overlap,
-- within a chunk numbers rise, and numbers that are in no chunk and no gap belong to calls that
-- failed.
CREATE TABLE trace_chunk (
  id INTEGER PRIMARY KEY,
  thread_id INTEGER NOT NULL,     -- 0 = unknown
  source INTEGER NOT NULL,        -- of the recorder's own tables; threads may share one in turn
  first_number INTEGER NOT NULL,
  last_number INTEGER NOT NULL,
  first_ns INTEGER NOT NULL,
  last_ns INTEGER NOT NULL,
  events INTEGER NOT NULL,        -- a realloc is one event
  lost INTEGER NOT NULL,          -- events that are missing, in gaps that the chunk marks
  recovered INTEGER NOT NULL,     -- 1 = written by `heapscribe recover`
  data BLOB NOT NULL
);
CREATE INDEX trace_chunk_by_number ON trace_chunk(first_number);

-- What the rows that chunks name stand for.
CREATE TABLE trace_site (
  row INTEGER PRIMARY KEY,
  site_id INTEGER REFERENCES site(id)  -- NULL = not known yet
);

-- What is packed, row by row -----------------------------------------------------------------------

-- Call stacks as a tree: a node is "address, called from parent". Parents have smaller ids than
-- their children. Node 0 stands for "(stack not recorded)" and has address_id NULL.
CREATE VIEW stack AS
SELECT 0 AS id,
       NULL AS parent_id,   -- the caller; NULL = outermost frame
       NULL AS address_id
UNION ALL
SELECT chunk.id + node.key,
       CASE node.type WHEN 'integer' THEN chunk.id + node.key - 1
                      ELSE nullif(json_extract(node.value, '$[0]'), 0) END,
       CASE node.type WHEN 'integer' THEN node.value
                      ELSE json_extract(node.value, '$[1]') END
FROM stack_chunk chunk, json_each(chunk.nodes) node;

-- Totals of a node and everything called from it.
CREATE VIEW stack_total AS
WITH RECURSIVE walk(site_id, stack_id, parent_id) AS (
  SELECT site.id, site.stack_id, stack.parent_id FROM site JOIN stack ON stack.id = site.stack_id
  UNION ALL
  SELECT walk.site_id, stack.id, stack.parent_id FROM walk JOIN stack ON stack.id = walk.parent_id
)
SELECT walk.stack_id, walk.parent_id, sum(site.allocations) AS allocations,
       sum(site.bytes) AS bytes, sum(site.live_blocks) AS live_blocks,
       sum(site.live_bytes) AS live_bytes, sum(site.peak_bytes) AS peak_bytes,
       sum(site.temporary) AS temporary
FROM walk JOIN site ON site.id = walk.site_id
GROUP BY walk.stack_id;

-- The same counters by thread: what the thread itself allocated and freed at a site.
CREATE VIEW thread_site AS
SELECT thread_id, id AS site_id, allocations, bytes, frees, freed_bytes, temporary
FROM site WHERE thread_id IS NOT NULL
UNION ALL
SELECT thread_id, site_id, allocations, bytes, frees, freed_bytes, temporary FROM shared_site;

-- Live heap of a site over time. A row says "from ns on"; a site has no row where nothing changed.
CREATE VIEW site_timeline AS
SELECT json_extract(point.value, '$[0]') AS site_id, interval.ns,
       json_extract(point.value, '$[1]') AS live_blocks,
       json_extract(point.value, '$[2]') AS live_bytes,
       json_extract(point.value, '$[3]') AS allocations,  -- totals so far
       json_extract(point.value, '$[4]') AS bytes
FROM site_interval interval, json_each(interval.points) point;

-- What every site held at a snapshot; ask for one: WHERE snapshot_id = 3. Sites without blocks may
-- be missing.
CREATE VIEW snapshot_site AS
SELECT s.id AS snapshot_id, json_extract(point.value, '$[0]') AS site_id,
       json_extract(point.value, '$[1]') AS live_blocks,
       json_extract(point.value, '$[2]') AS live_bytes,
       json_extract(point.value, '$[3]') AS allocations,  -- totals so far
       json_extract(point.value, '$[4]') AS bytes,
       max(changes.snapshot_id) AS changed_in             -- makes the others those of the last change
FROM snapshot s JOIN snapshot_points changes ON changes.snapshot_id <= s.id,
     json_each(changes.points) point
WHERE s.cause NOT IN ('peak', 'exit')
GROUP BY s.id, 2
UNION ALL
SELECT s.id, site.id, CASE s.cause WHEN 'peak' THEN site.peak_blocks ELSE site.live_blocks END,
       CASE s.cause WHEN 'peak' THEN site.peak_bytes ELSE site.live_bytes END,
       CASE s.cause WHEN 'exit' THEN site.allocations END,
       CASE s.cause WHEN 'exit' THEN site.bytes END, s.id
FROM snapshot s, site
WHERE s.cause IN ('peak', 'exit');

-- Views for people ---------------------------------------------------------------------------------

-- Where an address is: the outermost (not inlined) function with its source line.
CREATE VIEW code AS
SELECT a.id AS address_id, m.path AS module, a.offset,
       fn.name AS function, sf.path AS file, f.line, f.depth, f.inlined
FROM address a
LEFT JOIN module m ON m.id = a.module_id
LEFT JOIN frame f ON f.address_id = a.id
LEFT JOIN function fn ON fn.id = f.function_id
LEFT JOIN source_file sf ON sf.id = f.file_id;

-- Sites with the function that is to blame, most bytes first.
CREATE VIEW hotspots AS
SELECT s.id AS site_id, fn.name AS function, sf.path AS file, f.line, m.path AS module, s.kind,
       s.allocations, s.bytes, s.live_blocks, s.live_bytes, s.peak_bytes, s.temporary,
       s.bytes / max(s.allocations, 1) AS mean_size
FROM site s
LEFT JOIN address a ON a.id = s.address_id
LEFT JOIN module m ON m.id = a.module_id
LEFT JOIN frame f ON f.address_id = s.address_id AND f.depth = s.frame_depth
LEFT JOIN function fn ON fn.id = f.function_id
LEFT JOIN source_file sf ON sf.id = f.file_id
ORDER BY s.bytes DESC;

-- What was never freed, most bytes first.
CREATE VIEW leaks AS SELECT * FROM hotspots WHERE live_blocks > 0 ORDER BY live_bytes DESC;

-- Who held the memory at the high-water mark.
CREATE VIEW peak AS SELECT * FROM hotspots WHERE peak_bytes > 0 ORDER BY peak_bytes DESC;

-- Allocations freed at once, most frequent first.
CREATE VIEW temporaries AS SELECT * FROM hotspots WHERE temporary > 0 ORDER BY temporary DESC;

-- Every frame of every site, innermost first: SELECT * FROM site_stack WHERE site_id = 7;
CREATE VIEW site_stack AS
WITH RECURSIVE walk(site_id, position, parent_id, address_id) AS (
  SELECT site.id, 0, stack.parent_id, stack.address_id
  FROM site JOIN stack ON stack.id = site.stack_id
  UNION ALL
  SELECT walk.site_id, walk.position + 1, stack.parent_id, stack.address_id
  FROM walk JOIN stack ON stack.id = walk.parent_id
)
SELECT walk.site_id, walk.position, code.depth AS inline_depth, code.function, code.file, code.line,
       code.module, code.inlined
FROM walk JOIN code ON code.address_id = walk.address_id
ORDER BY walk.site_id, walk.position, code.depth;

-- The run as one row.
CREATE VIEW run AS
SELECT (SELECT value FROM recording WHERE key = 'program') AS program,
       (SELECT value FROM recording WHERE key = 'pid') AS pid,
       (SELECT value FROM recording WHERE key = 'state') AS state,
       (SELECT value FROM recording WHERE key = 'end_kind') AS end_kind,
       (SELECT value FROM recording WHERE key = 'end_status') AS end_status,
       (SELECT value FROM recording WHERE key = 'duration_ns') / 1e9 AS seconds,
       (SELECT value FROM recording WHERE key = 'allocations') AS allocations,
       (SELECT value FROM recording WHERE key = 'live_bytes') AS live_bytes,
       (SELECT value FROM recording WHERE key = 'peak_bytes') AS peak_bytes;
