#include "analyzer/model/window.h"

#include <stdexcept>

#include "analyzer/model/site_series.h"

namespace heapscribe::model {
namespace {

using Sites = std::unordered_map<SiteId, Held>;

Moment end_of_window(CaptureReader& reader, const MomentName& end, const char* otherwise) {
  if (end.name.empty()) return find_moment(reader, otherwise, std::nullopt);
  return find_moment(reader, end.name, end.time);
}

void expect_counts(CaptureReader& reader, const Moment& moment) {
  if (moment.kind == MomentKind::Start || knows_bytes(reader, moment)) return;
  throw std::runtime_error("'" + reader.path() + "' does not tell what was allocated until " +
                           moment.words + "; a snapshot will do");
}

// Exact if the run's peak lies within, else to a step of the series.
Sites held_at_most(CaptureReader& reader, const Window& window, const Sites& at_end) {
  const std::int64_t peak = reader.totals().peak_at.value;
  if (window.from.at.value < peak && peak <= window.to.at.value) {
    return held_at(reader, {MomentKind::Peak, 0, {peak}, {}});
  }
  const auto fullest = SiteSeries(reader).fullest(window.from.at.value, window.to.at.value);
  return fullest ? held_at(reader, {MomentKind::Time, 0, {*fullest}, {}}) : at_end;
}

const Held& of(const Sites& sites, SiteId site) {
  static const Held kNone;
  const auto found = sites.find(site);
  return found == sites.end() ? kNone : found->second;
}

}  // namespace

std::string Window::in_words() const {
  return "between " + from.words + " and " + to.words;
}

Window find_window(CaptureReader& reader, const MomentName& from, const MomentName& to) {
  Window window{end_of_window(reader, from, "start"), end_of_window(reader, to, "exit")};
  expect_counts(reader, window.from);
  expect_counts(reader, window.to);
  if (window.from.at.value > window.to.at.value) {
    throw std::runtime_error(window.from.words + " is later than " + window.to.words);
  }
  return window;
}

void select_window(CaptureReader& reader, const Window& window) {
  reader.database().execute(
      "CREATE TEMP TABLE window_site(site_id INTEGER PRIMARY KEY, allocations, bytes, frees, "
      "freed_bytes, live_blocks, live_bytes, peak_blocks, peak_bytes)");
  const Sites before = held_at(reader, window.from);
  const Sites after = held_at(reader, window.to);
  const Sites fullest = held_at_most(reader, window, after);
  auto insert =
      reader.database().prepare("INSERT INTO temp.window_site VALUES (?,?,?,?,?,?,?,?,?)");
  for (const auto& [site, end] : after) {
    const Held& begin = of(before, site);
    const Held& most = of(fullest, site);
    const std::int64_t allocations = end.allocations.value - begin.allocations.value;
    const std::int64_t bytes = end.bytes.value - begin.bytes.value;
    const std::int64_t growth = end.live_bytes.value - begin.live_bytes.value;
    const std::int64_t more_blocks = end.live_blocks.value - begin.live_blocks.value;
    if (allocations == 0 && end.live_blocks.value == 0 && most.live_blocks.value == 0) continue;
    insert.bind_all(site.value, allocations, bytes, allocations - more_blocks, bytes - growth,
                    end.live_blocks.value, end.live_bytes.value, most.live_blocks.value,
                    most.live_bytes.value);
    insert.run();
  }
}

}  // namespace heapscribe::model
