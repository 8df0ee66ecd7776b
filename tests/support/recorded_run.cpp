#include "tests/support/recorded_run.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>
#include <utility>

#include "preload/capture/database.h"
#include "tests/end_to_end/counts_file.h"
#include "tests/support/build_paths.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;

constexpr const char* kMessagePrefix = "heapscribe: ";

// Absent and null both read as the type's zero: unknown functions have no file and no line.
template <typename Value>
Value value_or_zero(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return {};
  return found->get<Value>();
}

Frame frame_from(const json& object) {
  return {.function = value_or_zero<std::string>(object, "function"),
          .file = value_or_zero<std::string>(object, "file"),
          .line = value_or_zero<std::int64_t>(object, "line"),
          .module = value_or_zero<std::string>(object, "module"),
          .inlined = value_or_zero<bool>(object, "inlined")};
}

Row row_from(const json& object) {
  Row row{.allocations = object.at("allocations"),
          .bytes = object.at("bytes"),
          .live_blocks = object.at("live_blocks"),
          .live_bytes = object.at("live_bytes"),
          .peak_bytes = object.at("peak_bytes"),
          .temporary = object.at("temporary"),
          .kind = object.at("kind"),
          .function = value_or_zero<std::string>(object, "function"),
          .stack = {}};
  for (const json& frame : object.at("stack")) row.stack.push_back(frame_from(frame));
  return row;
}

Summary summary_from(const json& object) {
  return {.allocations = object.at("allocations"),
          .frees = object.at("frees"),
          .reallocations = object.at("reallocations"),
          .allocated_bytes = object.at("allocated_bytes"),
          .live_blocks = object.at("live_blocks"),
          .live_bytes = object.at("live_bytes"),
          .peak_bytes = object.at("peak_bytes"),
          .temporary_allocations = object.at("temporary_allocations"),
          .threads = object.at("threads"),
          .sites = object.at("sites"),
          .losses = object.at("losses"),
          .duration_seconds = object.at("duration_seconds")};
}

// Takes the last line of `text` if it is ours.
std::string take_closing_line(std::string& text) {
  if (text.empty() || text.back() != '\n') return {};
  const std::size_t before = text.rfind('\n', text.size() - 2);
  const std::size_t start = before == std::string::npos ? 0 : before + 1;
  if (text.compare(start, std::strlen(kMessagePrefix), kMessagePrefix) != 0) return {};
  std::string line = text.substr(start);
  text.erase(start);
  return line;
}

Counts counts_from(const counts& raw) {
  return {.allocations = raw.allocations,
          .frees = raw.frees,
          .bytes = raw.bytes,
          .reallocations = raw.reallocations,
          .failed = raw.failed,
          .program = raw.program};
}

std::optional<Counts> read_counts_file(const std::filesystem::path& path) {
  counts raw{};
  std::ifstream stream(path, std::ios::binary);
  if (!stream.read(reinterpret_cast<char*>(&raw), sizeof raw)) return std::nullopt;
  return counts_from(raw);
}

bool nothing_lost(const Summary& summary) {
  return std::all_of(summary.losses.begin(), summary.losses.end(),
                     [](const auto& loss) { return loss.second == 0; });
}

std::string losses_text(const Summary& summary) {
  std::ostringstream text;
  for (const auto& [kind, events] : summary.losses) text << kind << "=" << events << " ";
  return text.str();
}

}  // namespace

std::filesystem::path heapscribe_command() {
  return HEAPSCRIBE_TEST_COMMAND;
}
std::filesystem::path heapscribe_library() {
  return HEAPSCRIBE_TEST_LIBRARY;
}
std::filesystem::path counting_library() {
  return HEAPSCRIBE_TEST_COUNTING;
}
std::filesystem::path test_program(const std::string& name) {
  return std::filesystem::path(HEAPSCRIBE_TEST_PROGRAMS) / name;
}
std::filesystem::path sample_program(const std::string& name) {
  return std::filesystem::path(HEAPSCRIBE_TEST_SAMPLES) / name;
}

void PrintTo(const Counts& counts, std::ostream* stream) {
  *stream << counts.program << ": " << counts.allocations << " allocations, " << counts.frees
          << " frees, " << counts.bytes << " bytes, " << counts.reallocations << " reallocations, "
          << counts.failed << " failed";
}

void PrintTo(const Row& row, std::ostream* stream) {
  *stream << row.allocations << " allocations, " << row.bytes << " bytes, live " << row.live_blocks
          << " blocks " << row.live_bytes << " bytes, peak " << row.peak_bytes << ", temporary "
          << row.temporary;
  for (const Frame& frame : row.stack) {
    *stream << "\n    " << frame.function << " " << frame.file << ":" << frame.line << " "
            << frame.module << (frame.inlined ? " (inlined)" : "");
  }
}

bool Row::calls(const std::string& name) const {
  return std::any_of(stack.begin(), stack.end(),
                     [&](const Frame& frame) { return frame.function == name; });
}

std::optional<Counts> read_counts(const std::filesystem::path& directory, pid_t pid, int image) {
  return read_counts_file(directory / (std::to_string(pid) + "." + std::to_string(image)));
}

std::vector<Counts> counts_of_program(const std::filesystem::path& directory,
                                      const std::string& program) {
  std::vector<Counts> result;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const auto read = read_counts_file(entry.path());
    if (read && read->program == program) result.push_back(*read);
  }
  return result;
}

bool Recording::exists() const {
  return std::filesystem::exists(database_);
}

std::string Recording::json_text(const std::string& report,
                                 const std::vector<std::string>& options) const {
  Command command;
  command.arguments = {heapscribe_command(), report, database_, "--format", "json"};
  command.arguments.insert(command.arguments.end(), options.begin(), options.end());
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_status, 0) << report << " " << database_ << ": " << describe(finished);
  return finished.out;
}

