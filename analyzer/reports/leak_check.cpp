#include "analyzer/reports/leak_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <unordered_map>

#include "analyzer/model/block_ages.h"
#include "analyzer/model/file_name.h"
#include "analyzer/model/site_series.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;

struct Holder {
  std::string root;
  std::vector<std::int64_t> sites;
};

std::string root_in_words(const capture::Statement& row) {
  const std::string root = row.text(1);
  if (root == "global") {
    const std::string module = model::file_name(row.text(3));
    if (module.empty()) return "global";
    const std::string name = row.text(5);
    return name.empty()
               ? fmt::format("global {}+{:#x}", module, static_cast<std::uint64_t>(row.integer(4)))
               : "global " + name + " in " + module;
  }
  return root + " of thread " + std::to_string(row.integer(2));
}

std::unordered_map<std::int64_t, Holder> read_holders(CaptureReader& reader) {
  std::unordered_map<std::int64_t, Holder> holders;
  auto rows = reader.database().prepare(queries::holders);
  while (rows.step()) {
    Holder& holder = holders[rows.integer(0)];
    holder.root = root_in_words(rows);
    const auto sites = nlohmann::json::parse(rows.text(6), nullptr, false);
    if (!sites.is_array()) continue;
    for (const auto& site : sites) {
      if (site.is_number_integer()) holder.sites.push_back(site.get<std::int64_t>());
    }
  }
  return holders;
}

class RetainerNames {
 public:
  explicit RetainerNames(CaptureReader& reader) : reader_(reader), holders_(read_holders(reader)) {}

  // From the root to what holds the site's block.
  std::string of(model::SiteId site) {
    const auto found = holders_.find(site.value);
    if (found == holders_.end()) return "";
    std::string text = found->second.root;
    const auto& sites = found->second.sites;
    for (auto holder = sites.rbegin(); holder != sites.rend(); ++holder) {
      text += " > " + function_of(*holder);
    }
    return text;
  }

 private:
  std::string function_of(std::int64_t site) {
    if (!lookup_) {
      lookup_ = reader_.database().prepare(
          "SELECT stack_id, ifnull(address_id, -1), ifnull(frame_depth, 0) FROM site WHERE id = ?");
    }
    lookup_->bind_all(site);
    std::string name = "?";
    if (lookup_->step()) {
      name = model::blamed_frame(reader_.stacks(), reader_.frames(), {lookup_->integer(0)},
                                 {lookup_->integer(1)}, lookup_->integer(2))
                 .function;
    }
    lookup_->reset();
    return name;
  }

  CaptureReader& reader_;
  std::unordered_map<std::int64_t, Holder> holders_;
  std::optional<capture::Statement> lookup_;
};

std::optional<BlockClass> class_named(const std::string& name) {
  const auto* found =
      std::find(std::begin(wire::kBlockClassNames), std::end(wire::kBlockClassNames), name);
  if (found == std::end(wire::kBlockClassNames)) return std::nullopt;
  return static_cast<BlockClass>(found - std::begin(wire::kBlockClassNames));
}

LeakRow read_row(CaptureReader& reader, const capture::Statement& row, BlockClass block_class) {
  LeakRow leak;
  leak.block_class = block_class;
  leak.blocks.value = row.integer(1);
  leak.bytes.value = row.integer(2);
  leak.retained_bytes.value = row.integer(3);
  leak.site.value = row.integer(4);
  leak.kind = row.text(5);
  leak.allocations.value = row.integer(9);
  leak.frees.value = row.integer(10);
  leak.peak_bytes.value = row.integer(14);
  leak.temporary.value = row.integer(15);
  leak.min_size.value = row.integer(12);
  leak.max_size.value = row.integer(13);
  leak.stack = model::site_stack(reader.stacks(), reader.frames(), {row.integer(6)},
                                 {row.integer(7)}, row.integer(8));
  return leak;
}

void add_evidence(LeakRow& leak, const capture::Statement& row, const model::Ages& ages,
                  model::Nanoseconds duration) {
  leak.youngest_age_seconds = ages.youngest;
  leak.oldest_age_seconds = ages.oldest;
  leak.age_seconds = (ages.youngest + ages.oldest) / 2;
  const auto allocations = static_cast<double>(std::max<std::int64_t>(row.integer(9), 1));
  const bool from_start = ages.quiet >= 0.9 * static_cast<double>(duration.value) / 1e9;
  leak.confidence = confidence_of(leak.block_class, ages.grows, leak.blocks.value,
                                  static_cast<double>(row.integer(10)) / allocations, from_start);
}

void add_to(ClassSums& sums, const LeakRow& leak) {
  sums.sites += model::Count{1};
  sums.blocks += leak.blocks;
  sums.bytes += leak.bytes;
}

