// What is lost: live blocks at the end, or when a check was asked for, by what the program could
// still reach, with what speaks for each finding.
//
// Age: the mean of two bounds, see model/block_ages.h.
//
// Confidence: 1 / (1 + e^-x), where x adds up evidence that does not depend on each other:
//   class          definite, indirect +4; possible -0.5; reachable -4
//   growth         +1.5 if most of these blocks were made in the second half of the site's life
//                  and none of what was alive at half-time has gone
//   many           +0.5 from ten blocks on
//   others are     +0.5 for lost blocks if the site releases some of its blocks: these were
//   released       forgotten; -1 for reachable ones
//   from the       -1.5 if all blocks are from the first tenth of the run and the site has made
//   start          none since, unless definite
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"
#include "analyzer/reports/suppressions.h"
#include "preload/wire/census.h"

namespace heapscribe::reports {

using wire::BlockClass;

struct ClassSums {
  model::Count sites, blocks;
  model::Bytes bytes;
};

struct LeakRow {
  BlockClass block_class = BlockClass::Definite;
  model::Count blocks;
  model::Bytes bytes;
  model::Bytes retained_bytes;  // of reachable ones
  double age_seconds = 0, youngest_age_seconds = 0, oldest_age_seconds = 0;
  double confidence = 0;
  std::string retainer;  // "global cache in app > Cache::insert"; of reachable ones
  model::SiteId site;
  std::string kind;
  model::Bytes min_size, max_size;
  model::Count allocations, frees, temporary;  // of the site, whatever became of the blocks
  model::Bytes peak_bytes;
  model::SiteStack stack;
};

// To which moment of the run a check belongs.
struct CheckMoment {
  model::Nanoseconds taken;
  bool at_end = true;  // else at somebody's wish, before
};

struct LeakCheck : CheckMoment {
  bool complete = false;
  std::string why_not;
  model::Nanoseconds stopped, marking;
  model::Count blocks, threads, threads_unseen;
  std::array<ClassSums, wire::kBlockClasses> classes;  // without what is suppressed
  ClassSums suppressed;
  std::vector<Suppression> suppressions;  // those that did it, most bytes first
  std::vector<LeakRow> rows;              // of the wanted classes
  std::string worst_function;             // of the largest definite site, "" if they are not wanted
  model::Count worst_blocks;              // definite ones of all its sites, shown or not
};

using Classes = std::array<bool, wire::kBlockClasses>;
// "definite,possible" or "all"; throws std::runtime_error with one sentence for another word.
Classes classes_of(const std::string& text);

CheckMoment check_moment(const model::CaptureReader& reader);

// model::select_sites() must have been called. No limit = all; the sums are of all rows.
LeakCheck check_leaks(model::CaptureReader& reader, const Classes& wanted,
                      Suppressions& suppressions, std::optional<std::int64_t> limit);

double confidence_of(BlockClass block_class, bool grows, std::int64_t blocks, double freed_share,
                     bool from_start);

}  // namespace heapscribe::reports
