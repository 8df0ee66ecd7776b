#include "analyzer/cli/recording_end.h"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

#include "analyzer/cli/symbol_lookup.h"
#include "analyzer/model/units.h"
#include "analyzer/render/format.h"
#include "analyzer/render/limit_text.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/short_name.h"
#include "analyzer/reports/run_limits.h"

namespace heapscribe::cli {
namespace {

std::int64_t number(capture::Database& recording, std::string_view key) {
  capture::Statement value = recording.prepare("SELECT value FROM recording WHERE key = ?");
  value.bind(1, key);
  return value.step() ? value.integer(0) : 0;
}

std::string text(capture::Database& recording, const std::string& sql) {
  capture::Statement value = recording.prepare(sql);
  return value.step() ? value.text(0) : std::string();
}

// The function that holds most of what was never freed.
std::string worst_leak(capture::Database& recording) {
  const std::string name =
      text(recording,
           "SELECT fn.name FROM site s"
           " JOIN frame f ON f.address_id = s.address_id AND f.depth = s.frame_depth"
           " JOIN function fn ON fn.id = f.function_id WHERE s.live_bytes > 0"
           " GROUP BY fn.id ORDER BY sum(s.live_bytes) DESC LIMIT 1");
  constexpr std::size_t kLongestName = 60;
  return render::fit_foreign(render::short_name(name), kLongestName);
}

std::string with_worst_leak(capture::Database& recording, const std::string& line) {
  const std::string function = worst_leak(recording);
  return function.empty() ? line : fmt::format("{} (most: {})", line, function);
}

// Calls and blocks are counted, bytes that are alive are estimated.
std::string sampled_findings(capture::Database& recording) {
  const auto about = [](std::int64_t bytes, std::int64_t error) {
    return fmt::format("about {} ± {}", render::format_bytes(bytes), render::format_bytes(error));
  };
  const std::int64_t blocks = number(recording, "live_blocks");
  const std::int64_t bytes = number(recording, "live_bytes");
  std::string line = fmt::format(
      "{}, peak {}", render::format_plural(number(recording, "allocations"), "allocation"),
      about(number(recording, "peak_bytes"), number(recording, "peak_error_bytes")));
  if (blocks <= 0) return line + ", all freed; estimated from samples";
  line += fmt::format(", {} never freed", render::format_plural(blocks, "block"));
  if (bytes <= 0) return line + ", too small for a sample; estimated from samples";
  auto variance = recording.prepare("SELECT sum(live_bytes_variance) FROM site");
  const double squared = variance.step() ? variance.real(0) : 0;
  line += " with " + about(bytes, model::error_of(bytes, squared));
  return with_worst_leak(recording, line) + "; estimated from samples";
}

std::string findings(capture::Database& recording) {
  if (number(recording, "sample_mean_bytes") > 0) return sampled_findings(recording);
  const std::int64_t blocks = number(recording, "live_blocks");
  std::string line = fmt::format(
      "{}, peak {}", render::format_plural(number(recording, "allocations"), "allocation"),
      render::format_bytes(number(recording, "peak_bytes")));
  if (blocks <= 0) return line + ", all freed";
  line +=
      fmt::format(", {} in {} never freed", render::format_bytes(number(recording, "live_bytes")),
                  render::format_plural(blocks, "block"));
  return with_worst_leak(recording, line);
}

// What the numbers do not cover.
std::vector<std::string> reservations(capture::Database& recording) {
  std::vector<std::string> found;
  if (text(recording, "SELECT value FROM recording WHERE key = 'state'") == "interrupted") {
    found.emplace_back("interrupted");
  }
  if (text(recording, "SELECT value FROM recording WHERE key = 'end_kind'") == "execed") {
    found.push_back(
        fmt::format("ended when it became '{}'",
                    text(recording, "SELECT value FROM recording WHERE key = 'exec_path'")));
  }
  if (const std::int64_t paused = number(recording, "unrecorded_allocations"); paused > 0) {
    found.push_back(fmt::format("recording was paused, {} not recorded",
                                render::format_plural(paused, "allocation")));
  }
  if (const std::int64_t children = number(recording, "unrecorded_children"); children > 0) {
    found.push_back(fmt::format(
        "{} not recorded",
        children == 1 ? "1 forked child" : fmt::format("{} forked children", children)));
  }
  if (const std::int64_t lost = recording.integer("SELECT sum(events) FROM loss"); lost > 0) {
    found.push_back(fmt::format(
        "losses: {}", text(recording,
                           "SELECT group_concat(events || ' ' || replace(kind, '_', ' '), ', ')"
                           " FROM loss WHERE events > 0")));
  }
  return found;
}

std::vector<std::string> passed_limits(capture::Database& recording) {
  std::vector<std::string> found;
  for (const reports::RunLimit& limit : reports::run_limits(recording)) {
    if (!limit.breach) continue;
    found.push_back(
        fmt::format("budget: {} {}", render::limit_text(limit), render::outcome_text(limit)));
  }
  return found;
}

// As a shell would need it.
std::string quoted(const std::string& path) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:@%/";
  if (path.find_first_not_of(kPlain) == std::string::npos) return path;
  std::string text = "'";
  for (const char letter : path)
    text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return text + "'";
}

}  // namespace

std::string complete_recording(capture::Database& recording, Symbols symbols) {
  std::string trouble;
  try {
    if (symbols == Symbols::LookUp) look_up_symbols(recording);
    collector::settle(recording);
  } catch (const std::exception& error) {
    trouble = fmt::format("; {}, repeat with: heapscribe symbolize", error.what());
  }
  std::string line = findings(recording);
  for (const std::string& limit : passed_limits(recording)) line += "; " + limit;
  for (const std::string& reservation : reservations(recording)) line += "; " + reservation;
  return fmt::format("{}{}; read on: heapscribe summary {}", line, trouble,
                     quoted(recording.path()));
}

Outcome finish_recording(collector::Collector& collector, collector::SessionFile& session,
                         collector::Stop stop, const collector::End& end, Symbols symbols) {
  const bool interrupted = stop == collector::Stop::Requested;
  try {
    collector.finish(end, interrupted ? "interrupted" : "complete");
  } catch (const std::exception& error) {
    return {.sentence = fmt::format("{}; recover with: heapscribe recover {} -o OTHER.db",
                                    error.what(), quoted(session.path()))};
  }
  if (!interrupted) session.remove();
  return {.recorded = true, .sentence = complete_recording(collector.database(), symbols)};
}

}  // namespace heapscribe::cli
