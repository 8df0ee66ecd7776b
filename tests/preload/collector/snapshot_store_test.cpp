#include "preload/capture/snapshot_store.h"

#include <gtest/gtest.h>

#include <map>

namespace heapscribe::capture {
namespace {

class Snapshots : public ::testing::Test {
 protected:
  static Database empty_recording() {
    Database database = Database::in_memory();
    database.execute(kSchemaSql);
    return database;
  }

  SiteId site() {
    return writer_.site(writer_.stack(0, writer_.address(0, next_++)), wire::CallKind::Malloc, 0);
  }
  void allocate(SiteId site, std::uint64_t blocks) {
    writer_.add_to_site(site, 1, {.allocations = blocks, .bytes = 10 * blocks}, {});
  }
  void free_all(SiteId site) {
    const Counters sum = writer_.site_counters(site);
    writer_.add_to_site(
        site, 1, {.frees = sum.allocations - sum.frees, .freed_bytes = sum.bytes - sum.freed_bytes},
        {});
  }
  std::uint32_t take(SnapshotStore& store, SnapshotCause cause, const std::string& label = "") {
    return store.take({.cause = cause, .label = label, .ns = ++clock_}, writer_);
  }
  void write(SnapshotStore& store) {
    writer_.flush([&] { store.write(); });
    store.written();
  }
  // What the view shows of a snapshot: blocks by site, without empty ones.
  std::map<std::int64_t, std::int64_t> held_at(std::uint32_t id) {
    std::map<std::int64_t, std::int64_t> held;
    auto rows = database_.prepare(
        "SELECT site_id, live_blocks FROM snapshot_site WHERE snapshot_id = ? AND live_blocks > 0");
    rows.bind(1, static_cast<std::int64_t>(id));
    while (rows.step()) held[rows.integer(0)] = rows.integer(1);
    return held;
  }

