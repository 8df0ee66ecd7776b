#include "analyzer/reports/findings.h"

#include <gtest/gtest.h>

#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;
using model::Count;
using tests::CaptureBuilder;

std::vector<Finding> findings_of(CaptureReader& reader, const Rules& rules = {}) {
  return find_findings(reader, find_locations(reader), rules);
}

TEST(Findings, ASmallProgramHasNone) {
  CaptureReader reader(CaptureBuilder().at({"f", "main"}).temporaries(10, 8).leaked(3, 16).build());
  EXPECT_TRUE(findings_of(reader).empty());
}

TEST(Findings, TheLargestHolderAtThePeakIsNamed) {
  CaptureReader reader(CaptureBuilder()
                           .at({"cache", "main"})
                           .alloc("a", 1'000'000)
                           .at({"other", "main"})
                           .alloc("b", 50'000)
                           .free("a")
                           .free("b")
                           .build());
  const auto findings = findings_of(reader);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, FindingKind::PeakHolder);
  EXPECT_EQ(findings[0].frame->function, "cache");
  EXPECT_NEAR(findings[0].share, 1'000'000.0 / 1'050'000, 1e-9);
}

TEST(Findings, ReusingABlockSavesAllTemporariesButOnePerCallStack) {
  CaptureReader reader(CaptureBuilder()
                           .at({"format", "a", "main"})
                           .temporaries(2000, 8)
                           .at({"format", "b", "main"})
                           .temporaries(500, 8)
                           .build());
  const auto findings = findings_of(reader);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].kind, FindingKind::Temporary);
  EXPECT_EQ(findings[0].location.sites, Count{2});
  EXPECT_EQ(findings[0].saved_calls, Count{2498});
}

TEST(Findings, GrowthByReallocIsCounted) {
  CaptureBuilder builder;
  builder.at({"append", "main"}).alloc("buffer", 16).alloc("other", 1);
  for (int i = 0; i < 1500; ++i) builder.realloc("buffer", 16 + i).alloc("other", 1);
  CaptureReader reader(builder.build());
  const auto findings = findings_of(reader);
  const auto growth = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.kind == FindingKind::Growth;
  });
  ASSERT_NE(growth, findings.end());
  EXPECT_EQ(growth->saved_calls, Count{1500});
}

TEST(Findings, AtMostAsManyAsTheRuleSaysLargestShareFirst) {
  CaptureBuilder builder;
  builder.at({"leak"}).leaked(1, 500'000).at({"waste"}).temporaries(20'000, 8);
  CaptureReader reader(builder.build());
  EXPECT_EQ(findings_of(reader).size(), 3U);
  Rules one;
  set_rule(one, "findings=1");
  CaptureReader again(builder.build());
  EXPECT_EQ(findings_of(again, one).size(), 1U);
}

// One function lost blocks in two places, another keeps some; nobody lost as much as is kept.
CaptureBuilder losing() {
  return CaptureBuilder()
      .at({"remember", "main"})
      .leaked(30, 1000)
      .at({"remember", "serve", "main"})
      .leaked(20, 1000)
      .at({"keep", "main"})
      .leaked(1, 900'000)
      .set("leak_check", "complete")
      .sql(
          "INSERT INTO block_class VALUES (1, 'definite', 30, 30000, 0), (2, 'definite', 20, "
          "20000, 0),"
          " (3, 'reachable', 1, 900000, 0)");
}

TEST(Findings, WhatIsLostForGoodComesFirstAndIsAddedUpByFunction) {
  CaptureReader reader(losing().build());
  const auto findings = findings_of(reader);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].kind, FindingKind::Lost);
  EXPECT_EQ(findings[0].frame->function, "remember");
  EXPECT_EQ(findings[0].bytes.value, 50'000);
  EXPECT_EQ(findings[0].blocks, Count{50});
  EXPECT_FALSE(findings[0].checked_at);
  for (std::size_t i = 1; i < findings.size(); ++i) {
    EXPECT_NE(findings[i].frame->function, "remember") << "said once";
  }
}

TEST(Findings, ACheckBeforeTheEndSaysWhen) {
  CaptureReader reader(
      losing().set("leak_check_at", "request").set("leak_check_ns", 5'790'000'000).build());
  const auto findings = findings_of(reader);
  ASSERT_FALSE(findings.empty());
  ASSERT_TRUE(findings[0].checked_at);
}

TEST(Findings, OneReachableBlockThatStaysToTheEndIsNone) {
  const auto has_never_freed = [](CaptureBuilder builder) {
    CaptureReader reader(builder.build());
    const auto findings = findings_of(reader);
    return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
      return finding.kind == FindingKind::NeverFreed;
    });
  };
  const auto keeping = [](std::int64_t blocks) {
    return CaptureBuilder().at({"pool", "main"}).leaked(blocks, 73'000);
  };
  EXPECT_TRUE(has_never_freed(keeping(1))) << "nobody looked whether it can be reached";
  EXPECT_FALSE(has_never_freed(keeping(1).set("leak_check", "complete")));
  EXPECT_TRUE(has_never_freed(keeping(10).set("leak_check", "complete")));
}

// A function whose blocks pile up for 10 s, at 10,000 bytes a second.
capture::Database piling_up() {
  CaptureBuilder builder;
  builder.at({"remember", "main"}).leaked(1, 8);
  builder.at({"other", "main"}).leaked(100, 5000);
  capture::Database database = builder.build();
  database.execute("UPDATE recording SET value = 10000000000 WHERE key = 'duration_ns'");
  auto insert = database.prepare("INSERT INTO site_interval VALUES (?1, ?2)");
  for (std::int64_t step = 1; step <= 100; ++step) {
    const std::string blocks = std::to_string(step);
    const std::string points =
        "[[1," + blocks + "," + std::to_string(step * 1000) + "," + blocks + "]]";
    insert.bind_all(step * 100'000'000, std::string_view(points)).run();
  }
  return database;
}

TEST(Findings, WhatGrowsToTheEndComesBeforeWhatIsLarge) {
  CaptureReader reader(piling_up());
  const auto findings = findings_of(reader);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].kind, FindingKind::SteadyGrowth);
  EXPECT_EQ(findings[0].frame->function, "remember");
  EXPECT_NEAR(static_cast<double>(findings[0].bytes.value), 36'000'000, 100'000);
  Rules rules;
  set_rule(rules, "steady_least=40000000");
  CaptureReader again(piling_up());
  for (const Finding& finding : findings_of(again, rules)) {
    EXPECT_NE(finding.kind, FindingKind::SteadyGrowth);
  }
}

TEST(Rules, ThresholdsCanBeSet) {
  Rules rules;
  set_rule(rules, "peak_share=0.5");
  EXPECT_EQ(rules.peak_share, 0.5);
  EXPECT_THROW(set_rule(rules, "peak_share=many"), std::runtime_error);
  EXPECT_THROW(set_rule(rules, "no_such_rule=1"), std::runtime_error);
  EXPECT_THROW(set_rule(rules, "peak_share"), std::runtime_error);
}

}  // namespace
}  // namespace heapscribe::reports
