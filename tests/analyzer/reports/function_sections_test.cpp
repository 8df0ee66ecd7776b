#include "analyzer/reports/function_sections.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "analyzer/render/section_document.h"
#include "analyzer/render/writers.h"
#include "tests/analyzer/golden.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using model::Bytes;
using model::CaptureReader;
using model::Count;
using nlohmann::json;
using tests::Call;
using tests::CaptureBuilder;

std::vector<std::string> paths_of(const SectionsReport& report) {
  std::vector<std::string> paths;
  for (const SectionRow& row : report.rows) paths.push_back(row.path);
  return paths;
}

const SectionRow& at(const SectionsReport& report, const std::string& path) {
  const auto found = std::find_if(report.rows.begin(), report.rows.end(),
                                  [&](const SectionRow& row) { return row.path == path; });
  if (found == report.rows.end()) throw std::runtime_error("no section " + path);
  return *found;
}

SectionsReport sections_of(const CaptureBuilder& builder,
                           const std::vector<SectionPattern>& patterns,
                           const std::string& thread = "") {
  CaptureReader reader(builder.build());
  return collect_function_sections(reader, patterns, thread);
}

// A parser that asks a cache; the cache is also filled by another thread.
CaptureBuilder parser_and_cache() {
  return CaptureBuilder()
      .at({"Parser::read", "main"})
      .leaked(2, 100)
      .at({"Cache::add", "Parser::token", "Parser::read", "main"})
      .alloc("entry", 30)
      .temporaries(1, 10)
      .at({"main"})
      .leaked(1, 5)
      .on_thread(2, "worker")
      .at({"Cache::add", "fill"})
      .leaked(3, 50)
      .free("entry");
}

const std::vector<SectionPattern> kParserAndCache = {{"parse", "^Parser::"}, {"cache", "^Cache::"}};

TEST(FunctionSections, LieWithinEachOtherAsFunctionsCallEachOther) {
  const SectionsReport report = sections_of(parser_and_cache(), kParserAndCache);
  EXPECT_EQ(paths_of(report), (std::vector<std::string>{"parse", "parse/cache", "cache"}));
  const SectionRow& parse = at(report, "parse");
  EXPECT_EQ(parse.net.allocations, Count{2});
  EXPECT_EQ(parse.net.bytes, Bytes{200});
  EXPECT_EQ(parse.gross.allocations, Count{4});
  EXPECT_EQ(parse.gross.bytes, Bytes{240});
  EXPECT_EQ(parse.gross.live_bytes(), Bytes{200});
  EXPECT_EQ(parse.gross.temporary, Count{1});
  const SectionRow& within = at(report, "parse/cache");
  EXPECT_EQ(within.depth, 1U);
  EXPECT_EQ(within.parent, parse.id);
  EXPECT_EQ(within.net.frees, Count{2});
  EXPECT_EQ(at(report, "cache").net.bytes, Bytes{150});
}

TEST(FunctionSections, HoldNothingTwice) {
  const SectionsReport report = sections_of(parser_and_cache(), kParserAndCache);
  EXPECT_EQ(report.all.bytes, Bytes{390});
  EXPECT_EQ(report.run_bytes, Bytes{395});
  EXPECT_EQ(at(report, "parse").gross.peak_bytes.value + at(report, "cache").gross.peak_bytes.value,
            380);
}

TEST(FunctionSections, ARecursionDoesNotNest) {
  const SectionsReport report = sections_of(CaptureBuilder()
                                                .at({"visit", "walk", "visit", "walk", "main"})
                                                .leaked(1, 8)
                                                .at({"walk", "visit", "walk", "main"})
                                                .leaked(1, 16),
                                            {{"visit", "^visit$"}, {"walk", "^walk$"}});
  EXPECT_EQ(paths_of(report), (std::vector<std::string>{"walk", "walk/visit"}));
  EXPECT_EQ(at(report, "walk/visit").net.bytes, Bytes{24});
}

TEST(FunctionSections, InlinedCallsCountAsCallsFromOutsideIn) {
  const SectionsReport report = sections_of(
      CaptureBuilder().at({Call("outer").with_inlined({"inner", "middle"}), "main"}).leaked(1, 8),
      {{"inner", "^inner$"}, {"outer", "^outer$"}});
  EXPECT_EQ(paths_of(report), (std::vector<std::string>{"outer", "outer/inner"}));
}

TEST(FunctionSections, OfTwoForOneFunctionTheFirstIsTheOuterOne) {
  const CaptureBuilder builder = CaptureBuilder().at({"Parser::read", "main"}).leaked(1, 8);
  EXPECT_EQ(paths_of(sections_of(builder, {{"all", "::"}, {"parse", "Parser"}})),
            (std::vector<std::string>{"all", "all/parse"}));
}