  Database database_ = empty_recording();
  CaptureWriter writer_{database_};
  std::uint64_t next_ = 1, clock_ = 0;
};

using Held = std::map<std::int64_t, std::int64_t>;

TEST_F(Snapshots, HoldWhatEverySiteHeldThen) {
  SnapshotStore store(database_);
  const SiteId first = site();
  const SiteId second = site();
  allocate(first, 3);
  const auto one = take(store, SnapshotCause::Command, "loaded");
  allocate(second, 2);
  const auto two = take(store, SnapshotCause::Periodic);
  free_all(first);
  const auto three = take(store, SnapshotCause::Signal);
  write(store);
  EXPECT_EQ(held_at(one), (Held{{first, 3}}));
  EXPECT_EQ(held_at(two), (Held{{first, 3}, {second, 2}}));
  EXPECT_EQ(held_at(three), (Held{{second, 2}}));
  EXPECT_EQ(database_.integer("SELECT pause_ns FROM snapshot WHERE label = 'loaded'"), 0);
}

TEST_F(Snapshots, QuietSitesCostNothing) {
  SnapshotStore store(database_);
  for (int count = 0; count < 50; ++count) allocate(site(), 1);
  take(store, SnapshotCause::Periodic);
  const auto second = take(store, SnapshotCause::Periodic);
  write(store);
  auto points = database_.prepare("SELECT points FROM snapshot_points WHERE snapshot_id = ?");
  points.bind(1, static_cast<std::int64_t>(second)).step();
  EXPECT_EQ(points.text(0), "[]");
}

TEST_F(Snapshots, TooManyPeriodicOnesAreThinnedOutAndTheRestStaysTrue) {
  SnapshotStore store(database_, {.snapshots = 8});
  const SiteId busy = site();
  const SiteId seldom = site();
  std::map<std::uint32_t, Held> truth;
  std::uint32_t labelled = 0;
  for (int count = 1; count <= 40; ++count) {
    allocate(busy, 1);
    if (count % 7 == 0) allocate(seldom, 1);
    const bool wanted = count == 5;
    const auto id = take(store, wanted ? SnapshotCause::Command : SnapshotCause::Periodic);
    if (wanted) labelled = id;
    truth[id] = {{busy, count}};
    if (count >= 7) truth[id][seldom] = count / 7;
    if (count % 3 == 0) write(store);
  }
  write(store);
  EXPECT_LE(database_.integer("SELECT count(*) FROM snapshot"), 8);
  EXPECT_GE(database_.integer("SELECT count(*) FROM snapshot"), 4);
  EXPECT_EQ(database_.integer("SELECT count(*) FROM snapshot WHERE cause = 'ctl'"), 1);
  EXPECT_GT(store.thinned(), 30U);
  EXPECT_GT(store.thinning(), 1U);
  auto ids = database_.prepare("SELECT id FROM snapshot");
  while (ids.step()) {
    const auto id = static_cast<std::uint32_t>(ids.integer(0));
    EXPECT_EQ(held_at(id), truth[id]) << id;
  }
  EXPECT_EQ(held_at(labelled), truth[labelled]);
}

TEST_F(Snapshots, TooManyPointsAreThinnedOutAsWell) {
  SnapshotStore store(database_, {.snapshots = 1000, .points = 100});
  std::vector<SiteId> sites;
  for (int count = 0; count < 10; ++count) sites.push_back(site());
  for (int count = 0; count < 50; ++count) {
    for (const SiteId busy : sites) allocate(busy, 1);
    take(store, SnapshotCause::Periodic);
    write(store);
  }
  EXPECT_LE(database_.integer("SELECT count(*) FROM snapshot"), 10);
}

TEST_F(Snapshots, LabelledOnesAreRefusedWhenThereIsNoRoom) {
  SnapshotStore store(database_, {.snapshots = 2});
  allocate(site(), 1);
  EXPECT_NE(take(store, SnapshotCause::Command), 0U);
  EXPECT_NE(take(store, SnapshotCause::Command), 0U);
  EXPECT_EQ(take(store, SnapshotCause::Command), 0U);
}

TEST_F(Snapshots, ThatCouldNotBeWrittenAreWrittenLater) {
  SnapshotStore store(database_);
  allocate(site(), 1);
  const auto id = take(store, SnapshotCause::Command);
  EXPECT_ANY_THROW(writer_.flush([&] {
    store.write();
    throw DatabaseError("the disk is full", SQLITE_FULL);
  }));
  EXPECT_EQ(database_.integer("SELECT count(*) FROM snapshot"), 0);
  write(store);
  EXPECT_EQ(held_at(id).size(), 1U);
}

TEST_F(Snapshots, ThePeakAndTheEndAreThoseOfTheSites) {
  SnapshotStore store(database_);
  const SiteId only = site();
  allocate(only, 5);
  writer_.set_peak(only, 9, 90);
  for (const auto& [key, value] : std::map<std::string, std::int64_t>{{"peak_ns", 7},
                                                                      {"peak_bytes", 90},
                                                                      {"duration_ns", 8},
                                                                      {"live_blocks", 5},
                                                                      {"live_bytes", 50},
                                                                      {"allocations", 5},
                                                                      {"allocated_bytes", 50}}) {
    writer_.set_recording(key, value);
  }
  writer_.flush([&] {
    store.write();
    store.write_final();
  });
  writer_.flush([&] { store.write_final(); });  // as when a recording is recovered again
  EXPECT_EQ(database_.integer("SELECT count(*) FROM snapshot"), 2);
  const auto id = [&](const std::string& label) {
    return static_cast<std::uint32_t>(
        database_.integer("SELECT id FROM snapshot WHERE label = '" + label + "'"));
  };
  EXPECT_EQ(held_at(id("peak")), (Held{{only, 9}}));
  EXPECT_EQ(held_at(id("exit")), (Held{{only, 5}}));
}

TEST(SitePoints, LaterOnesWinAndOrderIsKept) {
  EXPECT_EQ(merge_points("[[1,1,1,1,1],[3,3,3,3,3]]", "[[2,2,2,2,2],[3,4,4,4,4],[9,9,9,9,9]]"),
            "[[1,1,1,1,1],[2,2,2,2,2],[3,4,4,4,4],[9,9,9,9,9]]");
  EXPECT_EQ(merge_points("[]", "[[1,-2,3,4,5]]"), "[[1,-2,3,4,5]]");
  EXPECT_EQ(merge_points("[[1,2,3,4,5]]", "[]"), "[[1,2,3,4,5]]");
  EXPECT_EQ(merge_points("[]", "[]"), "[]");
}

TEST(SitePoints, ReadWhatWasPacked) {
  const std::vector<HeldBySite> points = {{1, -1, -10, 5, 50}, {4'000'000'000, 2, 3, 4, 5}};
  std::vector<HeldBySite> read;
  EXPECT_TRUE(for_each_row(pack_points(points), [&](auto n) {
    read.push_back({static_cast<std::uint32_t>(n[0]), n[1], n[2], static_cast<std::uint64_t>(n[3]),
                    static_cast<std::uint64_t>(n[4])});
  }));
  EXPECT_EQ(read, points);
}

TEST(SitePoints, DamageEndsTheListAndIsTold) {
  for (const char* text : {"", "[", "x", "[[1,2,3,4,5]", "[[1,2,3,4,5],", "[[1,2,3,4,5,6]]", "[[]]",
                           "[[1,2],[x]]", "[[1 ,2]]", "[1]"}) {
    EXPECT_FALSE(for_each_row(text, [](auto) {})) << text;
    merge_points(text, text);  // must end
  }
}

}  // namespace
}  // namespace heapscribe::capture
