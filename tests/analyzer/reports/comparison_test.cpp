#include "analyzer/reports/comparison.h"

#include <gtest/gtest.h>

#include "analyzer/model/selection.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using Values = std::vector<double>;

Outcome outcome(const Values& before, const Values& after) {
  return compare_values(before, after).outcome;
}

// 2 of the 70 ways to choose 4 of 8 are as extreme; 2 of 20 of 3 of 6.
TEST(ExactP, IsTheShareOfAllDealsThatAreAsExtreme) {
  EXPECT_NEAR(exact_p(Values{1, 2, 3, 4}, Values{5, 6, 7, 8}), 2.0 / 70, 1e-12);
  EXPECT_NEAR(exact_p(Values{1, 2, 3}, Values{4, 5, 6}), 2.0 / 20, 1e-12);
  EXPECT_NEAR(exact_p(Values{1, 2, 3, 5}, Values{4, 6, 7, 8}), 4.0 / 70, 1e-12);
  EXPECT_DOUBLE_EQ(exact_p(Values{1, 1, 1, 1}, Values{1, 1, 1, 1}), 1);
}

TEST(Comparison, ManyRunsAreDecidedByRanks) {
  EXPECT_EQ(outcome({100, 101, 102, 103}, {110, 111, 112, 113}), Outcome::Higher);
  EXPECT_EQ(outcome({110, 111, 112, 113}, {100, 101, 102, 103}), Outcome::Lower);
  EXPECT_EQ(outcome({100, 120, 102, 103}, {110, 111, 112, 90}), Outcome::WithinNoise);
}

TEST(Comparison, OfFewRunsTheRangesMustBeApart) {
  EXPECT_EQ(outcome({100, 101, 102}, {110, 111, 112}), Outcome::Higher);
  EXPECT_EQ(outcome({100, 101, 109}, {110, 111, 112}), Outcome::WithinNoise);
  EXPECT_EQ(outcome({100, 100}, {200, 200}), Outcome::Higher);
}

TEST(Comparison, OneRunTellsNothingAboutNoise) {
  EXPECT_EQ(outcome({100}, {200}), Outcome::Unknown);
  EXPECT_EQ(outcome({100}, {100}), Outcome::Same);
}

TEST(Comparison, LessThanOnePercentIsNotWorthSaying) {
  EXPECT_EQ(outcome({1000, 1000, 1000, 1000}, {1001, 1001, 1001, 1001}), Outcome::WithinNoise);
}

TEST(Comparison, ResidentMemoryThatWasNotReadIsNotNothing) {
  const auto run = [](bool read) {
    auto capture = tests::CaptureBuilder().at({"f"}).leaked(1, 8);
    if (!read) capture.sql("UPDATE timeline SET rss_bytes = 0");
    auto reader = std::make_unique<model::CaptureReader>(capture.build());
    model::select_sites(*reader, {});
    return reader;
  };
  const auto one = run(true);
  const auto two = run(false);
  std::vector<model::CaptureReader*> before = {one.get()};
  std::vector<model::CaptureReader*> after = {two.get()};
  for (const MetricRow& row : compare_runs(before, after, DifferenceBy::Bytes).metrics) {
    EXPECT_TRUE(row.values.before.known) << row.name;
    EXPECT_EQ(row.values.after.known, row.name != "resident_bytes") << row.name;
    EXPECT_TRUE(row.values.known() || row.values.outcome == Outcome::Unknown);
  }
}

TEST(Comparison, FindsTheMetricAndThePlace) {
  std::vector<std::unique_ptr<model::CaptureReader>> readers;
  std::vector<model::CaptureReader*> before;
  std::vector<model::CaptureReader*> after;
  for (int run = 0; run < 8; ++run) {
    readers.push_back(
        std::make_unique<model::CaptureReader>(tests::CaptureBuilder()
                                                   .at({"quiet"})
                                                   .leaked(10, 100)
                                                   .at({"changed"})
                                                   .leaked(run < 4 ? 10 : 30, 100 + run % 4)
                                                   .build()));
    model::select_sites(*readers.back(), {});
    (run < 4 ? before : after).push_back(readers.back().get());
  }
  const Comparison comparison = compare_runs(before, after, DifferenceBy::Bytes);
  ASSERT_EQ(comparison.rows.size(), 2U);
  EXPECT_EQ(comparison.rows[0].stack.blamed().function, "changed");
  EXPECT_EQ(comparison.rows[0].values.outcome, Outcome::Higher);
  EXPECT_EQ(comparison.rows[1].values.outcome, Outcome::Same);
  EXPECT_EQ(comparison.metrics.front().name, "peak_bytes");
  EXPECT_EQ(comparison.metrics.front().values.outcome, Outcome::Higher);
}

}  // namespace
}  // namespace heapscribe::reports
