#include "analyzer/render/check_documents.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "analyzer/render/health_document.h"
#include "analyzer/render/writers.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;
using render::Format;
using reports::Figure;

const std::string kHostile = "evil<T>::\"na\nme\" & ::error::,%]]>\xff()";

CaptureBuilder program(int extra) {
  CaptureBuilder builder;
  builder.at({Call("load", "/work/src/load.cpp", 5), Call("main", "/work/src/main.cpp", 3)})
      .leaked(4, 1000)
      .temporaries(1, 100'000);  // the peak, whatever follows
  if (extra > 0) {
    builder
        .at({Call("std::string::string()", "/usr/include/c++/string.h", 99),
             Call("Index<long>::find(int)", "/work/src/in dex.h", 42),
             Call("main", "/work/src/main.cpp", 4)})
        .temporaries(extra, 32);
  }
  return builder.set("program", "/usr/bin/shop");
}

class CheckDocuments : public ::testing::Test {
 protected:
  // What came of `now`, against a baseline of the program without extras.
  void check(const CaptureBuilder& now, const CaptureBuilder& before = program(0)) {
    reports::Suppressions none;
    model::CaptureReader old(before.build());
    const auto old_usage = reports::usage_of(old, {}, none);
    const auto baseline = reports::updated({}, old_usage, {{true, true, true, false, false}});
    reader_ = std::make_unique<model::CaptureReader>(now.build());
    usage_ = reports::usage_of(*reader_, {}, none);
    report_.baseline = reports::check_baseline("tests/heap.toml", baseline, usage_);
    report_.baseline->total_line = 8;
  }
  void limit(double allocations) {
    const reports::Budget budget{"parser", {}, {{Figure::Allocations, allocations, 3}}};
    report_.budget_file = "budget.toml";
    report_.limits = reports::check_budget(budget, usage_);
  }

  render::Context context() const { return {"shop", "shop.db", "", {}}; }
  std::string text(Format format) const {
    std::ostringstream out;
    const bool is_text = format == Format::Text;
    render::write(out,
                  render::check_document(report_, context(),
                                         {.wanted = is_text,
                                          .for_programs = format == Format::Json,
                                          .limit = {},
                                          .update = "the command"}),
                  format);
    return out.str();
  }
  std::string junit() const {
    std::ostringstream out;
    render::write_junit(out, report_, context(), sources_);
    return out.str();
  }
  json sarif() const {
    std::ostringstream out;
    render::write_sarif(out, report_, sources_, "1.2.3");
    return json::parse(out.str());
  }
  std::string annotations() const {
    std::ostringstream out;
    render::write_annotations(out, report_, sources_);
    return out.str();
  }

  render::Sources sources_{"/work"};
  reports::CheckReport report_;

 private:
  std::unique_ptr<model::CaptureReader> reader_;
  reports::Usage usage_;
};

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST_F(CheckDocuments, TheTextSaysWhatRoseWhereAndByHowMuch) {
  check(program(1000));
  const std::string text = this->text(Format::Text);
  EXPECT_NE(text.find("Check of shop: FAILED\n"), std::string::npos) << text;
  EXPECT_NE(text.find("1 call path takes more than the baseline has\n"), std::string::npos) << text;
  EXPECT_NE(text.find("0 -> 1,000 allocations"), std::string::npos) << text;
  EXPECT_NE(text.find("Look first at Index<>::find (in dex.h:42): 1,000 more allocations."),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  the command\n"), std::string::npos) << text;
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 25) << "to be read in ten seconds\n"
                                                            << text;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 90U) << line;
}

TEST_F(CheckDocuments, APassIsShort) {
  check(program(0));
  const std::string text = this->text(Format::Text);
  EXPECT_NE(text.find("Check of shop: passed\n"), std::string::npos);
  EXPECT_EQ(text.find("the command"), std::string::npos) << text;
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 10) << text;
}

TEST_F(CheckDocuments, AnImprovementAsksToBeKept) {
  check(program(0), program(1000));
  const std::string text = this->text(Format::Text);
  EXPECT_NE(text.find("passed"), std::string::npos);
  EXPECT_NE(text.find("To keep it that way:\n  the command\n"), std::string::npos) << text;
  EXPECT_NE(text.find("main > Index<>::find"), std::string::npos)
      << "a path that is gone is told in full\n"
      << text;
}

