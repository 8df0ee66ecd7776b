#include "analyzer/reports/branches.h"

#include <gtest/gtest.h>

#include "analyzer/reports/check.h"

namespace heapscribe::reports {
namespace {

using Allocations = std::map<std::string, std::int64_t>;

// A run as a check sees it.
Usage run(const Allocations& allocations) {
  Usage usage;
  usage.known[Figure::Allocations] = true;
  for (const auto& [path, count] : allocations) {
    usage.paths[path].value[Figure::Allocations] = count;
    usage.total.value[Figure::Allocations] += count;
  }
  return usage;
}

FigureSet allocations_only() {
  FigureSet set;
  set[Figure::Allocations] = true;
  return set;
}

Baseline baseline_of(const std::vector<Usage>& runs) {
  return updated({}, combined(runs, 0), allocations_only());
}

BaselineCheck check(const Baseline& baseline, const std::vector<Usage>& runs) {
  return check_baseline("b.toml", baseline, combined(runs, 0, baseline.wanted_branches()));
}

Baseline renewed(const Baseline& old, const std::vector<Usage>& runs) {
  return updated(old, combined(runs, 0, {old.wanted_branches().names, {}}), allocations_only());
}

std::vector<std::string> names_of(const Baseline& baseline) {
  std::vector<std::string> names;
  for (const auto& [name, expectations] : baseline.branches) names.push_back(name);
  return names;
}

// A server that cuts a reply of ten pieces where it comes to be full.
Usage reply(std::int64_t words, std::int64_t numbers, const Allocations& more = {}) {
  Allocations all = {{"main > serve > read", 5},
                     {"main > serve > reply > words", words},
                     {"main > serve > reply > numbers", numbers}};
  all.insert(more.begin(), more.end());
  return run(all);
}

TEST(Branches, HoldACallAndWhatIsBelowIt) {
  EXPECT_TRUE(is_below("main > serve", "main > serve"));
  EXPECT_TRUE(is_below("main > serve > find", "main > serve"));
  EXPECT_FALSE(is_below("main > server", "main > serve"));
  EXPECT_FALSE(is_below("main", "main > serve"));
}

TEST(Branches, AreSteadyWherePathsOnlyChangePlaces) {
  const Baseline baseline = baseline_of({reply(4, 6), reply(6, 4), reply(5, 5)});
  ASSERT_EQ(names_of(baseline), std::vector<std::string>{"main > serve > reply"});
  EXPECT_EQ(baseline.branches.begin()->second[Figure::Allocations]->value, 10);
}

TEST(Branches, AreNotNeededForRunsThatAreTheSame) {
  EXPECT_TRUE(baseline_of({reply(4, 6), reply(4, 6)}).branches.empty());
  EXPECT_TRUE(baseline_of({reply(4, 6)}).branches.empty());
}

TEST(Branches, AreNotThereForWhatVariesInAll) {
  EXPECT_TRUE(baseline_of({reply(4, 6), reply(5, 6)}).branches.empty());
}

TEST(Branches, OfNeighboursAreOneIfTheCallAboveIsSteadyToo) {
  const Usage first = run({{"main > a > x", 1}, {"main > a > y", 2}, {"main > b > x", 3}});
  const Usage second = run({{"main > a > x", 2}, {"main > a > y", 1}, {"main > b > x", 3}});
  EXPECT_EQ(names_of(baseline_of({first, second})), std::vector<std::string>{"main > a"});
  const Usage third =
      run({{"main > a > x", 1}, {"main > a > y", 2}, {"main > b > x", 1}, {"main > b > z", 2}});
  EXPECT_EQ(names_of(baseline_of({first, second, third})), std::vector<std::string>{"main"});
}

TEST(Branches, ThatAreNotSteadyTogetherStayApart) {
  const Usage first = run({{"main > a > x", 1},
                           {"main > a > y", 2},
                           {"main > b", 1},
                           {"main > c > x", 1},
                           {"main > c > y", 2}});
  const Usage second = run({{"main > a > x", 2},
                            {"main > a > y", 1},
                            {"main > b", 2},
                            {"main > c > x", 2},
                            {"main > c > y", 1}});
  EXPECT_EQ(names_of(baseline_of({first, second})),
            (std::vector<std::string>{"main > a", "main > c"}));
}

TEST(Branches, KeepAPathThatWasNeverSeenFromBeingAnAlarm) {
  const Baseline baseline = baseline_of({reply(4, 6), reply(6, 4)});
  const Usage now = reply(3, 3, {{"main > serve > reply > dates", 4}});
  const auto result = check(baseline, {now, now, now});
  EXPECT_TRUE(result.passed());
  EXPECT_TRUE(result.rises.empty());
  EXPECT_TRUE(result.falls.empty());
}

TEST(Branches, ThatTakeMoreNameThePathsThatRose) {
  const Baseline baseline = baseline_of({reply(4, 6), reply(6, 4)});
  const auto result = check(baseline, {reply(5, 5, {{"main > serve > reply > dates", 1}})});
  EXPECT_FALSE(result.passed());
  ASSERT_EQ(result.rises.size(), 1U);
  EXPECT_EQ(result.rises[0].path, "main > serve > reply > dates");
}

TEST(Branches, ThatTakeMoreOnNoPathInParticularAreNamedThemselves) {
  const Baseline baseline = baseline_of({reply(4, 6), reply(6, 4)});
  const auto result = check(baseline, {reply(6, 5)});
  EXPECT_FALSE(result.passed());
  ASSERT_EQ(result.rises.size(), 1U);
  EXPECT_TRUE(result.rises[0].is_branch);
  EXPECT_EQ(result.rises[0].path, "main > serve > reply");
  EXPECT_EQ(result.rises[0].figures[Figure::Allocations].change(), 1);
}

TEST(Branches, DoNotHideWhatRoseBesideThem) {
  const Baseline baseline = baseline_of({reply(4, 6), reply(6, 4)});
  const auto result = check(baseline, {reply(5, 5, {{"main > serve > log", 1}})});
  EXPECT_FALSE(result.passed());
  ASSERT_EQ(result.rises.size(), 1U);
  EXPECT_EQ(result.rises[0].path, "main > serve > log");
}

// Two places that are noisy, each for itself; all else is exact.
Usage noisy(std::int64_t net, std::int64_t store, std::int64_t parse, std::int64_t render) {
  return run({{"main > net > a", net},
              {"main > net > b", 100 - net},
              {"main > store > a", store},
              {"main > store > b", 100 - store},
              {"main > parse", parse},
              {"main > render", render}});
}

const std::vector<Usage> kNoisy = {noisy(10, 20, 500, 500), noisy(30, 25, 500, 500),
                                   noisy(50, 77, 500, 500)};

TEST(Branches, AddUpOnlyWhatFloats) {
  const Baseline baseline = baseline_of(kNoisy);
  ASSERT_EQ(names_of(baseline), std::vector<std::string>{"main"});
  EXPECT_EQ(baseline.branches.begin()->second[Figure::Allocations]->value, 200);
}

TEST(Branches, DoNotLetOnePathMakeUpForAnExactOne) {
  const auto result = check(baseline_of(kNoisy), {noisy(20, 30, 100, 900)});
  EXPECT_FALSE(result.passed());
  ASSERT_EQ(result.rises.size(), 1U);
  EXPECT_EQ(result.rises[0].path, "main > render");
}

TEST(Branches, DoNotHideANewPathBehindAnExactOneThatFell) {
  Usage now = noisy(20, 30, 100, 500);
  now.paths["main > copy"].value[Figure::Allocations] = 400;
  now.total.value[Figure::Allocations] += 400;
  const auto result = check(baseline_of(kNoisy), {now});
  EXPECT_FALSE(result.passed());
  ASSERT_EQ(result.rises.size(), 1U);
  EXPECT_EQ(result.rises[0].path, "main > copy");
}

TEST(Branches, HaveTheToleranceOfAllOnlyForWhatFloats) {
  Baseline baseline = baseline_of(kNoisy);
  baseline.tolerance[Figure::Allocations] = {0, 0.05};
  EXPECT_TRUE(check(baseline, {noisy(20, 30, 500, 525)}).passed()) << "its own 5 %";
  EXPECT_FALSE(check(baseline, {noisy(20, 30, 500, 560)}).passed());
}

TEST(Branches, ThatTakeLessExcuseToo) {
  Baseline baseline = baseline_of({reply(4, 6), reply(6, 4), reply(5, 5)});
  baseline.total[Figure::Allocations]->tolerance = {4, 0};
  const auto result = check(baseline, {reply(2, 3, {{"main > serve > reply > dates", 4}})});
  EXPECT_TRUE(result.passed());
  EXPECT_TRUE(result.rises.empty());
}

TEST(Branches, AreToldBesidePathsThatExplainOnlyAPart) {
  const Baseline baseline = baseline_of({reply(4, 6), reply(6, 4)});
  const auto result = check(baseline, {reply(8, 8, {{"main > serve > reply > dates", 1}})});
  ASSERT_EQ(result.rises.size(), 2U);
  const PathCheck& branch = result.rises[0].is_branch ? result.rises[0] : result.rises[1];
  EXPECT_TRUE(branch.is_branch);
  EXPECT_EQ(branch.figures[Figure::Allocations].change(), 7);
}

TEST(Branches, WithNothingBelowAreTold) {
  Baseline baseline = baseline_of({reply(4, 6), reply(6, 4)});
  baseline.branches["main > renamed"] = baseline.branches.begin()->second;
  EXPECT_EQ(check(baseline, {reply(5, 5)}).empty_branches,
            std::vector<std::string>{"main > renamed"});
}

TEST(Branches, StayWhenTheBaselineIsRenewedFromOneRun) {
  const Baseline baseline = baseline_of({reply(4, 6), reply(6, 4)});
  const Baseline later = renewed(baseline, {reply(7, 5)});
  ASSERT_EQ(names_of(later), names_of(baseline));
  EXPECT_EQ(later.branches.begin()->second[Figure::Allocations]->value, 12);
  EXPECT_TRUE(renewed(baseline, {run({{"main > serve > read", 5}})}).branches.empty());
}

TEST(Branches, GoWhenRunsShowThatTheyAreNotSteady) {
  const Baseline baseline = baseline_of({reply(4, 6), reply(6, 4)});
  EXPECT_TRUE(renewed(baseline, {reply(4, 6), reply(6, 7)}).branches.empty());
}

TEST(Branches, AreInTheFile) {
  const std::string text = text_of(baseline_of({reply(4, 6), reply(6, 4)}));
  EXPECT_NE(text.find("[branches]\n\"main > serve > reply\" = { allocations = 10 }\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace heapscribe::reports