TEST(FunctionSections, AThreadsPartAlone) {
  const SectionsReport report = sections_of(parser_and_cache(), kParserAndCache, "worker");
  EXPECT_TRUE(report.by_thread);
  EXPECT_EQ(at(report, "cache").gross.bytes, Bytes{150});
  EXPECT_EQ(at(report, "parse").gross.allocations, Count{0});
  EXPECT_EQ(at(report, "parse/cache").gross.frees, Count{1});
  EXPECT_EQ(at(report, "parse/cache").gross.live_blocks(), Count{-1});
}

TEST(FunctionSections, SectionsInWhichAThreadDidNothingAreLeftOut) {
  const SectionsReport report = sections_of(
      CaptureBuilder().at({"a", "main"}).leaked(1, 8).on_thread(2, "idle"), {{"a", "^a$"}}, "idle");
  EXPECT_TRUE(report.rows.empty());
  EXPECT_TRUE(report.unmatched.empty());
}

TEST(FunctionSections, ThoseOfTheProgramAreNotMixedIn) {
  CaptureBuilder builder = parser_and_cache();
  builder.sql("INSERT INTO section VALUES (1, NULL, 'request', 5, 3, 2)");
  EXPECT_EQ(paths_of(sections_of(builder, {{"cache", "Cache"}})),
            std::vector<std::string>{"cache"});
}

TEST(FunctionSections, AnExpressionThatFindsNothingIsTold) {
  const SectionsReport report =
      sections_of(parser_and_cache(), {{"cache", "^Cache::"}, {"lexer", "Lexer"}});
  ASSERT_EQ(report.unmatched.size(), 1U);
  EXPECT_EQ(report.unmatched[0].name, "lexer");
  EXPECT_EQ(sections_of(parser_and_cache().without_symbols(), kParserAndCache).unmatched.size(),
            2U);
}

TEST(FunctionSections, WrongExpressionsAndNamesGivenTwiceAreRefused) {
  EXPECT_THROW(sections_of(parser_and_cache(), {{"a", "("}}), std::runtime_error);
  EXPECT_THROW(sections_of(parser_and_cache(), {{"a", "x"}, {"a", "y"}}), std::runtime_error);
}

TEST(FunctionSections, ALongRecursionThroughManySectionsEnds) {
  std::vector<Call> stack;
  for (int i = 0; i < 5000; ++i) stack.emplace_back("f" + std::to_string(i % 7));
  std::vector<SectionPattern> patterns;
  for (int i = 0; i < 7; ++i) {
    patterns.push_back({"s" + std::to_string(i), "^f" + std::to_string(i) + "$"});
  }
  EXPECT_EQ(sections_of(CaptureBuilder().at(stack).leaked(1, 8), patterns).rows.size(), 7U);
}

std::string written(const SectionsReport& report, render::Format format) {
  std::ostringstream out;
  render::write(out, render::sections_document(report, {"sample", "run.db", "", {}}), format);
  return out.str();
}

TEST(FunctionSections, WhatIsNotKnownIsLeftOutOrEmpty) {
  const SectionsReport report = sections_of(parser_and_cache(), kParserAndCache);
  const std::string text = written(report, render::Format::Text);
  EXPECT_EQ(text.find("entered"), std::string::npos) << text;
  EXPECT_NE(text.find("at peak"), std::string::npos) << text;
  EXPECT_NE(text.find("--section 'parse=^Parser::'"), std::string::npos) << text;
  tests::expect_width(text, 80);
  const json rows = json::parse(written(report, render::Format::Json));
  ASSERT_EQ(rows.size(), 3U);
  for (const std::string key : {"entered", "ended", "first_ns"}) {
    EXPECT_TRUE(rows[1].at(key).is_null()) << key;
  }
  EXPECT_EQ(rows[1].at("section"), "parse/cache");
  EXPECT_NE(written(report, render::Format::Csv).find("parse/cache"), std::string::npos);
  EXPECT_NE(written(report, render::Format::Markdown).find("cache"), std::string::npos);
}

TEST(FunctionSections, WhatAThreadHeldAtThePeakIsNotKnown) {
  const SectionsReport report = sections_of(parser_and_cache(), kParserAndCache, "worker");
  EXPECT_EQ(written(report, render::Format::Text).find("at peak"), std::string::npos);
  const json rows = json::parse(written(report, render::Format::Json));
  EXPECT_TRUE(rows[0].at("peak_bytes").is_null());
  EXPECT_TRUE(rows[0].at("net_peak_bytes").is_null());
}

TEST(FunctionSections, TheReportSaysWhyItIsEmpty) {
  const std::string text =
      written(sections_of(parser_and_cache(), {{"lexer", "Lexer"}}), render::Format::Text);
  EXPECT_NE(text.find("is found by --section lexer=Lexer"), std::string::npos) << text;
  EXPECT_NE(text.find("--group function"), std::string::npos) << text;
  tests::expect_width(text, 80);
  const std::string counts = written(
      sections_of(CaptureBuilder().set("mode", "counts"), kParserAndCache), render::Format::Text);
  EXPECT_NE(counts.find("--mode counts"), std::string::npos) << counts;
}

}  // namespace
}  // namespace heapscribe::reports
