#include "analyzer/reports/sections.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "analyzer/model/selection.h"
#include "analyzer/render/section_document.h"
#include "analyzer/render/writers.h"
#include "analyzer/reports/sites.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using model::Bytes;
using model::CaptureReader;
using model::Count;
using tests::CaptureBuilder;

// "request" around "parse"; another "parse" by itself. Site 1 is load, site 2 draw.
CaptureBuilder three_sections() {
  return CaptureBuilder()
      .at({"load", "main"})
      .leaked(10, 100)
      .on_thread(2, "worker")
      .at({"draw", "main"})
      .leaked(4, 50)
      .sql(
          "INSERT INTO section VALUES (1, NULL, 'request', 5, 3, 2), (2, 1, 'parse', 6, 9, 9),"
          " (3, NULL, 'parse', 7, 1, 1)")
      .sql(
          "INSERT INTO section_site VALUES (1, 1, 1, 2, 200, 1, 100, 0),"
          " (2, 1, 1, 5, 500, 0, 0, 0), (2, 2, 2, 3, 150, 3, 150, 3), (3, 1, 1, 1, 100, 0, 0, 0)")
      .sql("INSERT INTO section_peak VALUES (1, 1, 2, 200), (2, 1, 5, 500)");
}

const SectionRow& at(const SectionsReport& report, const std::string& path) {
  const auto found = std::find_if(report.rows.begin(), report.rows.end(),
                                  [&](const SectionRow& row) { return row.path == path; });
  EXPECT_NE(found, report.rows.end()) << path;
  return found == report.rows.end() ? report.rows.front() : *found;
}

TEST(Sections, GrossIncludesWhatLiesWithin) {
  CaptureReader reader(three_sections().build());
  const SectionsReport report = collect_sections(reader, "");
  ASSERT_EQ(report.rows.size(), 3U);
  const SectionRow& request = at(report, "request");
  EXPECT_EQ(request.net.allocations, Count{2});
  EXPECT_EQ(request.gross.allocations, Count{10});
  EXPECT_EQ(request.gross.bytes, Bytes{850});
  EXPECT_EQ(request.gross.live_bytes(), Bytes{600});
  EXPECT_EQ(request.gross.peak_bytes, Bytes{700});
  EXPECT_EQ(at(report, "request/parse").depth, 1U);
  EXPECT_EQ(at(report, "parse").gross.bytes, Bytes{100});
  EXPECT_EQ(report.all.bytes, Bytes{950});
}

TEST(Sections, WhatLiesWithinFollows) {
  CaptureReader reader(three_sections().build());
  const SectionsReport report = collect_sections(reader, "");
  ASSERT_EQ(report.rows.size(), 3U);
  EXPECT_EQ(report.rows[0].path, "request");
  EXPECT_EQ(report.rows[1].path, "request/parse");
  EXPECT_EQ(report.rows[2].path, "parse");
}

TEST(Sections, AThreadsPartAlone) {
  CaptureReader reader(three_sections().build());
  const SectionsReport report = collect_sections(reader, "worker");
  EXPECT_EQ(at(report, "request").gross.allocations, Count{3});
  EXPECT_EQ(at(report, "request").net.allocations, Count{0});
  EXPECT_EQ(at(report, "request").entered, Count{3});
}

TEST(Sections, SectionsThatLieWithinThemselvesAreNoTrap) {
  CaptureReader reader(
      CaptureBuilder()
          .sql("INSERT INTO section VALUES (1, 2, 'a', 0, 1, 1), (2, 1, 'b', 0, 1, 1),"
               " (3, 3, 'c', 0, 1, 1)")
          .build());
  EXPECT_EQ(collect_sections(reader, "").rows.size(), 3U);
}

TEST(Sections, OlderRecordingsHaveNone) {
  CaptureReader reader(
      CaptureBuilder()
          .sql("DROP TABLE section_site; DROP TABLE section_peak; DROP TABLE section")
          .build());
  EXPECT_TRUE(collect_sections(reader, "").rows.empty());
  EXPECT_THROW(model::select_sites(
                   reader, {.function = "", .module = "", .thread = "", .section = "request"}),
               std::runtime_error);
}

std::int64_t selected(const std::string& section, const std::string& thread,
                      Count model::Measures::*measure) {
  CaptureReader reader(three_sections().build());
  model::select_sites(reader, {.function = "", .module = "", .thread = thread, .section = section});
  std::int64_t sum = 0;
  for (const SiteRow& row : collect_sites(reader, {}).rows) sum += (row.measures.*measure).value;
  return sum;
}

TEST(Sections, SelectSitesByNameAndByPath) {
  EXPECT_EQ(selected("request", "", &model::Measures::allocations), 10);
  EXPECT_EQ(selected("parse", "", &model::Measures::allocations), 9);
  EXPECT_EQ(selected("request/parse", "", &model::Measures::allocations), 8);
  EXPECT_EQ(selected("request", "worker", &model::Measures::allocations), 3);
}

std::string written(const render::Document& document, render::Format format) {
  std::ostringstream out;
  render::write(out, document, format);
  return out.str();
}

TEST(Sections, TheReportAsTextAndCsv) {
  CaptureReader reader(three_sections().build());
  const render::Document document =
      render::sections_document(collect_sections(reader, ""), {"sample", "run.db", "", {}});
  const std::string text = written(document, render::Format::Text);
  EXPECT_NE(text.find("  parse"), std::string::npos) << text;
  EXPECT_NE(text.find("request was entered 3 times and ended 2 times"), std::string::npos) << text;
  const std::string csv = written(document, render::Format::Csv);
  EXPECT_NE(csv.find("request/parse"), std::string::npos) << csv;
}

}  // namespace
}  // namespace heapscribe::reports
