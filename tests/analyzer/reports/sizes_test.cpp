#include "analyzer/reports/sizes.h"

#include <gtest/gtest.h>

#include "analyzer/model/selection.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using model::Bytes;
using model::CaptureReader;
using model::Count;
using tests::CaptureBuilder;

TEST(Sizes, TheHistogramDoublesAndLosesNothing) {
  CaptureReader reader(CaptureBuilder()
                           .at({"f"})
                           .leaked(1, 0)
                           .leaked(2, 16)
                           .leaked(3, 17)
                           .leaked(4, 32)
                           .leaked(5, 5000)
                           .build());
  model::select_sites(reader, {});
  const SizesReport report = collect_sizes(reader, {});
  ASSERT_EQ(report.histogram.size(), 3U);
  EXPECT_EQ(report.histogram[0].upper, Bytes{16});
  EXPECT_EQ(report.histogram[0].allocations, Count{3});
  EXPECT_EQ(report.histogram[1].lower, Bytes{17});
  EXPECT_EQ(report.histogram[1].allocations, Count{7});
  EXPECT_EQ(report.histogram[2].upper, Bytes{8192});
}

TEST(Sizes, TheMostFrequentSizeComesFirst) {
  CaptureReader reader(CaptureBuilder().at({"f"}).leaked(2, 10).leaked(7, 20).build());
  model::select_sites(reader, {});
  const SizesReport report = collect_sizes(reader, 1);
  ASSERT_EQ(report.top.size(), 1U);
  EXPECT_EQ(report.top[0].lower, Bytes{20});
}

TEST(Sizes, SlackIsWhatTheAllocatorAddsAndSitesAreOrderedByIt) {
  CaptureReader reader(
      CaptureBuilder().at({"tight"}).leaked(1, 24).at({"loose"}).leaked(10, 1).build());
  model::select_sites(reader, {});
  const SizesReport report = collect_sizes(reader, {});
  EXPECT_EQ(report.slack(), Bytes{230});
  ASSERT_EQ(report.slack_sites.size(), 1U);
  EXPECT_EQ(report.slack_sites[0].stack.blamed().function, "loose");
}

}  // namespace
}  // namespace heapscribe::reports
