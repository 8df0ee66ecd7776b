#include "analyzer/reports/pauses.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/analyzer/golden.h"
#include "tests/analyzer/render/report_texts.h"

namespace heapscribe::reports {
namespace {

using nlohmann::json;
using tests::Call;
using tests::CaptureBuilder;
using tests::ReportTexts;

constexpr std::int64_t kMs = 1'000'000;

Pause storm(std::int64_t start_ms, std::int64_t duration_ms, bool continues = false,
            std::int64_t thread = 1) {
  Pause pause;
  pause.kind = PauseKind::ReleaseStorm;
  pause.start = {start_ms * kMs};
  pause.duration = {duration_ms * kMs};
  pause.thread = thread;
  pause.continues = continues;
  pause.blocks = {duration_ms * 1000};
  pause.bytes = {duration_ms * 10'000};
  return pause;
}

Pause stall(std::int64_t start_ms, std::int64_t duration_ms, std::int64_t stands_for = 1) {
  Pause pause = storm(start_ms, duration_ms);
  pause.kind = PauseKind::Stall;
  pause.cause = "free";
  pause.stands_for = stands_for;
  return pause;
}

TEST(JoinedStorms, AreOneAcrossWhatTheSchedulerTook) {
  const auto joined = joined_storms({storm(100, 4), storm(108, 4, true), storm(114, 2, true)});
  ASSERT_EQ(joined.size(), 1U);
  EXPECT_EQ(joined[0].duration.value, 16 * kMs);
  EXPECT_EQ(joined[0].interrupted.value, 6 * kMs);
  EXPECT_EQ(joined[0].blocks.value, 10'000);
  EXPECT_EQ(joined[0].bytes.value, 100'000);
}

TEST(JoinedStorms, StayApartWhereSomethingWasAllocatedBetween) {
  EXPECT_EQ(joined_storms({storm(100, 4), storm(105, 4)}).size(), 2U);
}

TEST(JoinedStorms, StayApartWhereTheGapsWouldBeMostOfThem) {
  EXPECT_EQ(joined_storms({storm(100, 1), storm(111, 1, true)}).size(), 2U);
  EXPECT_EQ(joined_storms({storm(100, 50), storm(251, 50, true)}).size(), 2U);
}

TEST(JoinedStorms, AShortPieceAtTheBeginningIsPartOfTheWhole) {
  EXPECT_EQ(joined_storms({storm(100, 1), storm(110, 2, true), storm(112, 50, true)}).size(), 1U);
}

TEST(JoinedStorms, ThreadsAreNotMixed) {
  const auto joined = joined_storms({storm(100, 4), storm(101, 4, false, 2), storm(105, 4, true)});
  ASSERT_EQ(joined.size(), 2U);
  EXPECT_EQ(joined[0].duration.value, 9 * kMs);
}

TEST(Percentiles, AreTheNearestRanks) {
  std::vector<Pause> pauses;
  for (int i = 1; i <= 100; ++i) pauses.push_back(storm(1000 * i, i));
  const PausePercentiles of = percentiles_of(pauses, PauseKind::ReleaseStorm);
  EXPECT_EQ(of.p50.value, 50 * kMs);
  EXPECT_EQ(of.p90.value, 90 * kMs);
  EXPECT_EQ(of.p95.value, 95 * kMs);
  EXPECT_EQ(of.p99.value, 99 * kMs);
  EXPECT_EQ(of.longest.value, 100 * kMs);
  EXPECT_EQ(of.total.value, 5050 * kMs);
}

TEST(Percentiles, WhatWasFoundByChanceStandsForMore) {
  const std::vector<Pause> pauses = {stall(1, 1, 64), stall(10, 9), stall(30, 10)};
  const PausePercentiles of = percentiles_of(pauses, PauseKind::Stall);
  EXPECT_EQ(of.events.value, 66);
  EXPECT_EQ(of.by_chance.value, 1);
  EXPECT_EQ(of.p50.value, 1 * kMs);
  EXPECT_EQ(of.p99.value, 10 * kMs);
  EXPECT_EQ(of.listed_time.value, 20 * kMs);
  EXPECT_EQ(percentiles_of(pauses, PauseKind::ReleaseStorm).events.value, 0);
}

TEST(Percentiles, ASlowReleaseWithinAStormBelongsToIt) {
  const auto pauses = without_parts_of_storms(
      {storm(100, 50), stall(110, 5, 64), stall(120, 5, 1), stall(200, 5, 64)});
  ASSERT_EQ(pauses.size(), 3U);
  EXPECT_EQ(pauses[1].start.value, 120 * kMs);
}

// A recording with pauses, as the collector writes it.
class Recorded {
 public:
  Recorded() {
    capture_.set("program", "/usr/bin/shop")
        .set("pause_threshold_ns", 100'000)
        .set("timer_ns", 8)
        .set("sampled_recorder_ns", 12'000)
        .at({Call("Cache::clear()", "cache.cc", 12), Call("main", "main.cc", 3)})
        .leaked(2000, 48);
  }
  Recorded& sql(const std::string& text) {
    capture_.sql(text);
    return *this;
  }
  Recorded& pause(const std::string& kind, const std::string& cause, std::int64_t start_ms,
                  std::int64_t duration_ms, int stands_for = 1) {
    return sql("INSERT INTO pause VALUES (1, " + std::to_string(++number_) + ", '" + kind + "', '" +
               cause + "', " + std::to_string(start_ms * kMs) + ", " +
               std::to_string(duration_ms * kMs) + ", 1, 48000, 1000, 0, " +
               std::to_string(stands_for) + ", 0, 2, NULL, NULL)");
  }
  CaptureBuilder& capture(std::int64_t duration_ms = 1000) {
    sql("INSERT OR REPLACE INTO recording VALUES ('duration_ns', " +
        std::to_string(duration_ms * kMs) + ")");
    return capture_;
  }

 private:
  CaptureBuilder capture_;
  int number_ = 0;
};

Recorded shop() {
  Recorded shop;
  shop.pause("release_storm", "", 100, 18)
      .pause("release_storm", "", 600, 20)
      .pause("stall", "free", 300, 2, 64)
      .pause("profiler", "thread_start", 1, 1)
      .sql("INSERT INTO pause_site VALUES (1, 1, 1, 60)")
      .sql("INSERT INTO call_time VALUES ('malloc', 1, 30, 900, 100)")
      .sql("INSERT INTO call_latency VALUES ('malloc', 1, 3, 24, 32, 27)")
      .sql("INSERT INTO call_latency VALUES ('malloc', 1, 9, 96, 112, 3)")
      .sql("INSERT INTO profiler_time VALUES ('thread_start', 1, 1000000)");
  return shop;
}

TEST(Pauses, WhatStandsForOthersIsMarked) {
  const std::string text = ReportTexts(shop().capture()).pauses();
  EXPECT_NE(text.find("about 64 (1 seen; "), std::string::npos) << text;
  EXPECT_NE(text.find("~64  "), std::string::npos) << text;
  EXPECT_NE(text.find("~64.0"), std::string::npos) << text;
  const json report = json::parse(ReportTexts(shop().capture(), render::Format::Json).pauses());
  for (const json& kind : report.at("kinds")) {
    if (kind.at("kind") != "stall") continue;
    EXPECT_EQ(kind.at("events"), 64);
    EXPECT_EQ(kind.at("seen"), 1);
  }
}

TEST(Pauses, JsonHasWhatScriptsRelyOn) {
  const json report = json::parse(ReportTexts(shop().capture(), render::Format::Json).pauses());
  EXPECT_EQ(report.at("percentiles_ns").at("release_storm").at("p50"), 18 * kMs);
  EXPECT_EQ(report.at("percentiles_ns").at("release_storm").at("max"), 20 * kMs);
  EXPECT_EQ(report.at("percentiles_ns").at("stall").at("p50"), 2 * kMs);
  ASSERT_EQ(report.at("events").size(), 4U);
  const json& longest = report.at("events").at(0);
  EXPECT_EQ(longest.at("kind"), "release_storm");
  EXPECT_EQ(longest.at("start_ns"), 600 * kMs);
  EXPECT_EQ(longest.at("duration_ns"), 20 * kMs);
  EXPECT_EQ(longest.at("thread"), 1);
  EXPECT_EQ(longest.at("bytes_reclaimed"), 48'000);
  EXPECT_EQ(longest.at("blocks_reclaimed"), 1000);
  EXPECT_EQ(longest.at("stack").at(0).at("function"), "Cache::clear()");
  EXPECT_EQ(report.at("mmu").at(0).at("window_ns"), kMs);
  EXPECT_EQ(report.at("mmu").at(0).at("process"), 0);
  EXPECT_EQ(report.at("generations").at(0).at("generation"), "young");
  EXPECT_EQ(report.at("latency").at(0).at("calls"), 2000);
  EXPECT_EQ(report.at("latency").at(0).at("p50_ns"), 32);
  EXPECT_EQ(report.at("latency").at(0).at("p99_ns"), 112);
}

TEST(Pauses, TextEndsInAVerdictAndKeepsTo80Columns) {
  const std::string text = ReportTexts(shop().capture()).pauses();
  tests::expect_width(text, 80);
  EXPECT_NE(text.find("Verdict: release storms of 18.0 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("in Cache::clear"), std::string::npos) << text;
  EXPECT_NE(text.find("MMU at 10 ms is 0 %"), std::string::npos) << text;
  EXPECT_NE(text.find("between 0 and 384"), std::string::npos) << text;
}

TEST(Pauses, OnesOfOurOwnAreNotTheProgramsFault) {
  Recorded quiet;
  quiet.pause("profiler", "trace_wait", 10, 300);
  const std::string text = ReportTexts(quiet.capture()).pauses();
  EXPECT_NE(text.find("heapscribe's own work (trace_wait) takes 300 ms"), std::string::npos)
      << text;
}

TEST(Pauses, AStormAtTheEndIsLeftToTheSystem) {
  Recorded leaving;
  leaving.pause("release_storm", "", 900, 95);
  const std::string text = ReportTexts(leaving.capture()).pauses();
  EXPECT_NE(text.find("quick_exit"), std::string::npos) << text;
}

TEST(Pauses, AQuietRunHasNothingToDo) {
  const std::string text = ReportTexts(Recorded().capture()).pauses();
  EXPECT_NE(text.find("nothing held the program up for 100 us"), std::string::npos) << text;
  tests::expect_width(text, 80);
}

TEST(Pauses, ARecordingWithoutThemSaysHowToGetThem) {
  EXPECT_NE(ReportTexts(CaptureBuilder()).pauses().find("run --pauses 100us"), std::string::npos);
  EXPECT_NE(ReportTexts(CaptureBuilder().set("mode", "sample")).pauses().find("Mode sample"),
            std::string::npos);
}

// 1,000 blocks are released at 15 s: 300 were alive 10 s before, 900 a second before, and 200 were
// allocated in the last second.
TEST(Generations, AreBoundedByWhatLivedAndWhatCameSince) {
  Recorded server;
  server
      .sql(
          "INSERT INTO pause VALUES (1, 1, 'release_storm', '', 15000000000, 20000000, 1, 48000, "
          "1000, 0, 1, 0, 2, NULL, NULL)")
      .sql("INSERT INTO pause_site VALUES (1, 1, 1, 60)")
      .sql("INSERT INTO site_interval VALUES (4900000000, '[[1,300,0,300]]')")
      .sql("INSERT INTO site_interval VALUES (13900000000, '[[1,900,0,1000]]')")
      .sql("INSERT INTO site_interval VALUES (15000000000, '[[1,1000,0,1200]]')");
  model::CaptureReader reader(server.capture(20'000).build());
  const PausesReport report = collect_pauses(reader);
  ASSERT_EQ(report.generations.size(), 3U);
  EXPECT_EQ(report.generation_blocks, 1000);
  EXPECT_EQ(report.generations[2].name, "old");
  EXPECT_LE(report.generations[2].least, 300);
  EXPECT_GE(report.generations[2].most, 300);
  EXPECT_EQ(report.generations[0].least, 0);
  EXPECT_GE(report.generations[0].most, 200);
  for (const Generation& generation : report.generations) {
    EXPECT_LE(generation.least, generation.most);
    EXPECT_LE(generation.most, 1000);
  }
}

}  // namespace
}  // namespace heapscribe::reports