Summary Recording::summary() const {
  const json object = json::parse(json_text("summary"), nullptr, false);
  if (!object.is_object()) {
    ADD_FAILURE() << "summary is not a JSON object";
    return {};
  }
  return summary_from(object);
}

std::vector<Row> Recording::rows(const std::string& report,
                                 const std::vector<std::string>& options) const {
  const json array = json::parse(json_text(report, options), nullptr, false);
  if (!array.is_array()) {
    ADD_FAILURE() << report << " is not a JSON array";
    return {};
  }
  std::vector<Row> result;
  for (const json& object : array) result.push_back(row_from(object));
  return result;
}

std::string Recording::property(const std::string& key) const {
  auto database = capture::open_recording(database_, capture::OpenMode::ReadOnly);
  auto statement = database.prepare("SELECT value FROM recording WHERE key = ?");
  statement.bind(1, std::string_view(key));
  return statement.step() ? statement.text(0) : std::string();
}

std::int64_t Recording::integer(const std::string& sql) const {
  return capture::open_recording(database_, capture::OpenMode::ReadOnly).integer(sql);
}

std::string Recording::integrity() const {
  auto database = capture::open_recording(database_, capture::OpenMode::ReadOnly);
  auto statement = database.prepare("PRAGMA integrity_check");
  return statement.step() ? statement.text(0) : "no answer";
}

Row Recording::total_of(const std::string& function) const {
  Row total;
  for (const Row& row : rows("hotspots", {"--limit", "0"})) {
    if (!row.calls(function)) continue;
    total.allocations += row.allocations;
    total.bytes += row.bytes;
    total.live_blocks += row.live_blocks;
    total.live_bytes += row.live_bytes;
    total.peak_bytes += row.peak_bytes;
    total.temporary += row.temporary;
    total.stack = row.stack;
  }
  return total;
}

Command EndToEnd::in_directory(std::vector<std::string> arguments) const {
  Command command;
  command.arguments = std::move(arguments);
  command.directory = directory();
  return command;
}

Finished EndToEnd::run_plain(Command command) const {
  if (command.directory.empty()) command.directory = directory();
  return run(command);
}

Command EndToEnd::recording_command(Command command, const std::filesystem::path& database,
                                    const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {heapscribe_command(), "run", "-o", database};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  command.arguments = std::move(arguments);
  return command;
}

Command EndToEnd::with_counting(Command command, const std::filesystem::path& directory) {
  const auto users = command.environment["LD_PRELOAD"];  // stays, below the interposer
  command.environment["LD_PRELOAD"] =
      counting_library().string() + (users ? ":" + *users : std::string());
  command.environment[COUNTS_DIRECTORY_VARIABLE] = directory;
  return command;
}

std::filesystem::path EndToEnd::next_database() const {
  return databases_.path() / (std::to_string(++recordings_) + ".db");
}

RecordedRun EndToEnd::run_recorded(Command command, const std::vector<std::string>& options) const {
  if (command.directory.empty()) command.directory = directory();
  const auto database = next_database();
  command =
      recording_command(with_counting(std::move(command), counts_directory()), database, options);
  RecordedRun result{run(command), Recording(database), {}};
  result.closing_line = take_closing_line(result.finished.err);
  return result;
}

std::optional<Counts> EndToEnd::counts_of(const RecordedRun& run) const {
  const std::string pid = run.recording.property("pid");
  return pid.empty() ? std::nullopt : read_counts(counts_directory(), std::stoi(pid));
}

void EndToEnd::expect_exact(const RecordedRun& run) const {
  ASSERT_TRUE(run.recording.exists()) << describe(run.finished);
  const Summary summary = run.recording.summary();
  const auto truth = counts_of(run);
  ASSERT_TRUE(truth) << "the counting interposer left no file for the recorded process";
  EXPECT_GT(truth->allocations, 0U);
  EXPECT_EQ(summary.allocations, truth->allocations);
  EXPECT_EQ(summary.frees, truth->frees);
  EXPECT_EQ(summary.allocated_bytes, truth->bytes);
  EXPECT_EQ(summary.reallocations, truth->reallocations);
  EXPECT_EQ(static_cast<std::uint64_t>(summary.live_blocks), truth->allocations - truth->frees);
  EXPECT_TRUE(nothing_lost(summary)) << losses_text(summary);
}

void EndToEnd::expect_same(const Finished& plain, const RecordedRun& recorded) {
  ASSERT_FALSE(plain.timed_out) << describe(plain);
  EXPECT_FALSE(recorded.finished.timed_out) << describe(recorded.finished);
  const int expected = plain.signal != 0 ? 128 + plain.signal : plain.exit_status;
  EXPECT_EQ(recorded.finished.exit_status, expected)
      << describe(recorded.finished) << recorded.closing_line;
  EXPECT_EQ(recorded.finished.out, plain.out);
  EXPECT_EQ(recorded.finished.err, plain.err);
  EXPECT_NE(recorded.closing_line, "") << "no closing line: " << describe(recorded.finished);
}

RecordedRun EndToEnd::expect_same_and_exact(const Command& command) const {
  const Finished plain = run_plain(command);
  RecordedRun recorded = run_recorded(command);
  expect_same(plain, recorded);
  expect_exact(recorded);
  return recorded;
}

void expect_refusal(const Finished& finished) {
  EXPECT_FALSE(finished.timed_out) << describe(finished);
  EXPECT_EQ(finished.exit_status, 2) << describe(finished);
  EXPECT_EQ(finished.err.rfind(kMessagePrefix, 0), 0U) << describe(finished);
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << describe(finished);
}

}  // namespace heapscribe::tests
