#include "analyzer/model/window.h"

#include <gtest/gtest.h>

#include "analyzer/model/selection.h"
#include "analyzer/reports/sites.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::model {
namespace {

using tests::CaptureBuilder;

constexpr std::int64_t kSecond = 1'000'000'000;

// Three seconds of two sites: 1 makes 100 bytes a block, 2 makes 10 and frees them. The run's peak
// is at 2.5 s.
CaptureBuilder two_sites() {
  return CaptureBuilder()
      .at({"keep", "main"})
      .leaked(3, 100)
      .at({"pass", "main"})
      .temporaries(5, 10)
      .sql("INSERT INTO site_interval VALUES (1000000000, '[[1,1,100,1,100],[2,2,20,2,20]]')")
      .sql("INSERT INTO site_interval VALUES (2000000000, '[[2,4,40,4,40]]')")
      .sql("INSERT INTO site_interval VALUES (3000000000, '[[1,3,300,3,300],[2,0,0,5,50]]')")
      .sql("UPDATE recording SET value = 3000000000 WHERE key = 'duration_ns'")
      .sql("UPDATE recording SET value = 2500000000 WHERE key = 'peak_ns'");
}

MomentName time(std::int64_t ns) {
  return {std::to_string(ns) + "ns", ns};
}

std::map<std::string, Measures> measures(CaptureReader& reader, const Window& window) {
  SiteFilter filter;
  filter.window = window;
  select_sites(reader, filter);
  std::map<std::string, Measures> found;
  for (const reports::SiteRow& row : reports::collect_sites(reader, {}).rows) {
    found[row.stack.blamed().function] = row.measures;
  }
  return found;
}

TEST(Window, HasWhatWasMadeWithinAndHeldAtItsEnd) {
  CaptureReader reader(two_sites().build());
  auto found = measures(reader, find_window(reader, time(kSecond), time(2 * kSecond)));
  EXPECT_EQ(found["keep"].allocations, Count{0});
  EXPECT_EQ(found["keep"].live_bytes, Bytes{100});
  EXPECT_EQ(found["pass"].allocations, Count{2});
  EXPECT_EQ(found["pass"].bytes, Bytes{20});
  EXPECT_EQ(found["pass"].live_bytes, Bytes{40});
}

TEST(Window, PartsAddUpToTheRun) {
  CaptureReader reader(two_sites().build());
  std::int64_t bytes = 0;
  for (const std::int64_t begin : {0, 1, 2}) {
    const Window window = find_window(reader, time(begin * kSecond), time((begin + 1) * kSecond));
    for (const auto& [name, sums] : measures(reader, window)) bytes += sums.bytes.value;
  }
  EXPECT_EQ(bytes, reader.totals().allocated_bytes.value);
}

TEST(Window, ItsPeakIsTheFullestReadingUnlessTheRunsPeakLiesWithin) {
  CaptureReader reader(two_sites().build());
  auto early = measures(reader, find_window(reader, {"start", {}}, time(2 * kSecond)));
  EXPECT_EQ(early["keep"].peak_bytes, Bytes{100});
  EXPECT_EQ(early["pass"].peak_bytes, Bytes{40});
  auto late = measures(reader, find_window(reader, time(2 * kSecond), {}));
  EXPECT_EQ(late["keep"].peak_bytes.value,
            reader.database().integer("SELECT peak_bytes FROM site WHERE id = 1"));
}

TEST(Window, SharesAreOfAllSitesWithin) {
  CaptureReader reader(two_sites().build());
  SiteFilter filter;
  filter.function = "keep";
  filter.window = find_window(reader, {}, time(2 * kSecond));
  select_sites(reader, filter);
  EXPECT_EQ(measures_of_all(reader).bytes, Bytes{140});
  select_sites(reader, {});
  EXPECT_EQ(measures_of_all(reader).bytes, reader.totals().allocated_bytes);
}

TEST(Window, WhatIsNotKnownIsRefused) {
  CaptureReader reader(two_sites().build());
  EXPECT_THROW(find_window(reader, time(2 * kSecond), time(kSecond)), std::runtime_error);
  EXPECT_THROW(find_window(reader, time(4 * kSecond), {}), std::runtime_error);
  EXPECT_THROW(find_window(reader, {"nothing", {}}, {}), std::runtime_error);
  EXPECT_THROW(find_window(reader, {"peak", {}}, {}), std::runtime_error);
  SiteFilter filter;
  filter.window = find_window(reader, {}, {});
  filter.thread = "#1";
  EXPECT_THROW(select_sites(reader, filter), std::runtime_error);
}

TEST(Window, OlderRecordingsKnowSnapshotsOnly) {
  CaptureReader reader(
      two_sites()
          .sql("UPDATE site_interval SET points = '[[1,1,100,1]]'")
          .sql("INSERT INTO snapshot VALUES (1,'warm',1500000000,'ctl',1,100,1,100,1,0,0,0)")
          .sql("INSERT INTO snapshot_points VALUES (1,'[[1,1,100,1,100]]')")
          .build());
  EXPECT_THROW(find_window(reader, time(kSecond), {}), std::runtime_error);
  auto found = measures(reader, find_window(reader, {"warm", {}}, {}));
  EXPECT_EQ(found["keep"].bytes, Bytes{200});
}

}  // namespace
}  // namespace heapscribe::model
