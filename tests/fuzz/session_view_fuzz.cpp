// Reads arbitrary bytes as a session, all the way into a database. Nothing may crash, hang or grow
// beyond measure, whatever the bytes are. Built for libFuzzer (fuzz/CMakeLists.txt); the unit test
// preload/collector/session_fuzz_test.cpp feeds it mutated sessions.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "preload/capture/capture_writer.h"
#include "preload/collector/counter_reader.h"
#include "preload/collector/pause_reader.h"
#include "preload/collector/program_reader.h"
#include "preload/collector/session_file.h"
#include "preload/collector/session_view.h"
#include "preload/collector/totals.h"
#include "preload/collector/trace_rings.h"

namespace {

using namespace heapscribe;

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};

class EverybodyLives : public collector::ThreadWatch {
 public:
  bool alive(std::uint32_t tid) override { return tid % 3 != 0; }
  std::string name(std::uint32_t) override { return "thread"; }
};

// What is read must be a chunk that can be read.
void read_trace(const collector::SessionView& view, std::span<std::byte> writable,
                capture::TraceStore& store) {
  collector::TraceRings rings(view, writable);
  if (writable.empty()) rings.resume({});
  const auto keep = [&](capture::TraceChunk chunk) {
    capture::TraceDecoder decoder(chunk.data);
    for (capture::TraceRecord record; decoder.next(record);) {
    }
    store.add(std::move(chunk));
  };
  rings.read(collector::TraceDepth::Busy, keep);
  rings.read(collector::TraceDepth::Everything, keep);
}

void read_session(std::span<std::byte> bytes) {
  collector::SessionView view(bytes, "fuzzed");
  capture::Database database = capture::Database::in_memory();
  database.execute(capture::kSchemaSql);
  capture::CaptureWriter writer(database);
  collector::SiteTimeline series;
  collector::CounterReader reader(view, writer, series);
  EverybodyLives watch;
  view.refresh(bytes.size());
  reader.scan(1'000'000'000, collector::Depth::Changes, watch);
  reader.release_dead([](wire::Ref, wire::Ref) {});
  series.close_interval(writer, 1'000'000'000);
  collector::ProgramReader program(view, writer);
  program.collect(1'000'000'000);
  program.collect(2'000'000'000);
  reader.scan(2'000'000'000, collector::Depth::Complete, watch);
  reader.read_peaks(false);
  const collector::ProcessTotals totals = reader.totals();
  collector::set_totals(totals, view.header(), 3'000'000'000, writer);
  collector::set_end(collector::end_noted_by(view.header()), view.exec_path(), writer);
  capture::TraceStore trace(database);
  read_trace(view, {}, trace);
  read_trace(view, bytes, trace);
  trace.find_sites([&](wire::Ref row) { return reader.site_of(row, collector::Patience::Over); });
  collector::PauseReader pauses(view, reader, writer, bytes);
  pauses.collect(collector::Patience::Left);
  pauses.collect(collector::Patience::Over);
  writer.flush([&] {
    collector::write_final_tables(totals, writer);
    pauses.write();
    trace.write();
  });
  pauses.written();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLine = 64;
  const std::size_t room = (std::max(size, wire::kHeaderBytes) + kLine - 1) / kLine * kLine;
  const std::unique_ptr<void, FreeMemory> copy(std::aligned_alloc(kLine, room));
  std::memset(copy.get(), 0, room);
  if (size > 0) std::memcpy(copy.get(), data, size);
  try {
    read_session({static_cast<std::byte*>(copy.get()), std::max(size, wire::kHeaderBytes)});
  } catch (const collector::SessionError&) {
    return 0;  // not a session at all
  }
  return 0;
}
