// The fuzzer's entry point with sessions that are nearly good: every field is one flip away.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/support/session_builder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace heapscribe::tests {
namespace {

std::vector<std::uint8_t> small_session() {
  SessionBuilder session(std::size_t{256} << 10);
  session.start(1);
  session.header().pause_threshold_ns = 1000;
  session.header().ticks_per_us = 1000;
  session.header().tick_start = 1;
  session.module({.path = "/bin/program", .base = 0x1000, .end = 0x9000, .bias = 0x1000});
  session.module({.path = "/lib/libheapscribe.so", .base = 0x20000, .end = 0x30000});
  for (std::uint32_t thread = 1; thread <= 3; ++thread) {
    TableHandle table = session.table();
    session.thread(table, thread);
    for (std::uint64_t site = 0; site < 5; ++site) {
      std::vector<std::uint64_t> frames(20 * site + 1, 0x1000 + 16 * site);
      wire::SiteRow& row = session.row(table, session.stack(frames));
      row.section = static_cast<std::uint16_t>(site % 3);
      session.allocate(table, row, 10, 100);
    }
    session.section(thread, thread - 1, "section").entered = 3;
    session.marker("marker", 1'000);
    wire::PauseTable& pauses = session.pauses(table);
    for (const auto kind : {wire::PauseKind::Stall, wire::PauseKind::ReleaseStorm}) {
      session.pause(pauses, {.begin = 5000,
                             .ticks = 9000,
                             .bytes = 64,
                             .blocks = 1,
                             .size = 0,
                             .stack = table.rows[0].stack,
                             .other_stack = table.rows[1].stack,
                             .thread = thread,
                             .kind = kind,
                             .what = 1,
                             .continues = 0,
                             .stands_for = 1,
                             .sites = {{session.ref_of(&table.rows[0]), 3}}});
    }
    pauses.open.kind = wire::PauseKind::ReleaseStorm;
    pauses.open.ticks = 5000;
    session.grow(table, 16);
    wire::TraceRing& ring = session.trace_ring(table, 128);
    session.trace(ring, wire::TraceKind::Thread, thread);
    for (std::uint64_t number = 1; number <= 5; ++number) {
      session.trace(ring, wire::TraceKind::Allocation, number, 64 * number, 24, 1000 * thread);
      session.trace(ring, wire::TraceKind::Resize, number + 1, 64 * number, 24, 1000, 64, number);
      session.trace(ring, wire::TraceKind::Release, number + 2, 64 * number);
    }
    session.trace(ring, wire::TraceKind::Gap, 10, 12, 2);
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(session.bytes().data());
  return {bytes, bytes + session.header().used};
}

void read(const std::vector<std::uint8_t>& bytes) {
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

// Values that lead to edges: small numbers, references, all ones.
std::uint64_t tempting(std::mt19937_64& random, std::size_t size) {
  switch (random() % 5) {
    case 0:
      return random() % 8;
    case 1:
      return random() % (size / wire::kUnit);
    case 2:
      return ~std::uint64_t{0};
    case 3:
      return size - random() % 256;
    default:
      return random();
  }
}

TEST(SessionFuzz, AGoodSessionIsRead) {
  read(small_session());
}

TEST(SessionFuzz, CutAnywhereItIsSurvived) {
  const std::vector<std::uint8_t> whole = small_session();
  for (std::size_t size = 0; size < whole.size(); size += 509) {
    read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
  }
}

TEST(SessionFuzz, ScribbledOverItIsSurvived) {
  const std::vector<std::uint8_t> whole = small_session();
  std::mt19937_64 random(20240501);
  for (int round = 0; round < 600; ++round) {
    std::vector<std::uint8_t> bytes = whole;
    for (std::uint64_t change = random() % 12 + 1; change > 0; --change) {
      const std::uint64_t value = tempting(random, bytes.size());
      const std::size_t width = random() % 2 == 0 ? 4 : 8;
      const std::size_t at = 16 + random() % (bytes.size() - 32) / 4 * 4;
      std::memcpy(bytes.data() + at, &value, width);
    }
    read(bytes);
  }
}

}  // namespace
}  // namespace heapscribe::tests
