#include "analyzer/reports/summary.h"

#include <fmt/format.h>
#include <string.h>  // sigabbrev_np

#include <nlohmann/json.hpp>

#include "analyzer/model/shell_word.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::reports {
namespace {

std::string signal_text(std::int64_t number) {
  const char* name = sigabbrev_np(static_cast<int>(number));
  if (name == nullptr) return fmt::format("killed by signal {}", number);
  return fmt::format("killed by signal {} (SIG{})", number, name);
}

std::string end_text(const model::CaptureReader& reader, const ProgramEnd& end) {
  if (reader.state() == model::RecordingState::Live || end.kind == "running") {
    return "still running";
  }
  if (end.kind == "exited" && end.status) return fmt::format("exited with status {}", *end.status);
  if (end.kind == "exited") return "exited";
  if (end.kind == "signaled" && end.status) return signal_text(*end.status);
  if (end.kind == "execed") return fmt::format("replaced by {}", reader.text("exec_path"));
  return "ended in an unknown way";
}

std::string command_line(const model::CaptureReader& reader) {
  std::string stored = reader.text("command_line");
  const auto words = nlohmann::json::parse(stored, nullptr, false);
  if (!words.is_array()) return stored;
  std::string line;
  for (const auto& word : words) {
    if (!line.empty()) line += ' ';
    line += model::shell_word(word.is_string() ? word.get<std::string>() : word.dump());
  }
  return line;
}

std::vector<KindRow> read_kinds(capture::Database& database) {
  std::vector<KindRow> kinds;
  auto rows = database.prepare(queries::call_kinds);
  while (rows.step()) kinds.push_back({rows.text(0), {rows.integer(1)}, {rows.integer(2)}});
  return kinds;
}

model::Count count_sites(const std::vector<Location>& locations) {
  model::Count sites;
  for (const Location& location : locations) sites += location.sites;
  return sites;
}

void read_leak_check(model::CaptureReader& reader, Summary& summary) {
  summary.leak_check = reader.text("leak_check");
  summary.has_leak_check = summary.leak_check == "complete";
  summary.leak_check_moment = check_moment(reader);
  auto rows = reader.database().prepare(queries::class_sums);
  while (rows.step()) {
    for (std::size_t i = 0; i < wire::kBlockClasses; ++i) {
      if (rows.text(0) != wire::kBlockClassNames[i]) continue;
      summary.classes[i].live_blocks.value = rows.integer(1);
      summary.classes[i].live_bytes.value = rows.integer(2);
    }
  }
}

}  // namespace

ProgramEnd program_end(const model::CaptureReader& reader) {
  ProgramEnd end;
  end.kind = reader.text("end_kind");
  if (end.kind.empty()) {
    end.kind = reader.state() == model::RecordingState::Live ? "running" : "unknown";
  }
  end.status = reader.integer("end_status");
  end.text = end_text(reader, end);
  return end;
}

Summary summarize(model::CaptureReader& reader, const Rules& rules) {
  Summary summary;
  summary.program = reader.program();
  summary.command_line = command_line(reader);
  summary.mode = reader.text("mode");
  summary.unwinder = reader.text("unwinder");
  summary.pid = reader.integer("pid");
  summary.state = reader.state();
  summary.end = program_end(reader);
  summary.totals = reader.totals();
  summary.kinds = read_kinds(reader.database());
  summary.losses = reader.losses();
  const std::vector<Location> locations = find_locations(reader);
  summary.sites = count_sites(locations);
  summary.limits = run_limits(reader.database());
  summary.findings = find_findings(reader, locations, rules);
  summary.timeline = summarize_timeline(reader, kTimelineSteps);
  read_leak_check(reader, summary);
  return summary;
}

}  // namespace heapscribe::reports
