// Lays out a session by hand, the way the library would, so that its readers can be tested alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "preload/capture/database.h"
#include "preload/collector/session_file.h"
#include "preload/wire/session.h"

namespace heapscribe::tests {

struct ModulePlace {
  std::string path;
  std::uint64_t base = 0, end = 0;
  std::uint64_t bias = 0;
  std::uint32_t layout = 0;
};

// Refers to a counter table and its newest block of rows.
struct TableHandle {
  wire::Ref table = wire::kNoRef;
  wire::CounterTable* counters = nullptr;
  wire::SiteRow* rows = nullptr;
  std::uint32_t next_row = 0;
};

class SessionBuilder {
 public:
  // In memory of its own.
  explicit SessionBuilder(std::size_t bytes = std::size_t{1} << 20);
  // In a file that a collector has created.
  explicit SessionBuilder(collector::SessionFile& file);

  std::span<std::byte> bytes() const { return memory_; }
  wire::SessionHeader& header() const;
  // As the library says hello: the phase, process and start time.
  void start(std::uint32_t pid);

  wire::Ref module(const ModulePlace& place);
  // Frames innermost first; split into segments as the library splits them.
  wire::Ref stack(const std::vector<std::uint64_t>& frames, std::uint32_t layout = 0);
  wire::Ref segment(const std::vector<std::uint64_t>& frames, wire::Ref outer,
                    std::uint32_t layout);

  TableHandle table(std::uint32_t rows = 8);
  // A table that outgrew its block.
  void grow(TableHandle& table, std::uint32_t rows);
  wire::Ref ref_of(const void* record) const;
  // The thread signs for the table, new or free.
  wire::Ref thread(const TableHandle& table, std::uint32_t tid, std::uint64_t start_ns = 0);
  wire::SiteRow& row(TableHandle& table, wire::Ref stack,
                     wire::CallKind kind = wire::CallKind::Malloc, std::uint64_t first_ns = 0);

  // The first ring of a table, or the one that follows `before`.
  wire::TraceRing& trace_ring(const TableHandle& table, std::uint64_t words,
                              wire::TraceRing* before = nullptr);
  template <typename... Words>
  void trace(wire::TraceRing& ring, wire::TraceKind kind, std::uint64_t value, Words... words) {
    put_word(ring, value << wire::kTraceKindBits | static_cast<std::uint64_t>(kind));
    (put_word(ring, static_cast<std::uint64_t>(words)), ...);
  }

  // Sections are numbered by the test.
  wire::SectionRecord& section(std::uint32_t number, std::uint32_t around, const std::string& name);
  wire::MarkerRecord& marker(const std::string& name, std::uint64_t ns);

  // A table's pauses, with a ring.
  wire::PauseTable& pauses(const TableHandle& table);
  // Into the ring, as the library does it.
  void pause(wire::PauseTable& pauses, const wire::PauseEvent& event) const;

  // Events on a row, counted in its table as well.
  void allocate(const TableHandle& table, wire::SiteRow& row, std::uint64_t blocks,
                std::uint64_t bytes_each) const;
  void free(const TableHandle& table, wire::SiteRow& row, std::uint64_t blocks,
            std::uint64_t bytes_each) const;

 private:
  struct FreeMemory {
    void operator()(void* memory) const { std::free(memory); }
  };
  template <typename Record>
  Record* make(std::size_t tail_bytes = 0);
  static void put_word(wire::TraceRing& ring, std::uint64_t word);

  std::unique_ptr<void, FreeMemory> own_;
  std::span<std::byte> memory_;
};

// A recording in memory, without rows.
capture::Database empty_recording();

}  // namespace heapscribe::tests
