#include "analyzer/reports/difference.h"

#include <gtest/gtest.h>

#include "analyzer/model/selection.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;
using tests::Call;
using tests::CaptureBuilder;

// The same program; after a rebuild its lines and its folder are others.
CaptureBuilder build(int shift, const std::string& folder) {
  return CaptureBuilder()
      .at({Call("load", folder + "/shop.c", 10 + shift), Call("main", folder + "/main.c", shift)})
      .leaked(2, 100)
      .at({Call("print", folder + "/shop.c", 40 + shift), Call("main", folder + "/main.c", shift)})
      .leaked(1, 30);
}

Side end_of(CaptureReader& reader) {
  return {&reader, model::find_moment(reader, "exit", std::nullopt), "the end"};
}

Difference between(CaptureReader& before, CaptureReader& after, MatchBy match = MatchBy::Function) {
  model::select_sites(before, {});
  model::select_sites(after, {});
  return find_difference(end_of(before), end_of(after), DifferenceBy::Live, match);
}

TEST(Difference, ARebuildIsNone) {
  for (const MatchBy match : {MatchBy::Function, MatchBy::Stack}) {
    CaptureReader one(build(0, "/home/a").build());
    CaptureReader two(build(7, "/tmp/b").build());
    const Difference difference = between(one, two, match);
    EXPECT_EQ(difference.changed.value, 0);
    EXPECT_EQ(difference.rows.size(), 2U);
  }
}

TEST(Difference, TellsNewGoneGrownAndShrunkAndRanksThem) {
  CaptureReader before(CaptureBuilder()
                           .at({"grows"})
                           .leaked(1, 100)
                           .at({"shrinks"})
                           .leaked(9, 100)
                           .at({"goes"})
                           .leaked(2, 100)
                           .at({"stays"})
                           .leaked(1, 5)
                           .build());
  CaptureReader after(CaptureBuilder()
                          .at({"grows"})
                          .leaked(5, 100)
                          .at({"shrinks"})
                          .leaked(1, 100)
                          .at({"comes"})
                          .leaked(3, 100)
                          .at({"stays"})
                          .leaked(1, 5)
                          .build());
  const Difference difference = between(before, after);
  ASSERT_EQ(difference.rows.size(), 5U);
  const auto row = [&](std::size_t at) {
    return difference.rows[at].stack.blamed().function + " " +
           std::string(name_of(difference.rows[at].change)) + " " +
           std::to_string(difference.rows[at].delta(DifferenceBy::Live));
  };
  EXPECT_EQ(row(0), "shrinks shrank -800");
  EXPECT_EQ(row(1), "grows grew 400");
  EXPECT_EQ(row(2), "comes new 300");
  EXPECT_EQ(row(3), "goes gone -200");
  EXPECT_EQ(row(4), "stays same 0");
}

TEST(Difference, ClonesOfAFunctionAreTheFunction) {
  CaptureReader before(CaptureBuilder().at({"sort.constprop.0"}).leaked(1, 8).build());
  CaptureReader after(CaptureBuilder().at({"sort.part.3"}).leaked(1, 8).build());
  EXPECT_EQ(between(before, after).changed.value, 0);
}

TEST(Difference, FunctionsWithoutANameAreMatchedByTheirModule) {
  CaptureReader before(CaptureBuilder().without_symbols().at({"a", "b"}).leaked(1, 8).build());
  CaptureReader after(
      CaptureBuilder().without_symbols().at({"x"}).at({"c", "b", "x"}).leaked(1, 8).build());
  EXPECT_EQ(between(before, after).changed.value, 0);
}

// A recording with three snapshots of one site: 1 block, the same, 3 blocks.
capture::Database with_snapshots() {
  capture::Database database = CaptureBuilder().at({"f"}).leaked(4, 10).build();
  database.execute(
      "INSERT INTO snapshot VALUES (1,'loaded',1000,'ctl',1,10,1,10,1,0,0,0),"
      " (2,'',2000,'periodic',1,10,1,10,1,0,0,0), (3,'busy',3000,'ctl',3,30,5,50,1,0,0,0),"
      " (4,'peak',3500,'peak',4,40,NULL,NULL,1,0,0,0), (5,'exit',4000,'exit',4,40,4,40,1,0,0,0);"
      "INSERT INTO snapshot_points VALUES (1,'[[1,1,10,1,10]]'), (2,'[]'), (3,'[[1,3,30,5,50]]');"
      "INSERT INTO site_interval VALUES (100000000,'[[1,2,20,2]]');"
      "UPDATE recording SET value = 500000000 WHERE key = 'duration_ns'");
  return database;
}

std::int64_t held_bytes(CaptureReader& reader, const std::string& name,
                        std::optional<std::int64_t> time = {}) {
  std::int64_t sum = 0;
  for (const auto& [site, held] : model::held_at(reader, model::find_moment(reader, name, time))) {
    sum += held.live_bytes.value;
  }
  return sum;
}

TEST(Moments, AreLabelsNumbersTimesAndOurOwnNames) {
  CaptureReader reader(with_snapshots());
  model::select_sites(reader, {});
  EXPECT_EQ(held_bytes(reader, "start"), 0);
  EXPECT_EQ(held_bytes(reader, "loaded"), 10);
  EXPECT_EQ(held_bytes(reader, "2"), 10);
  EXPECT_EQ(held_bytes(reader, "busy"), 30);
  EXPECT_EQ(held_bytes(reader, "peak"), 40);
  EXPECT_EQ(held_bytes(reader, "exit"), 40);
  EXPECT_EQ(held_bytes(reader, "0.2s", 200'000'000), 20);
  EXPECT_EQ(held_bytes(reader, "0.05s", 50'000'000), 0);
}

TEST(Moments, ThatAreNotThereAreNamedInOneSentence) {
  CaptureReader reader(with_snapshots());
  EXPECT_THROW(model::find_moment(reader, "elsewhere", std::nullopt), std::runtime_error);
  EXPECT_THROW(model::find_moment(reader, "9s", 9'000'000'000), std::runtime_error);
}

TEST(Moments, TheViewAgrees) {
  CaptureReader reader(with_snapshots());
  const auto bytes = [&](int id) {
    return reader.database().integer(
        "SELECT live_bytes FROM snapshot_site WHERE site_id = 1 AND snapshot_id = " +
        std::to_string(id));
  };
  EXPECT_EQ(bytes(1), 10);
  EXPECT_EQ(bytes(2), 10);
  EXPECT_EQ(bytes(3), 30);
  EXPECT_EQ(bytes(4), 40);
  EXPECT_EQ(bytes(5), 40);
}

}  // namespace
}  // namespace heapscribe::reports
