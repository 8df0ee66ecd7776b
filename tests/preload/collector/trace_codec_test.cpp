#include "preload/capture/trace_codec.h"

#include <gtest/gtest.h>

#include <random>

extern "C" int fuzz_trace_chunk(const std::uint8_t* data, std::size_t size);

namespace heapscribe::capture {
namespace {

using wire::TraceKind;

TraceChunk encoded(const std::vector<TraceRecord>& records) {
  TraceEncoder encoder;
  for (const TraceRecord& record : records) encoder.add(record);
  return encoder.finish();
}

std::vector<TraceRecord> decoded(std::string_view data) {
  TraceDecoder decoder(data);
  std::vector<TraceRecord> records;
  for (TraceRecord record; decoder.next(record);) records.push_back(record);
  return records;
}

// Numbers of any magnitude, often small.
std::uint64_t any(std::mt19937_64& random, unsigned bits) {
  return random() >> (64 - bits) >> random() % bits;
}

// Events of a program that reuses addresses, and now and then of one gone mad.
std::vector<TraceRecord> random_records(std::mt19937_64& random, std::size_t count) {
  std::vector<TraceRecord> records;
  std::vector<std::uint64_t> places(random() % 200 + 1);
  for (std::uint64_t& place : places) place = any(random, 56);
  const auto place = [&] {
    return random() % 50 == 0 ? any(random, 56) : places[random() % places.size()];
  };
  std::uint64_t number = any(random, 40), ns = any(random, 40);
  while (records.size() < count) {
    number = random() % 1000 == 0 ? any(random, 60) : number + 1 + random() % 3;
    if (random() % 20 == 0) ns = random() % 50 == 0 ? any(random, 60) : ns + 10'000'000;
    TraceRecord record{
        .kind = static_cast<TraceKind>(random() % 3 + 1), .number = number, .ns = ns};
    if (random() % 500 == 0) {
      record.kind = TraceKind::Gap;
      record.last = number + any(random, 20);
      record.lost = any(random, 30);
    } else {
      record.address = place();
      if (record.kind != TraceKind::Release) {
        record.row = static_cast<wire::Ref>(any(random, 32));
        record.size = any(random, 64);
      }
      if (record.kind == TraceKind::Resize) {
        record.old_address = place();
        record.begun = number - random() % 4;
      }
    }
    records.push_back(record);
  }
  return records;
}

TEST(TraceCodec, WhateverIsWrittenIsRead) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    const std::vector<TraceRecord> records = random_records(random, random() % 3000);
    ASSERT_EQ(decoded(encoded(records).data), records) << round;
  }
}

TEST(TraceCodec, AChunkKnowsWhatItHolds) {
  const TraceChunk chunk = encoded(
      {{.kind = TraceKind::Allocation, .number = 5, .ns = 10, .address = 64, .size = 8, .row = 9},
       {.kind = TraceKind::Gap, .number = 6, .ns = 20, .last = 11, .lost = 4},
       {.kind = TraceKind::Resize,
        .number = 13,
        .ns = 30,
        .address = 96,
        .size = 16,
        .row = 9,
        .old_address = 64,
        .begun = 12},
       {.kind = TraceKind::Release, .number = 14, .ns = 30, .address = 96}});
  EXPECT_EQ(chunk.first_number, 5U);
  EXPECT_EQ(chunk.last_number, 14U);
  EXPECT_EQ(chunk.first_ns, 10U);
  EXPECT_EQ(chunk.last_ns, 30U);
  EXPECT_EQ(chunk.events, 3U);
  EXPECT_EQ(chunk.lost, 4U);
  EXPECT_EQ(chunk.rows, (std::vector<wire::Ref>{9}));
}

TEST(TraceCodec, AnEncoderBeginsAnewWithEveryChunk) {
  std::mt19937_64 random(2);
  const std::vector<TraceRecord> records = random_records(random, 1000);
  TraceEncoder encoder;
  for (int chunk = 0; chunk < 3; ++chunk) {
    for (const TraceRecord& record : records) encoder.add(record);
    EXPECT_EQ(decoded(encoder.finish().data), records);
  }
}

// Most of a program's events say little that is new.
TEST(TraceCodec, ALoopTakesLessThanAByteAnEvent) {
  TraceEncoder encoder;
  std::uint64_t number = 0;
  for (std::uint64_t i = 0; i < 8000; ++i) {
    const std::uint64_t address = 0x5555'0000'0000 + i % 10 * 48;
    encoder.add({.kind = TraceKind::Allocation,
                 .number = ++number,
                 .address = address,
                 .size = 40,
                 .row = 1000});
    encoder.add({.kind = TraceKind::Release, .number = ++number, .address = address});
  }
  EXPECT_LT(encoder.finish().data.size(), 1600U);
}

TEST(TraceCodec, WhatIsNoChunkIsRefused) {
  EXPECT_THROW(decoded(""), TraceError);
  EXPECT_THROW(decoded("\x02 and more"), TraceError);
  EXPECT_THROW(decoded("\x01 and more"), TraceError);
  std::mt19937_64 random(3);
  const std::string good = encoded(random_records(random, 500)).data;
  for (std::size_t size = 0; size < good.size(); size += 7) {
    EXPECT_THROW(decoded(good.substr(0, size)), TraceError) << size;
  }
}

// The checksum finds what was damaged; the rest is for who writes a chunk to do harm.
TEST(TraceCodec, DamageIsNoticed) {
  std::mt19937_64 random(4);
  const std::string good = encoded(random_records(random, 500)).data;
  for (int round = 0; round < 500; ++round) {
    std::string bad = good;
    bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    try {
      EXPECT_EQ(decoded(bad), decoded(good));  // a bit that means nothing
    } catch (const TraceError&) {
    }
  }
}

TEST(TraceCodec, HostileColumnsAreSurvived) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> raw;
    raw.push_back(static_cast<std::uint8_t>(random() % 30));
    for (std::size_t column = 0; column < kTraceColumns; ++column) {
      raw.push_back(static_cast<std::uint8_t>(random() % 40));
    }
    raw[1] = random() % 4 != 0 ? raw[0] : raw[1];
    std::size_t rest = 0;
    for (std::size_t column = 0; column < kTraceColumns; ++column) rest += raw[1 + column];
    while (rest-- > 0) raw.push_back(static_cast<std::uint8_t>(any(random, 8)));
    fuzz_trace_chunk(raw.data(), raw.size());
  }
}

}  // namespace
}  // namespace heapscribe::capture
