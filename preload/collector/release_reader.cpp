#include "preload/collector/release_reader.h"

#include <map>
#include <utility>

namespace heapscribe::collector {
namespace {

using Pair = std::pair<capture::SiteId, capture::StackId>;

struct Sum {
  std::uint64_t frees = 0, bytes = 0;
};

void add_row(const wire::ReleaseRow& row, CounterReader& reader, std::map<Pair, Sum>& sums) {
  if (row.key.load(std::memory_order_acquire) == 0) return;
  const auto site = reader.site_of(row.origin, Patience::Over);
  const auto stack = reader.stack_of(row.stack);
  if (!site || !stack) return;
  Sum& sum = sums[{*site, *stack}];
  sum.frees += load(row.frees);
  sum.bytes += load(row.bytes);
}

}  // namespace

std::vector<capture::ReleaseRow> read_releases(const SessionView& view, CounterReader& reader) {
  if (view.header().free_stacks == 0) return {};
  std::map<Pair, Sum> sums;
  for (const wire::Ref ref : view.tables().refs) {
    const wire::Ref newest = view.table(ref)->releases.load(std::memory_order_acquire);
    for (const auto rows : view.release_rows(newest)) {
      for (const wire::ReleaseRow& row : rows) add_row(row, reader, sums);
    }
  }
  std::vector<capture::ReleaseRow> result;
  result.reserve(sums.size());
  for (const auto& [pair, sum] : sums) {
    result.push_back({pair.first, pair.second, sum.frees, sum.bytes});
  }
  return result;
}

}  // namespace heapscribe::collector