// The largest site comes first.
void add_to_worst(LeakCheck& check, const LeakRow& leak) {
  if (leak.block_class != BlockClass::Definite) return;
  const std::string& function = leak.stack.blamed().function;
  if (check.worst_blocks.value == 0) check.worst_function = function;
  if (function == check.worst_function) check.worst_blocks += leak.blocks;
}

void read_circumstances(const CaptureReader& reader, LeakCheck& check) {
  const auto number = [&](const char* key) { return reader.integer(key).value_or(0); };
  check.why_not = reader.text("leak_check");
  check.complete = check.why_not == "complete";
  static_cast<CheckMoment&>(check) = check_moment(reader);
  check.stopped.value = number("leak_check_stopped_ns");
  check.marking.value = number("leak_check_marking_ns");
  check.blocks.value = number("leak_check_blocks");
  check.threads.value = number("leak_check_threads");
  check.threads_unseen.value = number("leak_check_threads_unseen");
}

// For a check while the program runs, the collector reads them a moment later.
model::Nanoseconds when_counters_were_read(const CaptureReader& reader, const LeakCheck& check) {
  constexpr model::Nanoseconds kMoment{250'000'000};
  const model::Nanoseconds end = reader.totals().duration;
  return check.at_end ? end : std::min(end, check.taken + kMoment);
}

std::vector<Suppression> used_of(const Suppressions& suppressions) {
  std::vector<Suppression> used;
  for (const Suppression& one : suppressions.all()) {
    if (one.hits > 0) used.push_back(one);
  }
  std::stable_sort(used.begin(), used.end(), [](const Suppression& left, const Suppression& right) {
    return left.bytes > right.bytes;
  });
  return used;
}

}  // namespace

double confidence_of(BlockClass block_class, bool grows, std::int64_t blocks, double freed_share,
                     bool from_start) {
  constexpr std::array<double, wire::kBlockClasses> kOfClass = {4, 4, -0.5, -4};
  constexpr std::int64_t kMany = 10;
  constexpr double kSome = 0.1;
  double sum = kOfClass[static_cast<std::size_t>(block_class)];
  if (grows) sum += 1.5;
  if (blocks >= kMany) sum += 0.5;
  if (freed_share >= kSome) sum += block_class == BlockClass::Reachable ? -1 : 0.5;
  if (from_start && block_class != BlockClass::Definite) sum -= 1.5;
  return 1 / (1 + std::exp(-sum));
}

CheckMoment check_moment(const CaptureReader& reader) {
  const model::Nanoseconds end = reader.totals().duration;
  const model::Nanoseconds taken{reader.integer("leak_check_ns").value_or(end.value)};
  return {std::min(taken, end), reader.text("leak_check_at") != "request"};
}

Classes classes_of(const std::string& text) {
  Classes classes{};
  if (text == "all") {
    classes.fill(true);
    return classes;
  }
  if (text.empty()) throw std::runtime_error("no class of blocks is named; all names every one");
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, end - begin);
    if (name == "all") throw std::runtime_error("all goes with no other class of blocks");
    const auto found = class_named(name);
    if (!found) {
      throw std::runtime_error("'" + name +
                               "' is no class of blocks: definite, indirect, possible, reachable, "
                               "or all");
    }
    classes[static_cast<std::size_t>(*found)] = true;
    begin = end + 1;
  }
  return classes;
}

LeakCheck check_leaks(CaptureReader& reader, const Classes& wanted, Suppressions& suppressions,
                      std::optional<std::int64_t> limit) {
  LeakCheck check;
  read_circumstances(reader, check);
  if (!check.complete) return check;
  const model::SiteSeries series(reader);
  const model::Nanoseconds seen = when_counters_were_read(reader, check);
  RetainerNames retainers(reader);
  auto rows = reader.database().prepare(queries::leak_classes);
  while (rows.step()) {
    const auto found = class_named(rows.text(0));
    if (!found) continue;
    LeakRow leak = read_row(reader, rows, *found);
    if (Suppression* by =
            *found == BlockClass::Reachable ? nullptr : suppressions.find(leak.stack)) {
      ++by->hits;
      by->blocks += leak.blocks.value;
      by->bytes += leak.bytes.value;
      add_to(check.suppressed, leak);
      continue;
    }
    add_to(check.classes[static_cast<std::size_t>(*found)], leak);
    if (wanted[static_cast<std::size_t>(*found)]) add_to_worst(check, leak);
    const bool shown = !limit || static_cast<std::int64_t>(check.rows.size()) < *limit;
    if (!wanted[static_cast<std::size_t>(*found)] || !shown) continue;
    add_evidence(leak, rows, model::ages_at(seen, series.of(leak.site), rows.integer(11)),
                 check.taken);
    if (*found == BlockClass::Reachable) leak.retainer = retainers.of(leak.site);
    check.rows.push_back(std::move(leak));
  }
  check.suppressions = used_of(suppressions);
  return check;
}

}  // namespace heapscribe::reports
