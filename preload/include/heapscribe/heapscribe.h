/* What a program may tell heapscribe, and ask it. For C (C99) and C++ (C++11), nothing to link.
 *
 *   #include <heapscribe/heapscribe.h>
 *
 * The functions are found in libheapscribe.so if the program runs under it (`heapscribe run`,
 * LD_PRELOAD). Where it does not, each call is one comparison: the symbols are weak, nothing is
 * missing, and every function does nothing and returns what its comment says under "absent".
 *
 * Every function may be called by any thread at any time, also before main and by signal handlers;
 * before constructors run (DT_PREINIT_ARRAY) they behave as if the library were absent.
 * None of them allocates, locks, waits or changes errno, or makes a system call, except that a
 * thread's first one may map memory for its counters as its first allocation would. Sizes are bytes
 * as the program asked for them; a successful realloc counts as one allocation and one free. Names
 * are copied; of names and labels the first 128 (labels of snapshots: 63) bytes count.
 *
 * A forked child is not recorded: there the functions behave as if the library were absent.
 *
 * Versions: functions of version 1 stay as they are; what is added raises HEAPSCRIBE_API_VERSION.
 * A program that was built with a newer header than the library knows runs, without what is new.
 */
#ifndef HEAPSCRIBE_HEAPSCRIBE_H
#define HEAPSCRIBE_HEAPSCRIBE_H

#include <stddef.h>
#include <stdint.h>

#define HEAPSCRIBE_API_VERSION 1

/* NOLINTBEGIN(modernize-use-using): C reads this too. */
/* One begin of a section in one thread; zero = none. */
typedef struct heapscribe_entry {
  uint64_t opaque;
} heapscribe_entry;

/* A section that no thread is tied to; zero = none. To be copied and passed on as one likes. */
typedef struct heapscribe_section {
  uint64_t opaque;
} heapscribe_section;

typedef struct heapscribe_counters {
  uint64_t allocations, allocated_bytes;
  uint64_t frees, freed_bytes;
  int64_t live_blocks, live_bytes; /* allocated less freed */
} heapscribe_counters;
/* NOLINTEND(modernize-use-using) */

/* -DHEAPSCRIBE_IS_POSSIBLE=0: as on other targets, every function does nothing. */
#ifndef HEAPSCRIBE_IS_POSSIBLE
#if defined(__GNUC__) && defined(__ELF__) && defined(__x86_64__) && defined(__LP64__)
#define HEAPSCRIBE_IS_POSSIBLE 1
#else
#define HEAPSCRIBE_IS_POSSIBLE 0
#endif
#endif

/* The library defines what others only refer to. */
#ifndef HEAPSCRIBE_WEAK
#define HEAPSCRIBE_WEAK __attribute__((weak))
#endif

