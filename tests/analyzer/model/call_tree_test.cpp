#include "analyzer/model/call_tree.h"

#include <gtest/gtest.h>

#include "analyzer/model/selection.h"
#include "analyzer/reports/tree.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::model {
namespace {

using reports::cut_tree;
using reports::TreeReport;
using reports::TreeRow;
using tests::Call;
using tests::CaptureBuilder;

// main calls parse from two lines and draw from one; new hands out memory.
CaptureBuilder sample() {
  return CaptureBuilder()
      .at({"operator new(unsigned long)", "parse", Call("main", "m.cc", 1)})
      .leaked(1, 100)
      .at({"operator new(unsigned long)", "parse", Call("main", "m.cc", 2)})
      .leaked(1, 200)
      .at({"operator new(unsigned long)", "draw", Call("main", "m.cc", 3)})
      .leaked(1, 40);
}

std::string drawn(const std::vector<TreeRow>& rows) {
  std::string text;
  for (const TreeRow& row : rows) {
    text += row.frame->function + "=" + std::to_string(row.totals.bytes.value);
    if (!row.children.empty()) text += "(" + drawn(row.children) + ")";
    if (row.hidden > 0) text += "+" + std::to_string(row.hidden);
    text += " ";
  }
  return text;
}

TEST(CallTree, TopDownMergesCallsOfTheSameFunctionFromDifferentLines) {
  CaptureReader reader(sample().build());
  select_sites(reader, {});
  const auto tree = top_down_tree(reader);
  EXPECT_EQ(drawn(cut_tree(*tree, Measure::Allocated, {}).roots),
            "main=340(parse=300(operator new(unsigned long)=300 ) "
            "draw=40(operator new(unsigned long)=40 ) ) ");
}

TEST(CallTree, BottomUpBeginsWithTheFunctionsToBlame) {
  CaptureReader reader(sample().build());
  select_sites(reader, {});
  const auto tree = bottom_up_tree(reader);
  EXPECT_EQ(drawn(cut_tree(*tree, Measure::Allocated, {}).roots),
            "parse=300(main=300 ) draw=40(main=40 ) ");
}

TEST(CallTree, AFilteredTreeAddsUpOnlyWhatIsSelected) {
  CaptureReader reader(sample().build());
  select_sites(reader, {"draw", "", ""});
  const auto tree = top_down_tree(reader);
  EXPECT_EQ(drawn(cut_tree(*tree, Measure::Allocated, {}).roots),
            "main=40(draw=40(operator new(unsigned long)=40 ) ) ");
}

TEST(CallTree, InlinedCallsAreNodesOfTheirOwn) {
  CaptureReader reader(CaptureBuilder()
                           .at({Call("outer").with_inlined({"inner", "middle"}), "main"})
                           .leaked(1, 8)
                           .build());
  select_sites(reader, {});
  EXPECT_EQ(drawn(cut_tree(*top_down_tree(reader), Measure::Allocated, {}).roots),
            "main=8(outer=8(middle=8(inner=8 ) ) ) ");
  EXPECT_EQ(drawn(cut_tree(*bottom_up_tree(reader), Measure::Allocated, {}).roots),
            "inner=8(middle=8(outer=8(main=8 ) ) ) ");
}

TEST(CallTree, TheLimitKeepsTheLargestNodesAndCountsTheRest) {
  CaptureReader reader(sample().build());
  select_sites(reader, {});
  const auto tree = top_down_tree(reader);
  EXPECT_EQ(drawn(cut_tree(*tree, Measure::Allocated, 2).roots),
            "main=340(parse=300(operator new(unsigned long)=300 ) )+1 ");
}

TEST(CallTree, MissingStacksAreANodeToo) {
  CaptureReader reader(CaptureBuilder().at({}).leaked(1, 8).build());
  select_sites(reader, {});
  EXPECT_EQ(drawn(cut_tree(*top_down_tree(reader), Measure::Allocated, {}).roots),
            "(stack not recorded)=8 ");
}

TEST(CallTree, ARecursionOfThousandsOfFramesIsCutAtADepthThatJsonReadersTake) {
  const std::vector<Call> deep(3000, Call("again"));
  CaptureReader reader(CaptureBuilder().at(deep).leaked(1, 8).build());
  select_sites(reader, {});
  const TreeReport report = cut_tree(*top_down_tree(reader), Measure::Allocated, {});
  int depth = 0;
  for (const auto* rows = &report.roots; !rows->empty(); rows = &rows->front().children) ++depth;
  EXPECT_EQ(depth, 400);
}

}  // namespace
}  // namespace heapscribe::model
