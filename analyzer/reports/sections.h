// The sections of a program: what was allocated in them, alone and with what lies within. Either it
// named them itself (heapscribe.h), or they are named by expressions for its functions
// (function_sections.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"

namespace heapscribe::reports {

struct SectionSums {
  model::Count allocations;
  model::Bytes bytes;
  model::Count frees;  // of what was allocated there, by whomever
  model::Bytes freed_bytes;
  model::Count temporary;
  model::Bytes peak_bytes;  // held at the high-water mark of the whole process

  SectionSums& operator+=(const SectionSums& more);
  model::Count live_blocks() const { return {allocations.value - frees.value}; }
  model::Bytes live_bytes() const { return {bytes.value - freed_bytes.value}; }
};

struct SectionRow {
  std::int64_t id = 0, parent = 0;  // 0 = in none
  std::size_t depth = 0;
  std::string name;
  std::string path;             // "outer/inner"
  model::Nanoseconds first;     // of the program's own sections only
  model::Count entered, ended;  // of the program's own sections only
  SectionSums net;              // without the sections within
  SectionSums gross;            // with them
};

// A name for what is allocated while a function is at work that the expression finds.
struct SectionPattern {
  std::string name;
  std::string expression;
};

struct SectionsReport {
  std::vector<SectionRow> rows;  // each followed by those within it, most bytes first
  SectionSums all;               // of all sections
  model::Bytes run_bytes;        // allocated in the whole run
  bool by_thread = false;
  bool estimated = false;  // only samples were recorded

  bool has_stacks = true;
  std::vector<SectionPattern> patterns;   // none = the program's own sections
  std::vector<SectionPattern> unmatched;  // that find no function on any stack
  bool by_function() const { return !patterns.empty(); }
};

// By id; ids rise inwards. `net` is set.
using SectionRows = std::map<std::int64_t, SectionRow>;

// Names the paths, adds up and sorts.
void arrange(SectionsReport& report, SectionRows rows);

// The program named some itself.
bool has_sections(model::CaptureReader& reader);

// `thread` as in SiteFilter; "" = all. Throws std::runtime_error with one sentence.
SectionsReport collect_sections(model::CaptureReader& reader, const std::string& thread);

}  // namespace heapscribe::reports
