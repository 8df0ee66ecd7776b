#include "analyzer/model/trace_reader.h"

#include <algorithm>
#include <utility>

#include "analyzer/queries/queries.h"
#include "preload/capture/trace_codec.h"

namespace heapscribe::model {
namespace {

using capture::TraceError;
using capture::TraceRecord;
using wire::TraceKind;

bool has_tables(capture::Database& database) {
  return database.integer(
             "SELECT count(*) FROM sqlite_schema WHERE name IN ('trace_chunk', 'trace_site')") == 2;
}

capture::Statement prepared_chunks(CaptureReader& recording) {
  if (!has_trace(recording)) {
    throw std::runtime_error("'" + recording.path() +
                             "' has no event trace; to record one: heapscribe run --trace");
  }
  return recording.database().prepare(queries::trace_chunks);
}

}  // namespace

// A chunk and the event that it stands at.
class TraceReader::Chunk {
 public:
  explicit Chunk(const capture::Statement& row)
      : id_(row.integer(0)),
        thread_(row.integer(1)),
        first_(static_cast<std::uint64_t>(row.integer(2))),
        last_(static_cast<std::uint64_t>(row.integer(3))),
        events_(row.integer(4)),
        lost_(row.integer(5)),
        data_(row.text(6)) {}

  std::int64_t id() const { return id_; }
  std::uint64_t first() const { return first_; }
  const TraceEvent& event() const { return event_; }

  // False at the end.
  bool advance(const std::unordered_map<std::uint32_t, std::int64_t>& sites) {
    if (std::exchange(begun_, false)) {
      set_block(sites);
      return true;
    }
    if (!decoder_) decoder_ = std::make_unique<capture::TraceDecoder>(std::exchange(data_, {}));
    if (!decoder_->next(record_)) {
      if (events_ != 0 || lost_ != 0) throw TraceError("it has not the events that it claims");
      return false;
    }
    const std::uint64_t number = record_.kind == TraceKind::Resize ? record_.begun : record_.number;
    if (number < first_ || number > last_) throw TraceError("an event is not in its range");
    set_event(sites);
    return true;
  }

 private:
  void set_event(const std::unordered_map<std::uint32_t, std::int64_t>& sites) {
    event_ = {.number = record_.number,
              .ns = static_cast<std::int64_t>(record_.ns),
              .thread = thread_,
              .address = record_.address};
    if (record_.kind != TraceKind::Gap) --events_;
    switch (record_.kind) {
      case TraceKind::Allocation:
        return set_block(sites);
      case TraceKind::Release:
        event_.kind = TraceEventKind::Release;
        return;
      case TraceKind::Resize:
        event_.kind = TraceEventKind::ReallocBegin;
        event_.number = record_.begun;
        event_.address = record_.old_address;
        begun_ = true;
        return;
      default:
        event_.kind = TraceEventKind::Gap;
        event_.last = record_.last;
        event_.lost = record_.lost;
        lost_ -= static_cast<std::int64_t>(record_.lost);
    }
  }

  void set_block(const std::unordered_map<std::uint32_t, std::int64_t>& sites) {
    const auto site = sites.find(record_.row);
    event_.kind =
        record_.kind == TraceKind::Resize ? TraceEventKind::Realloc : TraceEventKind::Allocation;
    event_.number = record_.number;
    event_.address = record_.address;
    event_.old_address = record_.old_address;
    event_.size = record_.size;
    event_.site = site != sites.end() ? site->second : 0;
  }

  std::int64_t id_, thread_;
  std::uint64_t first_, last_;
  std::int64_t events_, lost_;  // still to come
  std::string data_;
  std::unique_ptr<capture::TraceDecoder> decoder_;
  TraceRecord record_;
  bool begun_ = false;  // the second event of a realloc comes next
  TraceEvent event_;
};

namespace {

// Of events with one number, as only a gap and its neighbour may have it, any order will do.
constexpr auto kLater = [](const auto& left, const auto& right) {
  return left->event().number > right->event().number;
};

}  // namespace

bool has_trace(CaptureReader& recording) {
  return !recording.text("trace").empty() && has_tables(recording.database());
}

TraceReader::TraceReader(CaptureReader& recording)
    : recording_(recording), chunks_(prepared_chunks(recording)) {
  ended_at_ = recording.integer("trace_end_ns");
  read_totals();
  read_sites();
  look_ahead();
}

TraceReader::~TraceReader() = default;

void TraceReader::read_totals() {
  auto row = recording_.database().prepare(queries::trace_totals);
  if (!row.step()) return;
  totals_ = {.events = {row.integer(0)},
             .lost = {row.integer(1)},
             .chunks = {row.integer(2)},
             .threads = {row.integer(3)},
             .stored = {row.integer(4)}};
}

void TraceReader::read_sites() {
  auto rows = recording_.database().prepare(
      "SELECT row, site_id FROM trace_site WHERE site_id IS NOT NULL");
  while (rows.step()) sites_[static_cast<std::uint32_t>(rows.integer(0))] = rows.integer(1);
}

void TraceReader::look_ahead() {
  ahead_ = chunks_.step() ? std::make_unique<Chunk>(chunks_) : nullptr;
}

void TraceReader::push(std::unique_ptr<Chunk> chunk) {
  try {
    if (!chunk->advance(sites_)) return;
  } catch (const TraceError& error) {
    throw std::runtime_error("the trace of '" + recording_.path() + "' is damaged: chunk " +
                             std::to_string(chunk->id()) + ": " + error.what());
  }
  open_.push_back(std::move(chunk));
  std::push_heap(open_.begin(), open_.end(), kLater);
}

// Every chunk that may hold the next event.
void TraceReader::open_chunks() {
  while (ahead_ && (open_.empty() || ahead_->first() <= open_.front()->event().number)) {
    push(std::move(ahead_));
    look_ahead();
  }
}

bool TraceReader::next(TraceEvent& event) {
  open_chunks();
  if (open_.empty()) return false;
  std::pop_heap(open_.begin(), open_.end(), kLater);
  std::unique_ptr<Chunk> chunk = std::move(open_.back());
  open_.pop_back();
  event = chunk->event();
  push(std::move(chunk));
  return true;
}

}  // namespace heapscribe::model
