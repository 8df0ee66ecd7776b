#include "analyzer/model/capture_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "analyzer/model/file_name.h"
#include "analyzer/model/process_check.h"
#include "analyzer/queries/queries.h"
#include "preload/wire/losses.h"

namespace heapscribe::model {
namespace {

using capture::Database;
using capture::DatabaseError;
using capture::OpenMode;

// What SQLite's own messages leave open: permissions and empty files.
void check_file(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || S_ISDIR(info.st_mode)) return;  // open_recording tells
  if (access(path.c_str(), R_OK) != 0) {
    throw std::runtime_error("cannot read '" + path + "': " + std::strerror(errno));
  }
  if (S_ISREG(info.st_mode) && info.st_size == 0) {
    throw std::runtime_error("'" + path + "' is empty, so not a heapscribe database");
  }
}

bool has_contents(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && info.st_size > 0;
}

// A database in WAL mode needs its -shm file even for reading; where it cannot be made (a read-only
// directory) and nothing waits in the log, the file can be read as it is.
Database open_read_only(const std::string& path) {
  check_file(path);
  try {
    Database database = capture::open_recording(path, OpenMode::ReadOnly);
    database.integer("SELECT count(*) FROM recording");
    return database;
  } catch (const DatabaseError& error) {
    const bool unsharable = error.code() == SQLITE_CANTOPEN || error.code() == SQLITE_READONLY;
    if (!unsharable || access(path.c_str(), R_OK) != 0) throw;
    if (has_contents(path + "-wal")) {
      throw std::runtime_error("'" + path + "' has unmerged changes in '" + path +
                               "-wal'; copy both files to a writable directory");
    }
  }
  return capture::open_recording(path, OpenMode::Immutable);
}

std::string recording_value(Database& database, std::string_view key) {
  auto row = database.prepare("SELECT value FROM recording WHERE key = ?1");
  row.bind(1, key);
  return row.step() ? row.text(0) : std::string();
}

std::int64_t to_integer(const std::string& text) {
  try {
    return text.empty() ? 0 : std::stoll(text);
  } catch (const std::exception&) {
    return 0;
  }
}

bool recorded_here(Database& database) {
  const std::string host = recording_value(database, "host");
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return host.empty() || host == name.data();
}

RecordingState current_state(Database& database) {
  const std::string state = recording_value(database, "state");
  if (state == "complete") return RecordingState::Complete;
  if (state == "interrupted") return RecordingState::Recovered;
  if (!recorded_here(database)) return RecordingState::Interrupted;
  const std::int64_t start = to_integer(recording_value(database, "start_realtime_ns"));
  const auto alive = [&](std::string_view key) {
    return process_alive(to_integer(recording_value(database, key)), start);
  };
  if (!alive("collector_pid")) {
    // It may have finished between the two looks.
    return recording_value(database, "state") == "complete" ? RecordingState::Complete
                                                            : RecordingState::Interrupted;
  }
  return alive("pid") ? RecordingState::Live : RecordingState::Finishing;
}

RecordingState settled_state(Database& database, const OpenOptions& options) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kPause = std::chrono::milliseconds(20);
  constexpr auto kNoticeAfter = std::chrono::seconds(1);
  const auto start = Clock::now();
  bool noticed = false;
  RecordingState state = current_state(database);
  while (state == RecordingState::Finishing &&
         Clock::now() - start < std::chrono::milliseconds(options.wait_ms)) {
    if (!noticed && options.on_waiting && Clock::now() - start >= kNoticeAfter) {
      options.on_waiting();
      noticed = true;
    }
    std::this_thread::sleep_for(kPause);
    state = current_state(database);
  }
  return state;
}

Totals read_totals_row(const capture::Statement& row) {
  Totals totals;
  int column = 0;
  const auto next = [&] { return row.integer(column++); };
  totals.allocations.value = next();
  totals.allocated_bytes.value = next();
  totals.frees.value = next();
  totals.freed_bytes.value = next();
  totals.reallocations.value = next();
  totals.temporary.value = next();
  totals.usable_bytes.value = next();
  totals.unknown_frees.value = next();
  totals.failed_calls.value = next();
  totals.live_blocks.value = next();
  totals.live_bytes.value = next();
  totals.peak_bytes.value = next();
  totals.peak_at.value = next();
  totals.peak_error.value = next();
  totals.threads.value = next();
  totals.unrecorded_children.value = next();
  totals.duration.value = next();
  return totals;
}

}  // namespace

std::string_view name_of(RecordingState state) {
  switch (state) {
    case RecordingState::Complete:
      return "complete";
    case RecordingState::Recovered:
      return "recovered";
    case RecordingState::Live:
      return "live";
    case RecordingState::Finishing:
      return "finishing";
    case RecordingState::Interrupted:
      return "interrupted";
  }
  return "";
}

Measures Totals::measures() const {
  return {allocations, allocated_bytes, live_blocks, live_bytes, peak_bytes, temporary};
}

CaptureReader::CaptureReader(const std::string& path, const OpenOptions& options)
    : database_(open_read_only(path)) {
  state_ = settled_state(database_, options);
  database_.execute("PRAGMA temp_store = MEMORY; BEGIN");
  if (state_ == RecordingState::Live && options.name_live) options.name_live(database_);
  read_everything();
}

CaptureReader::CaptureReader(capture::Database database) : database_(std::move(database)) {
  state_ = current_state(database_);
  database_.execute("PRAGMA temp_store = MEMORY; BEGIN");
  read_everything();
}

void CaptureReader::read_everything() {
  read_recording();
  read_totals();
  read_losses();
}

void CaptureReader::read_recording() {
  auto rows = database_.prepare("SELECT key, value FROM recording");
  while (rows.step()) {
    recording_.emplace_back(
        rows.text(0), rows.is_null(1) ? std::nullopt : std::optional<std::string>(rows.text(1)));
  }
}

void CaptureReader::read_totals() {
  auto row = database_.prepare(queries::totals);
  if (row.step()) totals_ = read_totals_row(row);
  if (!knows_rounding()) totals_.usable_bytes = {};
}

// A recording that is still being written may not have the table's rows yet, an older one not every
// kind: what is not there was not lost.
void CaptureReader::read_losses() {
  for (const wire::LossText& text : wire::kLossTexts) {
    losses_.push_back({std::string(text.key), {}, std::string(text.meaning)});
  }
  auto rows = database_.prepare(queries::losses);
  while (rows.step()) {
    const std::string kind = rows.text(0);
    const auto same_kind = [&](const Loss& loss) { return loss.kind == kind; };
    auto found = std::find_if(losses_.begin(), losses_.end(), same_kind);
    if (found == losses_.end()) found = losses_.insert(found, Loss{kind, {}, rows.text(2)});
    found->events.value = rows.integer(1);
  }
}

std::string CaptureReader::text(std::string_view key) const {
  for (const auto& [name, value] : recording_) {
    if (name == key) return value.value_or("");
  }
  return {};
}

std::optional<std::int64_t> CaptureReader::integer(std::string_view key) const {
  const std::string value = text(key);
  return value.empty() ? std::nullopt : std::optional<std::int64_t>(to_integer(value));
}

std::optional<Bytes> CaptureReader::sample_mean() const {
  const auto mean = integer("sample_mean_bytes");
  return mean ? std::optional<Bytes>(Bytes{*mean}) : std::nullopt;
}

std::string CaptureReader::program() const {
  const std::string path = text("program");
  return path.empty() ? "(unknown program)" : file_name(path);
}

}  // namespace heapscribe::model
