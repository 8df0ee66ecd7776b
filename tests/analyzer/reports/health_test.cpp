#include "analyzer/reports/health.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;
using tests::CaptureBuilder;

Health health_of(const CaptureBuilder& builder, const Rules& rules = {}) {
  CaptureReader reader(builder.build());
  return judge_health(reader, rules);
}

Reason reason(const Health& health, std::string_view name) {
  const auto found = std::find_if(health.reasons.begin(), health.reasons.end(),
                                  [&](const Reason& r) { return r.name == name; });
  EXPECT_NE(found, health.reasons.end()) << name;
  return found == health.reasons.end() ? Reason{} : *found;
}

CaptureBuilder leaking(std::int64_t bytes) {
  return CaptureBuilder()
      .at({"f", "main"})
      .leaked(1, bytes)
      .set("leak_check", "complete")
      .sql("INSERT INTO block_class VALUES (1, 'definite', 1, " + std::to_string(bytes) + ", 0)");
}

TEST(Health, OfAQuietProgramIsGood) {
  const Health health = health_of(CaptureBuilder().at({"f", "main"}).temporaries(5, 8));
  EXPECT_EQ(health.condition, Condition::Healthy);
}

TEST(Health, LostBytesWarnAndManyAreCritical) {
  EXPECT_EQ(health_of(leaking(1)).condition, Condition::Warning);
  EXPECT_EQ(health_of(leaking(1 << 20)).condition, Condition::Critical);
  const Health health = health_of(leaking(1 << 20));
  EXPECT_EQ(health.reasons.front().name, "lost_bytes") << "the worst comes first";
}

TEST(Health, ARuleMovesAThreshold) {
  Rules rules;
  set_rule(rules, "lost_bytes_warning=100");
  EXPECT_EQ(health_of(leaking(99), rules).condition, Condition::Healthy);
  EXPECT_EQ(health_of(leaking(100), rules).condition, Condition::Warning);
}

TEST(Health, WhatARecordingDoesNotTellIsNotJudged) {
  const Health health = health_of(CaptureBuilder().at({"f", "main"}).leaked(1, 1 << 20));
  EXPECT_EQ(reason(health, "lost_bytes").value, std::nullopt);
  EXPECT_EQ(health.condition, Condition::Healthy);
}

TEST(Health, ACrashIsCriticalAndARequestedEndIsNone) {
  const auto ended_by = [](int signal) {
    return CaptureBuilder()
        .at({"f", "main"})
        .temporaries(1, 8)
        .set("end_kind", "signaled")
        .set("end_status", signal);
  };
  EXPECT_EQ(health_of(ended_by(SIGSEGV)).condition, Condition::Critical);
  EXPECT_EQ(health_of(ended_by(SIGTERM)).condition, Condition::Healthy);
}

TEST(Health, FewTemporariesAreNoReason) {
  EXPECT_EQ(health_of(CaptureBuilder().at({"f", "main"}).temporaries(500, 8)).condition,
            Condition::Healthy);
  EXPECT_EQ(health_of(CaptureBuilder().at({"f", "main"}).temporaries(5000, 8)).condition,
            Condition::Warning);
}

TEST(Health, LossesAndRefusedCallsAreReasons) {
  const Health lossy =
      health_of(CaptureBuilder().at({"f", "main"}).temporaries(1, 8).lose("truncated_stacks", 3));
  EXPECT_EQ(reason(lossy, "lost_events").condition, Condition::Warning);
  const Health refused =
      health_of(CaptureBuilder().at({"f", "main"}).temporaries(1, 8).set("failed_calls", 100));
  EXPECT_EQ(refused.condition, Condition::Critical);
}

}  // namespace
}  // namespace heapscribe::reports
