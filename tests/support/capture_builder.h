// Builds a tiny recording, in memory or as a file, by playing a program's allocations:
//
//   auto capture = CaptureBuilder().at({"parse", "main"}).alloc("a", 64).on_thread(2).free("a");
//   model::CaptureReader reader(capture.build());
//
// Counters, peak and temporaries follow from what was played.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "preload/capture/database.h"
#include "preload/capture/stack_chunks.h"

namespace heapscribe::tests {

// One call on a stack.
struct Call {
  std::string function;
  std::string file = {};
  std::int64_t line = 0;
  std::string module = "/usr/bin/sample";
  std::vector<std::string> inlined = {};  // calls inlined into `function` here, innermost first

  Call(const char* name) : function(name) {}  // NOLINT: a name alone is a call
  Call(std::string name, std::string source = {}, std::int64_t source_line = 0)
      : function(std::move(name)), file(std::move(source)), line(source_line) {}
  Call in(const std::string& path) const;  // the same call in another module
  Call with_inlined(std::vector<std::string> names) const;
};

class CaptureBuilder {
 public:
  CaptureBuilder();

  // Where the following events happen. Innermost call first.
  CaptureBuilder& at(const std::vector<Call>& stack);
  CaptureBuilder& on_thread(std::int64_t id, const std::string& name = "");

  // Blocks have names of the test's choice.
  CaptureBuilder& alloc(const std::string& block, std::int64_t size,
                        const std::string& kind = "malloc");
  CaptureBuilder& free(const std::string& block);
  CaptureBuilder& realloc(const std::string& block, std::int64_t size);
  // `times` blocks of `size` bytes that are freed at once, or never.
  CaptureBuilder& temporaries(std::int64_t times, std::int64_t size);
  CaptureBuilder& leaked(std::int64_t times, std::int64_t size);

  CaptureBuilder& lose(const std::string& kind, std::int64_t events);
  CaptureBuilder& set(const std::string& key, const std::string& value);  // of table recording
  CaptureBuilder& set(const std::string& key, std::int64_t value);
  // Rows that no event makes: a statement that runs when everything else is there.
  CaptureBuilder& sql(const std::string& statement);
  // Addresses only, as before `heapscribe symbolize`.
  CaptureBuilder& without_symbols();
  // Without what is computed at the end: totals.
  CaptureBuilder& still_recording(std::int64_t target_pid, std::int64_t collector_pid);

  capture::Database build() const;
  void write(const std::string& path) const;

 private:
  struct Counters {
    std::int64_t allocations = 0, bytes = 0, frees = 0, freed_bytes = 0, temporary = 0;
    std::int64_t reallocations = 0, usable_bytes = 0;
  };
  struct Site {
    std::int64_t stack = 0;
    std::string kind;
    Counters counters;
    std::int64_t peak_blocks = 0, peak_bytes = 0, min_size = 0, max_size = 0;
    std::map<std::int64_t, Counters> by_thread;
  };
  struct Block {
    std::size_t site = 0;
    std::int64_t size = 0;
    std::int64_t thread = 0;
    std::int64_t number = 0;  // allocations its thread had made by then
  };
  struct Thread {
    std::string name;
    Counters counters;
  };

  std::int64_t address_of(const Call& call);
  std::int64_t stack_of(const std::vector<Call>& calls);
  std::size_t site_of(const std::string& kind);
  void count_allocation(std::size_t site, const std::string& block, std::int64_t size);
  void note_peak();

  void fill(capture::Database& database) const;
  void fill_code(capture::Database& database) const;
  void fill_stacks(capture::Database& database) const;
  void fill_sites(capture::Database& database) const;
  void fill_threads(capture::Database& database) const;
  void fill_series(capture::Database& database) const;
  void fill_recording(capture::Database& database) const;

  std::vector<Call> addresses_;             // id - 1
  std::vector<capture::StackNode> stacks_;  // id - 1
  std::vector<Site> sites_;                 // id - 1
  std::map<std::int64_t, Thread> threads_;
  std::map<std::string, Block> blocks_;
  std::map<std::int64_t, std::int64_t> sizes_;
  std::map<std::string, std::int64_t> losses_;
  std::map<std::string, std::string> settings_;
  std::vector<std::string> statements_;
  std::int64_t stack_ = 0;  // 0 = not recorded
  std::int64_t thread_ = 1;
  std::int64_t live_bytes_ = 0, peak_bytes_ = 0, events_ = 0, peak_event_ = 0;
  bool symbols_ = true;
  bool finished_ = true;
};

}  // namespace heapscribe::tests