TEST_F(CheckDocuments, JsonHasBothSidesOfEveryFigure) {
  check(program(1000));
  limit(10);
  const json result = json::parse(text(Format::Json));
  EXPECT_EQ(result.at("passed"), false);
  EXPECT_EQ(result.at("baseline"), "tests/heap.toml");
  const json& row = result.at("rises").at(0);
  EXPECT_EQ(row.at("path"), "main > Index<>::find");
  EXPECT_EQ(row.at("old_allocations"), 0);
  EXPECT_EQ(row.at("new_allocations"), 1000);
  EXPECT_EQ(row.at("stack").size(), 3U);
  EXPECT_EQ(result.at("falls"), json::array());
  EXPECT_EQ(result.at("limits").at(0).at("limit"), "parser: allocations");
  EXPECT_EQ(result.at("limits").at(0).at("verdict"), "EXCEEDED");
}

TEST_F(CheckDocuments, MarkdownTellsThePlaceInTheTable) {
  check(program(1000));
  const std::string markdown = text(Format::Markdown);
  EXPECT_NE(markdown.find("| `Index<>::find` | in dex.h:42 | 0 -> 1,000 allocations"),
            std::string::npos)
      << markdown;
}

TEST_F(CheckDocuments, AChangeThatRoundingHidesIsToldToTheByte) {
  check(program(0).at({"f", "main"}).temporaries(1, 8));
  EXPECT_NE(text(Format::Text).find("104,000 B"), std::string::npos) << text(Format::Text);
}

TEST_F(CheckDocuments, ProblemsLieInTheUsersSourcesOrInTheFileOfLimits) {
  check(program(1000));
  limit(10);
  const auto problems = render::problems_of(report_, sources_);
  ASSERT_EQ(problems.size(), 4U);  // the path, allocations and bytes in all, the budget
  EXPECT_EQ(problems[0].rule, "more-allocations");
  EXPECT_EQ(problems[0].file, "src/in dex.h");
  EXPECT_EQ(problems[0].line, 42);
  EXPECT_EQ(problems[1].file, "tests/heap.toml");
  EXPECT_EQ(problems[1].line, 8);
  EXPECT_EQ(problems[3].rule, "over-budget");
  EXPECT_EQ(problems[3].file, "budget.toml");
  EXPECT_EQ(problems[3].line, 3);
  EXPECT_EQ(problems[3].message, "parser: allocations: 1,005, and the limit is 10");
}

TEST_F(CheckDocuments, SourcesElsewhereKeepTheirPath) {
  EXPECT_EQ(sources_.relative("/work/src/a.cpp"), "src/a.cpp");
  EXPECT_EQ(sources_.relative("/workshop/a.cpp"), "/workshop/a.cpp");
  EXPECT_EQ(sources_.relative("/usr/include/a.h"), "/usr/include/a.h");
  EXPECT_EQ(render::Sources{""}.relative("/a.cpp"), "/a.cpp");
}

TEST_F(CheckDocuments, AnAnnotationIsOneLineThatNobodyCanForge) {
  check(program(1000).at({Call(kHostile, "/work/src/e,v:i%l.cpp", 7)}).temporaries(9, 8));
  const std::string text = annotations();
  EXPECT_EQ(text.find("::error file=src/in dex.h,line=42,title=heapscribe%3A more-allocations::"
                      "Index<>::find: 1,000 more allocations (allocations 0 -> 1,000"),
            0U)
      << text;
  EXPECT_NE(text.find("file=src/e%2Cv%3Ai%25l.cpp,line=7,"), std::string::npos) << text;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_EQ(line.find("::error "), 0U) << line;
}

TEST_F(CheckDocuments, JunitCountsItsCases) {
  check(program(1000).at({kHostile.c_str()}).temporaries(9, 8));
  limit(1e6);
  const std::string xml = junit();
  EXPECT_EQ(times(xml, "<testcase "), 6U) << xml;  // 2 paths, 3 totals, 1 limit
  EXPECT_EQ(times(xml, "<failure "), 4U) << xml;
  EXPECT_EQ(times(xml, "tests=\"6\" failures=\"4\""), 2U) << xml;
  EXPECT_NE(xml.find("name=\"peak in all\"/>"), std::string::npos) << xml;
  EXPECT_NE(xml.find("name=\"parser: allocations\"/>"), std::string::npos) << xml;
  EXPECT_EQ(xml.find("]]>"), std::string::npos) << "must not stand in text";
  EXPECT_EQ(xml.find('\xff'), std::string::npos);
}

