// Repeated runs before and after a change: what differs by more than the runs among themselves.
//
// Test: Wilcoxon, Mann & Whitney on ranks, two-sided, with the exact distribution over all ways to
// deal the values to the two sides, ties included (Lehmann, Nonparametrics, ch. 1); significant
// below 5 %. With fewer runs than that can tell (3 and 3, or 2 and 6), a difference counts if the
// ranges do not overlap and lie further apart than either is wide. One run a side tells nothing
// about noise. Places are not corrected for their number: of twenty equal ones one differs by
// chance, which is why a difference of less than 1 % is not reported.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/capture_reader.h"
#include "analyzer/reports/difference.h"

namespace heapscribe::reports {

enum class Outcome { Higher, Lower, WithinNoise, Same, Unknown };
std::string_view name_of(Outcome outcome);

enum class ComparedUnit { Bytes, Count, Seconds };

struct Spread {
  double median = 0, lowest = 0, highest = 0;
  bool known = false;  // else no run tells it
  double width() const { return highest - lowest; }
};

struct Compared {
  ComparedUnit unit = ComparedUnit::Bytes;
  Spread before, after;
  double p = 1;         // of the test; 1 where it could not tell
  bool tested = false;  // by ranks; else by ranges
  Outcome outcome = Outcome::Unknown;

  bool known() const { return before.known && after.known; }
  double change() const { return after.median - before.median; }
};

Compared compare_values(std::span<const double> before, std::span<const double> after);
// Of the sum of the ranks of `after`; two-sided.
double exact_p(std::span<const double> before, std::span<const double> after);
Spread spread_of(std::span<const double> values);

struct MetricRow {
  std::string name;
  Compared values;
};

struct PlaceRow {
  model::SiteStack stack;
  Compared values;
};

struct Comparison {
  std::size_t runs_before = 0, runs_after = 0;
  DifferenceBy by = DifferenceBy::Bytes;  // of places
  std::vector<MetricRow> metrics;
  model::Count places;
  std::vector<PlaceRow> rows;  // significant ones first, largest change first
};

// model::select_sites() must have been called for every reader; they must outlive the result.
Comparison compare_runs(std::span<model::CaptureReader* const> before,
                        std::span<model::CaptureReader* const> after, DifferenceBy by);

}  // namespace heapscribe::reports
