#include "viewer/server/report_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "analyzer/model/capture_reader.h"
#include "analyzer/model/trace_reader.h"
#include "analyzer/reports/pauses.h"
#include "analyzer/reports/pools.h"
#include "analyzer/reports/releases.h"
#include "analyzer/reports/sections.h"

namespace heapscribe::viewer {
namespace {

using nlohmann::ordered_json;

std::string text_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::vector<std::string> sentences_in(const std::string& errors) {
  constexpr std::string_view kName = "heapscribe: ";
  std::vector<std::string> sentences;
  std::istringstream lines(errors);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kName)) line.erase(0, kName.size());
    if (!line.empty()) sentences.push_back(std::move(line));
  }
  return sentences;
}

// Status 2 says that something was refused; `health` also says so of a critical program.
bool is_refused(const ReportRequest& request, const Finished& finished) {
  constexpr int kFinding = 1;
  if (finished.status <= kFinding) return false;
  return request.report != "health" || finished.output.empty();
}

// An object a line becomes an array.
std::string array_of_lines(std::string lines) {
  std::replace(lines.begin(), lines.end(), '\n', ',');
  return '[' + std::move(lines) + ']';
}

Answer report_body(const ReportRequest& request, Finished finished) {
  std::string& body = finished.output;
  while (body.ends_with('\n')) body.pop_back();
  if (request.report == "trace") body = array_of_lines(std::move(body));
  if (body.empty()) body = "null";
  body.insert(0, R"({"data":)");
  body += R"(,"notes":)" + text_of(sentences_in(finished.errors));
  body += fmt::format(R"(,"status":{}}})", finished.status);
  return {200, std::move(body)};
}

struct State {
  bool live = false;
  std::vector<std::string> lacks;
};

// Reports that have nothing to tell of this recording.
std::vector<std::string> lacking(model::CaptureReader& reader) {
  std::vector<std::string> reports;
  if (!reports::has_pauses(reader)) reports.emplace_back("pauses");
  if (!reports::has_pools(reader)) reports.emplace_back("pools");
  if (!reports::has_releases(reader)) reports.emplace_back("releases");
  if (!reports::has_sections(reader)) reports.emplace_back("sections");
  if (!model::has_trace(reader)) reports.emplace_back("trace");
  return reports;
}

State state_of(const std::string& path) {
  try {
    model::CaptureReader reader(path, {.wait_ms = 0, .on_waiting = {}, .name_live = {}});
    return {reader.state() == model::RecordingState::Live, lacking(reader)};
  } catch (const std::exception&) {
    return {};  // why it cannot be read, its reports tell
  }
}

}  // namespace

Answer refusal(unsigned status, std::string_view sentence) {
  return {status, text_of(ordered_json{{"error", sentence}})};
}

Answer answer_of(const ReportRequest& request, Finished finished) {
  switch (finished.ending) {
    case Ending::TooLarge:
      return refusal(400, "the answer is larger than can be sent; ask for fewer rows with limit");
    case Ending::TooSlow:
      return refusal(504, fmt::format("'{}' took too long and was ended", request.report));
    case Ending::Interrupted:
      return refusal(503, "nobody waits for the answer any more");
    case Ending::Crashed:
      return refusal(500,
                     fmt::format("'{}' was ended by signal {}", request.report, finished.status));
    case Ending::Exited:
      break;
  }
  if (!is_refused(request, finished)) return report_body(request, std::move(finished));
  const auto sentences = sentences_in(finished.errors);
  return refusal(400, sentences.empty() ? "the report was refused" : sentences.back());
}

Answer run_report(std::string_view report, std::string_view query, const Recordings& recordings,
                  const ProcessSlots& slots, const Interruptions& interruptions) {
  constexpr std::chrono::seconds kPatience{120};
  constexpr ProcessLimits kOfReports;
  // Anybody writes an endless question at first, and asks it again.
  constexpr ProcessLimits kOfQuestions{.time = std::chrono::seconds{15}};
  try {
    const ReportRequest request = parse_request(report, query);
    const std::vector<std::string> command = command_of(request, recordings);
    const auto slot = slots.take(kPatience, interruptions);
    if (!slot) return refusal(503, "too many reports are being made; ask again later");
    const ProcessLimits& limits = request.report == "query" ? kOfQuestions : kOfReports;
    return answer_of(request, run_process(kThisProgram, command, limits, interruptions));
  } catch (const BadRequest& bad) {
    return refusal(400, bad.what());
  }
}

Answer describe(const Recordings& recordings, std::string_view version) {
  const State state = state_of(recordings.path);
  ordered_json description{{"path", recordings.path}, {"other", nullptr},   {"baseline", nullptr},
                           {"version", version},      {"live", state.live}, {"lacks", state.lacks}};
  if (recordings.other) description["other"] = *recordings.other;
  if (recordings.baseline) description["baseline"] = *recordings.baseline;
  return {200, text_of(description)};
}

}  // namespace heapscribe::viewer
