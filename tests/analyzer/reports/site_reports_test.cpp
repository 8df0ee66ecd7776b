#include <gtest/gtest.h>

#include "analyzer/model/selection.h"
#include "analyzer/reports/groups.h"
#include "analyzer/reports/hotspots.h"
#include "analyzer/reports/leaks.h"
#include "analyzer/reports/peak.h"
#include "analyzer/reports/temporary.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using model::Bytes;
using model::CaptureReader;
using model::Count;
using model::Measure;
using tests::Call;
using tests::CaptureBuilder;

TEST(Leaks, BlockFreedByAnotherThreadIsNotALeak) {
  CaptureReader reader(CaptureBuilder().at({"f"}).alloc("a", 64).on_thread(2).free("a").build());
  model::select_sites(reader, {});
  EXPECT_TRUE(find_leaks(reader, {}).rows.empty());
}

TEST(Leaks, SitesAreOrderedByLiveBytes) {
  CaptureReader reader(
      CaptureBuilder().at({"few"}).leaked(1, 1000).at({"many"}).leaked(9, 10).build());
  model::select_sites(reader, {});
  const SitesReport report = find_leaks(reader, {});
  ASSERT_EQ(report.rows.size(), 2U);
  EXPECT_EQ(report.rows[0].stack.blamed().function, "few");
  EXPECT_EQ(report.rows[1].measures.live_blocks, Count{9});
  EXPECT_EQ(report.run.live_bytes, Bytes{1090});
}

TEST(Leaks, ABlockThatReallocMovedBelongsToTheRealloc) {
  CaptureReader reader(
      CaptureBuilder().at({"begin"}).alloc("a", 10).at({"grow"}).realloc("a", 20).build());
  model::select_sites(reader, {});
  const SitesReport report = find_leaks(reader, {});
  ASSERT_EQ(report.rows.size(), 1U);
  EXPECT_EQ(report.rows[0].stack.blamed().function, "grow");
  EXPECT_EQ(report.rows[0].reallocations, Count{1});
}

TEST(Peak, ShowsWhatWasHeldThenNotWhatIsHeldNow) {
  CaptureReader reader(CaptureBuilder()
                           .at({"early"})
                           .alloc("a", 100)
                           .at({"late"})
                           .alloc("b", 30)
                           .free("a")
                           .alloc("c", 60)
                           .build());
  model::select_sites(reader, {});
  const SitesReport report = find_peak_holders(reader, {});
  ASSERT_EQ(report.rows.size(), 2U);
  EXPECT_EQ(report.rows[0].measures.peak_bytes, Bytes{100});
  EXPECT_EQ(report.rows[1].measures.peak_bytes, Bytes{30});
  EXPECT_EQ(report.run.peak_bytes, Bytes{130});
}

TEST(Temporary, OnlyBlocksFreedBeforeTheNextAllocationCount) {
  CaptureReader reader(CaptureBuilder()
                           .at({"at once"})
                           .temporaries(5, 8)
                           .at({"later"})
                           .alloc("a", 8)
                           .alloc("b", 8)
                           .free("a")
                           .free("b")
                           .build());
  model::select_sites(reader, {});
  const SitesReport report = find_temporaries(reader, {});
  ASSERT_EQ(report.rows.size(), 2U);
  EXPECT_EQ(report.rows[0].measures.temporary, Count{5});
  EXPECT_EQ(report.rows[1].measures.temporary, Count{1});  // b, not a
}

TEST(Hotspots, EveryMeasureOrdersTheRows) {
  const auto first = [](Measure by) {
    CaptureReader reader(CaptureBuilder()
                             .at({"bytes"})
                             .alloc("x", 5000)
                             .free("x")
                             .at({"calls"})
                             .temporaries(3, 1)
                             .at({"live"})
                             .leaked(2, 100)
                             .build());
    model::select_sites(reader, {});
    return find_hotspots(reader, by, 1).rows.at(0).stack.blamed().function;
  };
  EXPECT_EQ(first(Measure::Allocated), "bytes");
  EXPECT_EQ(first(Measure::Calls), "calls");
  EXPECT_EQ(first(Measure::Live), "live");
  EXPECT_EQ(first(Measure::Peak), "bytes");
  EXPECT_EQ(first(Measure::Temporary), "calls");
}

TEST(Hotspots, TheLimitCutsRowsNotTotals) {
  CaptureReader reader(CaptureBuilder()
                           .at({"a"})
                           .leaked(1, 5)
                           .at({"b"})
                           .leaked(1, 6)
                           .at({"c"})
                           .leaked(1, 7)
                           .build());
  model::select_sites(reader, {});
  const SitesReport report = find_hotspots(reader, Measure::Allocated, 2);
  EXPECT_EQ(report.rows.size(), 2U);
  EXPECT_EQ(report.sites, Count{3});
  EXPECT_EQ(report.sums.bytes, Bytes{18});
}

TEST(Hotspots, TheFunctionToBlameIsNotTheOneThatHandsOutMemory) {
  CaptureReader reader(CaptureBuilder()
                           .at({"operator new(unsigned long)", "xmalloc", "parse", "main"})
                           .leaked(1, 8)
                           .build());
  model::select_sites(reader, {});
  const SitesReport report = find_hotspots(reader, Measure::Allocated, {});
  EXPECT_EQ(report.rows[0].stack.blamed().function, "parse");
  EXPECT_EQ(report.rows[0].stack.frames.size(), 4U);
}

TEST(Groups, SitesOfAFunctionAreAddedUp) {
  CaptureReader reader(CaptureBuilder()
                           .at({Call("parse", "p.cc", 1), "main"})
                           .leaked(1, 10)
                           .at({Call("parse", "p.cc", 2), "main"})
                           .leaked(1, 20)
                           .at({Call("draw", "d.cc", 1), "main"})
                           .leaked(1, 5)
                           .build());
  model::select_sites(reader, {});
  const GroupsReport report = group_sites(reader, GroupBy::Function, Measure::Allocated, {});
  ASSERT_EQ(report.rows.size(), 2U);
  EXPECT_EQ(report.rows[0].name, "parse");
  EXPECT_EQ(report.rows[0].sites, Count{2});
  EXPECT_EQ(report.rows[0].measures.bytes, Bytes{30});
}

TEST(Groups, FilesAndModulesThatAreUnknownHaveAName) {
  CaptureReader reader(CaptureBuilder().at({Call("jit").in("")}).leaked(1, 10).build());
  model::select_sites(reader, {});
  EXPECT_EQ(group_sites(reader, GroupBy::File, Measure::Allocated, {}).rows[0].name,
            "(source file unknown)");
  EXPECT_EQ(group_sites(reader, GroupBy::Module, Measure::Allocated, {}).rows[0].name,
            "(no module)");
}

}  // namespace
}  // namespace heapscribe::reports
