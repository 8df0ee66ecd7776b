#include "analyzer/render/growth_documents.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "analyzer/model/selection.h"
#include "analyzer/render/difference_documents.h"
#include "analyzer/render/writers.h"
#include "tests/analyzer/golden.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;
using render::Format;

const std::string kLongName =
    "company::product::component::(anonymous namespace)::VeryLongClassName<std::map<int, "
    "std::string>>::an_even_longer_member_function(std::vector<int> const&) const";

// A place for nearly every verdict, over 20 s, and snapshots.
capture::Database eventful_run() {
  CaptureBuilder builder;
  const std::vector<std::string> names = {kLongName, "warms_up", "turns_over", "in_waves", "rests"};
  for (const std::string& name : names) {
    builder.at({Call(name, "/src/server.cc", 12), Call("main", "/src/main.cc", 3)}).leaked(1, 8);
  }
  builder.set("memory_total_bytes", 8'000'000'000);
  builder.set("program", "/usr/bin/server").set("snapshot_every_ns", 2'000'000'000);
  builder.set("snapshots_thinned", 12);
  capture::Database database = builder.build();
  database.execute("UPDATE recording SET value = 20000000000 WHERE key = 'duration_ns'");
  auto insert = database.prepare("INSERT INTO site_interval VALUES (?1, ?2)");
  for (std::int64_t step = 1; step <= 200; ++step) {
    const auto point = [](std::int64_t site, std::int64_t blocks, std::int64_t allocations) {
      return "[" + std::to_string(site) + "," + std::to_string(blocks) + "," +
             std::to_string(blocks * 1000) + "," + std::to_string(allocations) + "]";
    };
    const std::int64_t wave = step % 20 < 10 ? 300 : 0;
    const std::string points =
        "[" + point(1, step * 3, step * 9) + "," +
        point(2, std::min<std::int64_t>(step, 60), std::min<std::int64_t>(step, 60)) + "," +
        point(3, std::min<std::int64_t>(step * 20, 200), step * 20) + "," +
        point(4, wave, step * 40) + "," + point(5, 50, 50) + "]";
    insert.bind_all(step * 100'000'000, std::string_view(points)).run();
  }
  database.execute(
      "INSERT INTO snapshot VALUES (1,'',1000000000,'periodic',1,10,1,10,1,4096,0,21000),"
      " (2,'a label that somebody has made as long as labels may be, 63 by',12345678900,'ctl',"
      "  1234567,1234567890,1,10,100000,123456789000,0,2100000),"
      " (3,'peak',15000000000,'peak',4,40,NULL,NULL,1,0,0,0),"
      " (4,'exit',20000000000,'exit',4,40,4,40,1,0,0,0);"
      "INSERT INTO snapshot_points VALUES (1,'[[1,1,10,1,10]]'), (2,'[[1,3,30,5,50]]');");
  return database;
}

class GrowthDocuments : public ::testing::Test {
 protected:
  GrowthDocuments() : reader_(eventful_run()) { model::select_sites(reader_, {}); }

  std::string growth(Format format) {
    return written(render::growth_document(reports::find_growth(reader_), context_, {}), format);
  }
  std::string snapshots(Format format) {
    return written(render::snapshots_document(reports::list_snapshots(reader_), context_), format);
  }
  std::string difference(Format format) {
    const auto side = [&](const std::string& name) {
      const model::Moment moment = model::find_moment(reader_, name, std::nullopt);
      return reports::Side{&reader_, moment, moment.words};
    };
    return written(render::difference_document(reports::find_difference(side("1"), side("exit"),
                                                                        reports::DifferenceBy::Live,
                                                                        reports::MatchBy::Function),
                                               context_, {}),
                   format);
  }
  std::string comparison(Format format) {
    model::CaptureReader other(eventful_run());
    model::select_sites(other, {});
    const std::vector<model::CaptureReader*> before = {&reader_, &other};
    return written(
        render::comparison_document(
            reports::compare_runs(before, before, reports::DifferenceBy::Bytes), context_, {}),
        format);
  }

 private:
  static std::string written(const render::Document& document, Format format) {
    std::ostringstream out;
    render::write(out, document, format);
    return out.str();
  }

  model::CaptureReader reader_;
  render::Context context_{"server", "run.db", "", {}};
};

TEST_F(GrowthDocuments, KeepToEightyColumns) {
  expect_width(growth(Format::Text), 80);
  expect_width(difference(Format::Text), 80);
  expect_width(comparison(Format::Text), 80);
  expect_width(snapshots(Format::Text), 80);
}

TEST_F(GrowthDocuments, GrowthNamesEveryVerdictAndItsReason) {
  const json rows = json::parse(growth(Format::Json));
  std::map<std::string, std::string> verdicts;
  for (const json& row : rows) {
    verdicts[row.at("function")] = row.at("verdict");
    EXPECT_FALSE(row.at("evidence").get<std::string>().empty());
    EXPECT_EQ(row.at("file"), "/src/server.cc");
    EXPECT_EQ(row.at("line"), 12);
  }
  EXPECT_EQ(verdicts[kLongName], "steady_growth");
  EXPECT_EQ(verdicts["warms_up"], "warm_up");
  EXPECT_EQ(verdicts["turns_over"], "bounded_cache");
  EXPECT_EQ(verdicts["in_waves"], "periodic");
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows[0].at("function"), kLongName);
  EXPECT_NEAR(rows[0].at("slope_bytes_per_second").get<double>(), 30'000, 100);
  for (const char* key : {"slope_low", "slope_high", "confidence", "survival", "live_bytes"}) {
    EXPECT_TRUE(rows[0].at(key).is_number()) << key;
  }
  for (const json& row : rows) {
    if (row.at("function") == "in_waves") {
      EXPECT_NEAR(row.at("period_seconds").get<double>(), 2, 0.11);
    }
  }
}

TEST_F(GrowthDocuments, EndInAVerdict) {
  EXPECT_NE(growth(Format::Text).find("Look first at"), std::string::npos);
  EXPECT_NE(growth(Format::Text).find("an hour"), std::string::npos);
  EXPECT_NE(difference(Format::Text).find("ook first at"), std::string::npos);
  EXPECT_NE(comparison(Format::Text).find("No metric differs"), std::string::npos);
  EXPECT_NE(snapshots(Format::Text).find("heapscribe diff run.db --from 1 --to 2"),
            std::string::npos);
}

// Nothing is freed where a leak is slow, and where one block stays.
TEST(GrowthDocument, SaysOfNothingThatStaysThatItIsFreed) {
  const auto text_of = [](const std::function<std::int64_t(std::int64_t)>& bytes) {
    CaptureBuilder builder;
    builder.at({Call("keeps", "/src/k.c", 1)}).leaked(1, 8);
    capture::Database database = builder.build();
    database.execute("UPDATE recording SET value = 12000000000 WHERE key = 'duration_ns'");
    auto insert = database.prepare("INSERT INTO site_interval VALUES (?1, ?2)");
    for (std::int64_t step = 1; step <= 120; ++step) {
      const std::int64_t blocks = bytes(step) > 0 ? 1 + bytes(step) / 5'000'000 : 0;
      const std::string points = "[[1," + std::to_string(blocks) + "," +
                                 std::to_string(bytes(step)) + "," + std::to_string(blocks) + "]]";
      insert.bind_all(step * 100'000'000, std::string_view(points)).run();
    }
    model::CaptureReader reader(std::move(database));
    model::select_sites(reader, {});
    std::ostringstream out;
    render::write(
        out,
        render::growth_document(reports::find_growth(reader), {"server", "run.db", "", {}}, {}),
        Format::Text);
    return out.str();
  };
  const std::string slow = text_of([](std::int64_t step) { return step / 2 * 100; });
  EXPECT_NE(slow.find("less than 4.0 KiB is too little to judge"), std::string::npos) << slow;
  const std::string once = text_of([](std::int64_t step) { return step > 62 ? 5'000'000 : 0; });
  EXPECT_NE(once.find("rose by 4.8 MiB within 0.1 s"), std::string::npos) << once;
  EXPECT_NE(once.find("took memory at once and still holds"), std::string::npos) << once;
  for (const std::string& text : {slow, once}) {
    EXPECT_EQ(text.find("freed again"), std::string::npos) << text;
  }
}

TEST_F(GrowthDocuments, SnapshotsSayWhatWasGivenUp) {
  EXPECT_NE(snapshots(Format::Text).find("12 periodic snapshots were given up"), std::string::npos);
}

TEST_F(GrowthDocuments, EveryFormatHasTheRows) {
  for (const Format format : {Format::Csv, Format::Markdown}) {
    EXPECT_NE(growth(format).find("steady"), std::string::npos);
    EXPECT_NE(snapshots(format).find("periodic"), std::string::npos);
    EXPECT_NE(difference(format).find("server"), std::string::npos);
    EXPECT_NE(comparison(format).find("peak_bytes"), std::string::npos);
  }
}

}  // namespace
}  // namespace heapscribe::tests