// The parts of SARIF 2.1.0 that its schema demands, and that viewers need.
void expect_physical(const json& location) {
  const json& artifact = location.at("artifactLocation");
  const std::string uri = artifact.at("uri");
  EXPECT_FALSE(uri.empty());
  EXPECT_EQ(uri.find(' '), std::string::npos) << uri;
  EXPECT_EQ(artifact.contains("uriBaseId"), uri.find("file://") != 0) << uri;
  EXPECT_GE(location.at("region").at("startLine").get<int>(), 1);
}

TEST_F(CheckDocuments, SarifHasWhatTheStandardDemands) {
  check(program(1000).at({Call(kHostile, "/work/src/e.cpp", 7)}).temporaries(9, 8));
  limit(10);
  const json log = sarif();
  EXPECT_EQ(log.at("version"), "2.1.0");
  ASSERT_EQ(log.at("runs").size(), 1U);
  const json& run = log.at("runs").at(0);
  EXPECT_EQ(run.at("tool").at("driver").at("name"), "heapscribe");
  EXPECT_EQ(run.at("tool").at("driver").at("version"), "1.2.3");
  EXPECT_EQ(run.at("originalUriBaseIds").at("SRCROOT").at("uri"), "file:///work/");
  const json& rules = run.at("tool").at("driver").at("rules");
  const json& results = run.at("results");
  ASSERT_EQ(results.size(), 5U);
  for (const json& result : results) {
    EXPECT_EQ(rules.at(result.at("ruleIndex").get<std::size_t>()).at("id"), result.at("ruleId"));
    EXPECT_EQ(result.at("level"), "error");
    EXPECT_FALSE(result.at("message").at("text").get<std::string>().empty());
    ASSERT_EQ(result.at("locations").size(), 1U);
    expect_physical(result.at("locations").at(0).at("physicalLocation"));
    EXPECT_FALSE(result.at("partialFingerprints").at("heapscribeCallPath/v1").empty());
    if (!result.contains("stacks")) continue;
    for (const json& frame : result.at("stacks").at(0).at("frames")) {
      const json& place = frame.at("location");
      EXPECT_TRUE(place.contains("logicalLocations"));
      if (place.contains("physicalLocation")) expect_physical(place.at("physicalLocation"));
    }
  }
  EXPECT_EQ(results[0].at("locations")[0].at("physicalLocation").at("artifactLocation").at("uri"),
            "src/in%20dex.h");
  EXPECT_EQ(results[0].at("stacks")[0].at("frames").size(), 3U);
}

TEST_F(CheckDocuments, APassHasNoResults) {
  check(program(0));
  EXPECT_EQ(sarif().at("runs")[0].at("results"), json::array());
  EXPECT_EQ(annotations(), "");
  EXPECT_EQ(times(junit(), "<failure "), 0U);
}

TEST(HealthDocuments, GiveAdviceThatCanBeCopied) {
  reports::Health health;
  health.condition = reports::Condition::Critical;
  health.reasons = {{"lost_bytes", reports::HealthUnit::Bytes, 2048.0, 1, 1024, "lost",
                     "heapscribe leaks DB names it", reports::Condition::Critical},
                    {"memory_share", reports::HealthUnit::Share, std::nullopt, 0.8, 0.9, "in use",
                     "", reports::Condition::Healthy}};
  std::ostringstream text;
  const render::Context context{"shop", "my shop.db", "", {}};
  render::write(text, render::health_document(health, context), Format::Text);
  EXPECT_NE(text.str().find("Health of shop: critical\n"), std::string::npos) << text.str();
  EXPECT_NE(
      text.str().find(
          "critical   2.0 KiB  lost    lost_bytes\n  heapscribe leaks 'my shop.db' names it\n"),
      std::string::npos)
      << text.str();
  EXPECT_NE(text.str().find("not known"), std::string::npos) << text.str();
}

}  // namespace
}  // namespace heapscribe::tests
