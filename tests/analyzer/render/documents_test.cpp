#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "preload/wire/losses.h"
#include "tests/analyzer/golden.h"
#include "tests/analyzer/render/report_texts.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;
using render::Format;

// A program with something for every report.
CaptureBuilder shop() {
  return CaptureBuilder()
      .set("program", "/usr/bin/shop")
      .set("command_line", R"(["shop","--items","5000"])")
      .at({Call("operator new(unsigned long)").in("/usr/lib/libstdc++.so.6"),
           Call("std::vector<Item, std::allocator<Item> >::reserve(unsigned long)", "vector.tcc",
                70),
           Call("Shop::load(char const*)", "shop.cc", 41), Call("main", "main.cc", 12)})
      .alloc("items", 800'000, "new")
      .at({Call("describe(Item const&)", "shop.cc", 88).with_inlined({"std::to_string(int)"}),
           Call("Shop::print() const", "shop.cc", 60), Call("main", "main.cc", 14)})
      .temporaries(5000, 24)
      .at({Call("append", "log.c", 9), Call("append", "log.c", 12), Call("append", "log.c", 12),
           Call("log_line", "log.c", 30), Call("main", "main.cc", 15),
           Call("__libc_start_main").in("/lib/libc.so.6"), Call("_start")})
      .alloc("log", 16)
      .realloc("log", 32)
      .on_thread(2, "reaper")
      .free("items");
}

TEST(Summary, FillsOnePage) {
  const std::string text = ReportTexts(shop()).summary();
  expect_golden("summary.txt", text);
  expect_width(text, 80);
}

TEST(Summary, SaysWhyThereIsNoLeakCheck) {
  const std::string seccomp = "the program filters its system calls (seccomp)";
  const auto failed = shop().set("leak_check", seccomp);
  EXPECT_NE(ReportTexts(failed).summary().find("There is no leak check: the program filters"),
            std::string::npos);
  EXPECT_NE(ReportTexts(failed).losses().find("There is no leak check"), std::string::npos);
  const json data = json::parse(ReportTexts(failed, Format::Json).summary());
  EXPECT_EQ(data.at("leak_check").at("state"), seccomp);
  EXPECT_NE(data.at("notes").dump().find(seccomp), std::string::npos);
}

TEST(Summary, SaysNothingOfALeakCheckThatIsNotDue) {
  const char* const kNone = "no leak check";
  for (const char* state : {"complete", "not asked for"}) {
    EXPECT_EQ(ReportTexts(shop().set("leak_check", state)).summary().find(kNone),
              std::string::npos);
  }
  const auto sampled = shop().set("mode", "sample").set("leak_check", "only --mode full knows");
  EXPECT_EQ(ReportTexts(sampled).summary().find(kNone), std::string::npos);
}

TEST(Summary, JsonSaysToWhichMomentTheLeakCheckBelongs) {
  const auto moment = [](const tests::CaptureBuilder& capture) {
    return json::parse(ReportTexts(capture, Format::Json).summary()).at("leak_check");
  };
  const auto checked = shop().set("leak_check", "complete").set("leak_check_ns", 1'000'000);
  EXPECT_EQ(moment(checked).at("at_end"), true);
  const json asked_for = moment(tests::CaptureBuilder(checked).set("leak_check_at", "request"));
  EXPECT_EQ(asked_for.at("at_end"), false);
  EXPECT_EQ(asked_for.at("seconds"), 0.001);
  EXPECT_FALSE(moment(shop()).contains("at_end")) << "no check was made";
}

TEST(Summary, ResidentMemoryThatWasNotReadIsNotNothing) {
  const std::string text = ReportTexts(shop().sql("UPDATE timeline SET rss_bytes = 0")).summary();
  EXPECT_NE(text.find("resident memory is not known"), std::string::npos) << text;
  EXPECT_EQ(text.find("0 B resident"), std::string::npos);
}

TEST(Summary, JsonHasWhatScriptsRelyOn) {
  const json summary = json::parse(ReportTexts(shop(), Format::Json).summary());
  EXPECT_EQ(summary.at("allocations"), 5003);
  EXPECT_EQ(summary.at("frees"), 5002);
  EXPECT_EQ(summary.at("reallocations"), 1);
  EXPECT_EQ(summary.at("allocated_bytes"), 800'000 + 5000 * 24 + 16 + 32);
  EXPECT_EQ(summary.at("live_blocks"), 1);
  EXPECT_EQ(summary.at("live_bytes"), 32);
  EXPECT_EQ(summary.at("peak_bytes"), 800'032);
  EXPECT_EQ(summary.at("temporary_allocations"), 5001);
  EXPECT_EQ(summary.at("threads"), 2);
  EXPECT_EQ(summary.at("sites"), 4);
  EXPECT_EQ(summary.at("exit").at("kind"), "exited");
  EXPECT_EQ(summary.at("exit").at("status"), 0);
  EXPECT_EQ(summary.at("exit").at("text"), "exited with status 0");
  EXPECT_GT(summary.at("duration_seconds").get<double>(), 0);
  EXPECT_EQ(summary.at("losses").size(), wire::kLossKinds);
  for (const auto& events : summary.at("losses")) EXPECT_EQ(events, 0);
  EXPECT_TRUE(summary.at("findings").is_array());
  EXPECT_EQ(summary.at("state"), "complete");
}

TEST(Summary, LossesAreSaidInTextAndCountedInJson) {
  CaptureBuilder capture = shop();
  capture.lose("nested_events", 12);
  EXPECT_NE(ReportTexts(capture).summary().find("12 nested events"), std::string::npos);
  const json summary = json::parse(ReportTexts(capture, Format::Json).summary());
  EXPECT_EQ(summary.at("losses").at("nested_events"), 12);
}

TEST(Hotspots, ShowSitesWithTheirCallers) {
  const std::string text = ReportTexts(shop()).hotspots();
  expect_golden("hotspots.txt", text);
  expect_width(text, 80);
}

TEST(Hotspots, FramesCanBeListedOneALine) {
  const std::string text = ReportTexts(shop()).hotspots(0);
  expect_golden("hotspots_frames.txt", text);
  expect_width(text, 80);
}

TEST(Hotspots, JsonRowsHaveWhatScriptsRelyOn) {
  const json rows = json::parse(ReportTexts(shop(), Format::Json).hotspots());
  ASSERT_EQ(rows.size(), 4U);
  for (const char* key : {"allocations", "bytes", "live_blocks", "live_bytes", "peak_bytes",
                          "temporary", "site", "kind", "function", "file", "line", "mean_size"}) {
    EXPECT_TRUE(rows[0].contains(key)) << key;
  }
  const json& frame = rows[0].at("stack").at(0);
  EXPECT_EQ(frame.at("function"), "operator new(unsigned long)");
  EXPECT_EQ(frame.at("module"), "/usr/lib/libstdc++.so.6");
  EXPECT_EQ(frame.at("file"), "");
  EXPECT_EQ(frame.at("line"), 0);
  EXPECT_EQ(frame.at("inlined"), false);
  EXPECT_EQ(rows[1].at("stack").at(0).at("inlined"), true);
}

TEST(Hotspots, JsonRowsAddUpToTheTotals) {
  const json rows = json::parse(ReportTexts(shop(), Format::Json).hotspots());
  std::int64_t allocations = 0;
  for (const json& row : rows) allocations += row.at("allocations").get<std::int64_t>();
  EXPECT_EQ(allocations, 5003);
}

TEST(Hotspots, AnEmptyRecordingIsAnEmptyArray) {
  EXPECT_EQ(json::parse(ReportTexts(CaptureBuilder(), Format::Json).hotspots()), json::array());
  EXPECT_NE(ReportTexts(CaptureBuilder()).hotspots().find("nothing to show"), std::string::npos);
}

TEST(Tree, DrawsTheCallsFromMainDown) {
  const std::string text = ReportTexts(shop()).tree(reports::TreeDirection::TopDown);
  expect_golden("tree_top_down.txt", text);
  expect_width(text, 80);
}

TEST(Tree, DrawsTheCallersOfTheFunctionsToBlame) {
  const std::string text = ReportTexts(shop()).tree(reports::TreeDirection::BottomUp);
  expect_golden("tree_bottom_up.txt", text);
  expect_width(text, 80);
}

TEST(Tree, JsonNodesAreNested) {
  const json roots =
      json::parse(ReportTexts(shop(), Format::Json).tree(reports::TreeDirection::TopDown));
  EXPECT_EQ(roots.at(0).at("function"), "main");
  EXPECT_EQ(roots.at(0).at("children").at(0).at("function"), "Shop::load(char const*)");
}

TEST(Sizes, ShowTheHistogramAndTheSlack) {
  const std::string text = ReportTexts(shop()).sizes();
  expect_golden("sizes.txt", text);
  expect_width(text, 80);
}

TEST(Sizes, JsonIsAnObjectOfTables) {
  const json sizes = json::parse(ReportTexts(shop(), Format::Json).sizes());
  EXPECT_TRUE(sizes.at("histogram").is_array());
  EXPECT_TRUE(sizes.at("top").is_array());
  EXPECT_TRUE(sizes.at("sites").is_array());
  EXPECT_GT(sizes.at("slack_bytes").get<std::int64_t>(), 0);
}

TEST(Csv, HasAHeaderAndOneLineARow) {
  const std::string text = ReportTexts(shop(), Format::Csv).hotspots();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  EXPECT_EQ(text.rfind("site,kind,function,file,line,module,share,", 0), 0U) << text;
}

TEST(Markdown, IsATableOfTheSameRows) {
  const std::string text = ReportTexts(shop(), Format::Markdown).hotspots();
  expect_golden("hotspots.md", text);
}

TEST(Text, EveryReportKeepsTo80Columns) {
  expect_width(ReportTexts(shop()).everything(), 80);
}

TEST(Text, RecordingsWithoutSymbolsOrStacksKeepTo80ColumnsToo) {
  CaptureBuilder without_symbols = shop();
  without_symbols.without_symbols();
  const std::string text = ReportTexts(without_symbols).everything();
  expect_width(text, 80);
  EXPECT_NE(text.find("shop"), std::string::npos);
  EXPECT_NE(text.find("heapscribe symbolize"), std::string::npos);
  expect_width(
      ReportTexts(CaptureBuilder().set("mode", "counts").at({}).leaked(5, 10)).everything(), 80);
  expect_width(ReportTexts(CaptureBuilder()).everything(), 80);
}

}  // namespace
}  // namespace heapscribe::tests