#ifdef __cplusplus
#define HEAPSCRIBE_INLINE inline
#define HEAPSCRIBE_NOEXCEPT noexcept
extern "C" {
#else
#define HEAPSCRIBE_INLINE static inline
#define HEAPSCRIBE_NOEXCEPT
#endif

#if HEAPSCRIBE_IS_POSSIBLE
/* The library's side. Call the functions below instead. */
HEAPSCRIBE_WEAK int heapscribe_v1_is_active(void) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK heapscribe_entry heapscribe_v1_section_begin(const char* name) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK void heapscribe_v1_section_end(heapscribe_entry entry) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK heapscribe_section heapscribe_v1_section_open(const char* name) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK heapscribe_section heapscribe_v1_section_here(void) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK heapscribe_entry heapscribe_v1_section_enter(heapscribe_section section)
    HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK void heapscribe_v1_section_close(heapscribe_section section) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK int heapscribe_v1_section_counters(
    heapscribe_section section, heapscribe_counters* counters) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK int heapscribe_v1_thread_counters(heapscribe_counters* counters)
    HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK int heapscribe_v1_snapshot(const char* label) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK int heapscribe_v1_marker(const char* name) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK int heapscribe_v1_add_root(const void* begin, size_t bytes) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK int heapscribe_v1_remove_root(const void* begin) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK int heapscribe_v1_pause_recording(void) HEAPSCRIBE_NOEXCEPT;
HEAPSCRIBE_WEAK int heapscribe_v1_resume_recording(void) HEAPSCRIBE_NOEXCEPT;
/* The address of a function, or NULL, from the table that the loader fills in. In a program with a
 * fixed place (-no-pie) the compiler would have the linker write 0 into the code instead. */
#define HEAPSCRIBE_FIND(function)                                                \
  __extension__({                                                                \
    __typeof__(&heapscribe_v1_##function) heapscribe_found;                      \
    __asm__(".weak heapscribe_v1_" #function "\n\tmovq heapscribe_v1_" #function \
            "@GOTPCREL(%%rip), %0"                                               \
            : "=r"(heapscribe_found));                                           \
    heapscribe_found;                                                            \
  })
#define HEAPSCRIBE_CALL(function, arguments, absent) \
  (HEAPSCRIBE_FIND(function) ? HEAPSCRIBE_FIND(function) arguments : (absent))
#define HEAPSCRIBE_TELL(function, arguments) \
  (HEAPSCRIBE_FIND(function) ? HEAPSCRIBE_FIND(function) arguments : (void)0)
#else
#define HEAPSCRIBE_CALL(function, arguments, absent) (absent)
#define HEAPSCRIBE_TELL(function, arguments) ((void)0)
#endif

HEAPSCRIBE_INLINE heapscribe_entry heapscribe_no_entry(void) HEAPSCRIBE_NOEXCEPT {
  heapscribe_entry none = {0};
  return none;
}
HEAPSCRIBE_INLINE heapscribe_section heapscribe_no_section(void) HEAPSCRIBE_NOEXCEPT {
  heapscribe_section none = {0};
  return none;
}

/* 1 if this process is being recorded, paused or not. Absent: 0. */
HEAPSCRIBE_INLINE int heapscribe_is_active(void) HEAPSCRIBE_NOEXCEPT {
  return HEAPSCRIBE_CALL(is_active, (), 0);
}

/* Sections ----------------------------------------------------------------------------------------
 *
 * What a thread allocates between begin and end belongs to the section, and stays the section's
 * whoever frees it: `heapscribe sections DB`. Sections nest. A section within another is another
 * one than by itself; within itself it stays the same, so recursion is fine. There may be 4,095
 * different ones, 64 levels deep; beyond, what is allocated belongs to the section around, and the
 * recording says so. To begin and end one costs about 30 ns and no memory; an allocation costs the
 * same inside and outside.
 */

/* The calling thread enters section `name`. Absent: an entry that is zero. */
HEAPSCRIBE_INLINE heapscribe_entry heapscribe_section_begin(const char* name) HEAPSCRIBE_NOEXCEPT {
  (void)name;
  return HEAPSCRIBE_CALL(section_begin, (name), heapscribe_no_entry());
}

/* The thread that made the entry leaves the section, and those within it that were not ended (as
 * after longjmp). On another thread, or for the second time, it does nothing and is counted. An
 * entry that is zero may be ended. Threads that end are out of all sections. */
HEAPSCRIBE_INLINE void heapscribe_section_end(heapscribe_entry entry) HEAPSCRIBE_NOEXCEPT {
  (void)entry;
  HEAPSCRIBE_TELL(section_end, (entry));
}

/* For work that goes from thread to thread: section `name` within the one that the calling thread
 * is in, without entering it. Each thread enters it for its part of the work; whichever thread
 * finishes closes it. Absent: zero. */
HEAPSCRIBE_INLINE heapscribe_section heapscribe_section_open(const char* name) HEAPSCRIBE_NOEXCEPT {
  (void)name;
  return HEAPSCRIBE_CALL(section_open, (name), heapscribe_no_section());
}

/* The section that the calling thread is in, e.g. for a thread that works on its behalf. Absent, or
 * in none: zero. */
HEAPSCRIBE_INLINE heapscribe_section heapscribe_section_here(void) HEAPSCRIBE_NOEXCEPT {
  return HEAPSCRIBE_CALL(section_here, (), heapscribe_no_section());
}

/* The calling thread enters an open section, until heapscribe_section_end; wherever it was before,
 * it is there and not within that. Of zero: zero. */
HEAPSCRIBE_INLINE heapscribe_entry heapscribe_section_enter(heapscribe_section section)
    HEAPSCRIBE_NOEXCEPT {
  (void)section;
  return HEAPSCRIBE_CALL(section_enter, (section), heapscribe_no_entry());
}

/* Says that what was opened is over, once, on any thread; entries are ended by themselves. */
HEAPSCRIBE_INLINE void heapscribe_section_close(heapscribe_section section) HEAPSCRIBE_NOEXCEPT {
  (void)section;
  HEAPSCRIBE_TELL(section_close, (section));
}

/* What was allocated so far in the section and in those within it, by all threads, and how much of
 * it was freed, by whomever. Other threads go on meanwhile. Reads every site's counters: some
 * microseconds for a small program, milliseconds for a large one. 1 if known; 2 if recording is
 * paused, so that nothing is added at present; 0 and zeros otherwise: absent, no section, or with
 * --mode sample. */
HEAPSCRIBE_INLINE int heapscribe_section_counters(
    heapscribe_section section, heapscribe_counters* counters) HEAPSCRIBE_NOEXCEPT {
  heapscribe_counters zero = {0, 0, 0, 0, 0, 0};
  *counters = zero;
  (void)section;
  return HEAPSCRIBE_CALL(section_counters, (section, counters), 0);
}

/* What the calling thread itself has allocated and freed since it began. Live is the difference and
 * negative for a thread that frees what others allocated. 1 if known; 0 and zeros otherwise:
 * absent, or with --mode sample. */
HEAPSCRIBE_INLINE int heapscribe_thread_counters(heapscribe_counters* counters)
    HEAPSCRIBE_NOEXCEPT {
  heapscribe_counters zero = {0, 0, 0, 0, 0, 0};
  *counters = zero;
  return HEAPSCRIBE_CALL(thread_counters, (counters), 0);
}

/* Moments ---------------------------------------------------------------------------------------*/

/* Asks for a snapshot of the live heap by site, for `heapscribe snapshots` and `diff`; `label` may
 * be NULL. It is taken within 50 ms while the program goes on. 1 = asked; 0 = absent, or eight
 * requests wait already. */
HEAPSCRIBE_INLINE int heapscribe_snapshot(const char* label) HEAPSCRIBE_NOEXCEPT {
  (void)label;
  return HEAPSCRIBE_CALL(snapshot, (label), 0);
}

/* Notes this moment under a name: table `marker` of the recording, and a moment for `diff`. At most
 * 65,536; those beyond are counted. 1 = noted; 0 = absent, or no space. */
HEAPSCRIBE_INLINE int heapscribe_marker(const char* name) HEAPSCRIBE_NOEXCEPT {
  (void)name;
  return HEAPSCRIBE_CALL(marker, (name), 0);
}

/* Leaks -----------------------------------------------------------------------------------------*/

/* The leak check takes pointers in this memory for those of the program, as if it were a global:
 * for memory that it does not look at, or pointers that it would not find. It may begin
 * anywhere, but pointers are looked for at addresses that are multiples of 8 only. It is read when
 * the check is made; what is not mapped then is passed over. 1 = noted; 0 = absent, or 1,024
 * regions are noted already. */
HEAPSCRIBE_INLINE int heapscribe_add_root(const void* begin, size_t bytes) HEAPSCRIBE_NOEXCEPT {
  (void)begin;
  (void)bytes;
  return HEAPSCRIBE_CALL(add_root, (begin, bytes), 0);
}
/* `begin` as it was added. 1 = it is no root any more; 0 = absent, or there was none. */
HEAPSCRIBE_INLINE int heapscribe_remove_root(const void* begin) HEAPSCRIBE_NOEXCEPT {
  (void)begin;
  return HEAPSCRIBE_CALL(remove_root, (begin), 0);
}

/* Pause and resume ------------------------------------------------------------------------------
 *
 * Of the whole process. While recording is paused allocations are only counted, in one sum; frees
 * of blocks that were recorded go on being recorded. Reports say how long it was paused, and there
 * is no leak check at the end: what was not recorded may hold what was. Not with --mode sample.
 */

/* 1 = paused by this call; 0 = it was already, absent, or --mode sample. */
HEAPSCRIBE_INLINE int heapscribe_pause_recording(void) HEAPSCRIBE_NOEXCEPT {
  return HEAPSCRIBE_CALL(pause_recording, (), 0);
}
/* 1 = resumed by this call; 0 = it was not paused, or absent. */
HEAPSCRIBE_INLINE int heapscribe_resume_recording(void) HEAPSCRIBE_NOEXCEPT {
  return HEAPSCRIBE_CALL(resume_recording, (), 0);
}

#ifdef __cplusplus
} /* extern "C" */

namespace heapscribe {

/* A section for the rest of the block: heapscribe::Section section("parse"); */
class Section {
 public:
  explicit Section(const char* name) noexcept : entry_(heapscribe_section_begin(name)) {}
  explicit Section(heapscribe_section section) noexcept
      : entry_(heapscribe_section_enter(section)) {}
  ~Section() { heapscribe_section_end(entry_); }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

 private:
  heapscribe_entry entry_;
};

/* A section that goes from thread to thread with the work, and is closed where it is destroyed:
 *   heapscribe::OpenSection request("request");   // moved to the thread that works on it
 *   heapscribe::Section section(request.get());   // on any thread, for its part
 */
class OpenSection {
 public:
  explicit OpenSection(const char* name) noexcept : section_(heapscribe_section_open(name)) {}
  OpenSection(OpenSection&& other) noexcept : section_(other.section_) {
    other.section_ = heapscribe_no_section();
  }
  OpenSection& operator=(OpenSection&& other) noexcept {
    const heapscribe_section taken = other.section_;
    other.section_ = section_;
    section_ = taken;
    return *this;
  }
  ~OpenSection() { heapscribe_section_close(section_); }
  heapscribe_section get() const noexcept { return section_; }

 private:
  heapscribe_section section_;
};

/* A root of the leak check for as long as the object lives. */
class RootRegion {
 public:
  RootRegion(const void* begin, size_t bytes) noexcept
      : begin_(heapscribe_add_root(begin, bytes) != 0 ? begin : nullptr) {}
  ~RootRegion() {
    if (begin_ != nullptr) heapscribe_remove_root(begin_);
  }
  RootRegion(const RootRegion&) = delete;
  RootRegion& operator=(const RootRegion&) = delete;

 private:
  const void* begin_;
};

/* Recording is paused for the rest of the block, unless it was paused before. */
class PausedRecording {
 public:
  PausedRecording() noexcept : paused_(heapscribe_pause_recording() != 0) {}
  ~PausedRecording() {
    if (paused_) heapscribe_resume_recording();
  }
  PausedRecording(const PausedRecording&) = delete;
  PausedRecording& operator=(const PausedRecording&) = delete;

 private:
  bool paused_;
};

} /* namespace heapscribe */
#endif

#endif
