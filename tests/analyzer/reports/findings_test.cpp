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
