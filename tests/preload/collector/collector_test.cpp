#include "preload/collector/collector.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <thread>

#include "tests/support/session_builder.h"

namespace heapscribe::collector {
namespace {

namespace fs = std::filesystem;
using tests::SessionBuilder;
using tests::TableHandle;

// A process that does nothing but exist, in whose name the test writes into the session.
class IdleProgram {
 public:
  IdleProgram() : pid_(fork()) {
    if (pid_ == 0) {
      for (;;) pause();
    }
  }
  ~IdleProgram() { end(); }
  pid_t pid() const { return pid_; }
  void kill_later(std::chrono::milliseconds delay) {
    killer_ = std::jthread([this, delay] {
      std::this_thread::sleep_for(delay);
      kill(pid_, SIGKILL);
    });
  }
  int end() {
    if (ended_) return 0;
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    ended_ = true;
    return status;
  }

 private:
  pid_t pid_;
  bool ended_ = false;
  std::jthread killer_;
};

class CollectorTest : public ::testing::Test {
 protected:
  CollectorTest() {
    std::string pattern = fs::temp_directory_path() / "heapscribe-collector-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~CollectorTest() override { fs::remove_all(folder_); }

  SessionFile new_session() const {
    return SessionFile::create(folder_ / "a.session", wire::Mode::Full);
  }
  capture::Database new_database() const { return capture::create_recording(folder_ / "a.db"); }
  capture::Database reopened() const {
    return capture::open_recording(folder_ / "a.db", capture::OpenMode::ReadWrite);
  }
  RecordingInfo info() const {
    return {.program = "prog",
            .command_line = {"prog", "an \"argument\"", "\xFF"},
            .working_directory = "/",
            .unwinder = "libunwind",
            .mode = wire::Mode::Full,
            .pid = program_.pid(),
            .session_path = folder_ / "a.session"};
  }
  static std::string value(capture::Database& database, const std::string& key) {
    auto statement = database.prepare("SELECT value FROM recording WHERE key = ?");
    statement.bind(1, std::string_view(key));
    return statement.step() ? statement.text(0) : "(none)";
  }

  fs::path folder_;
  IdleProgram program_;
  std::atomic<bool> stop_{false};
};

// The library's part: one thread, one site, and the mark.
struct SmallRun {
  explicit SmallRun(SessionFile& file, pid_t pid) : session(file) {
    session.start(static_cast<std::uint32_t>(pid));
    session.module({.path = "prog", .base = 1000, .end = 9000});
    table = session.table();
    session.thread(table, static_cast<std::uint32_t>(pid));
    row = &session.row(table, session.stack({1500, 1100}));
    session.allocate(table, *row, 10, 100);
    session.header().peak_bytes = 1000;
    session.header().peak_ns = 5;
    session.header().epoch = 1;
  }
  SessionBuilder session;
  TableHandle table;
  wire::SiteRow* row = nullptr;
};

TEST_F(CollectorTest, RecordsToTheLastNumberOfAKilledProgram) {
  SessionFile session = new_session();
  Collector collector(session, new_database(), info());
  SmallRun run(session, program_.pid());
  TargetProcess target(program_.pid());
  program_.kill_later(std::chrono::milliseconds(400));
  std::jthread last_event([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(390));
    run.session.free(run.table, *run.row, 3, 100);
  });
  EXPECT_EQ(collector.run(target, stop_), Stop::Ended);
  last_event.join();
  EXPECT_TRUE(collector.heard_from_target());
  collector.finish(end_of_wait_status(session.header(), program_.end()), "complete");

  capture::Database& database = collector.database();
  EXPECT_EQ(value(database, "state"), "complete");
  EXPECT_EQ(value(database, "end_kind"), "signaled");
  EXPECT_EQ(value(database, "end_status"), "9");
  EXPECT_EQ(value(database, "allocations"), "10");
  EXPECT_EQ(value(database, "frees"), "3");
  EXPECT_EQ(value(database, "live_bytes"), "700");
  EXPECT_EQ(value(database, "peak_bytes"), "1000");
  EXPECT_EQ(value(database, "threads"), "1");
  EXPECT_EQ(value(database, "command_line"), "[\"prog\",\"an \\\"argument\\\"\",\"\xEF\xBF\xBD\"]");
  EXPECT_EQ(database.integer("SELECT allocations FROM stack_total WHERE parent_id IS NULL"), 10);
  EXPECT_EQ(database.integer("SELECT count(*) FROM loss WHERE events = 0"),
            static_cast<std::int64_t>(wire::kLossKinds));
  EXPECT_EQ(database.integer("SELECT allocations FROM call_kind WHERE kind = 'malloc'"), 10);
  EXPECT_EQ(database.integer("SELECT allocations FROM size_class WHERE lower = 100"), 10);
  EXPECT_GE(database.integer("SELECT count(*) FROM timeline"), 2);
  EXPECT_EQ(database.integer("SELECT max(live_bytes) FROM timeline"), 1000);
  EXPECT_EQ(database.integer("SELECT count(*) FROM site_timeline"), 2);
  settle(database);
  EXPECT_FALSE(fs::exists(folder_ / "a.db-wal"));
}

TEST_F(CollectorTest, KeepsTimeAndSpaceForTheTarget) {
  SessionFile session = new_session();
  Collector collector(session, new_database(), info());
  EXPECT_EQ(session.header().now_ns.load(), 0U);
  SmallRun run(session, program_.pid());
  TargetProcess target(program_.pid());
  const auto kept = [&] {
    const wire::SessionHeader& header = session.header();
    return header.now_ns > 50'000'000U && header.committed - header.used >= 8U << 20U;
  };
  int scans = 0;
  collector.run(target, stop_, [&] { stop_ = kept() || ++scans > 100; });
  EXPECT_TRUE(kept());
}

TEST_F(CollectorTest, WhatIsKnownIsInTheDatabaseWhileTheProgramRuns) {
  SessionFile session = new_session();
  Collector collector(session, new_database(), info());
  SmallRun run(session, program_.pid());
  TargetProcess target(program_.pid());
  int scans = 0;
  std::int64_t seen = 0;
  collector.run(target, stop_, [&] {
    capture::Database reader = reopened();
    seen = reader.integer("SELECT sum(allocations) FROM site");
    if (seen > 0 || ++scans > 20) stop_ = true;
  });
  EXPECT_EQ(seen, 10);
}

TEST_F(CollectorTest, AnExecEndsTheRecordingButNotTheProgram) {
  SessionFile session = new_session();
  Collector collector(session, new_database(), info());
  SmallRun run(session, program_.pid());
  run.session.header().end_kind = wire::EndKind::Exec;
  std::strcpy(run.session.header().exec_path, "/bin/other");
  TargetProcess target(program_.pid());
  EXPECT_EQ(collector.run(target, stop_), Stop::Execed);
  collector.finish({"execed", std::nullopt}, "complete");
  EXPECT_EQ(value(collector.database(), "exec_path"), "/bin/other");
  EXPECT_EQ(value(collector.database(), "end_status"), "");
  EXPECT_EQ(kill(program_.pid(), 0), 0);
}

TEST_F(CollectorTest, AFailedExecDoesNotEndTheRecording) {
  SessionFile session = new_session();
  Collector collector(session, new_database(), info());
  SmallRun run(session, program_.pid());
  TargetProcess target(program_.pid());
  int scans = 0;
  const Stop stop = collector.run(target, stop_, [&] {
    run.session.header().end_kind = ++scans % 2 == 0 ? wire::EndKind::Exec : wire::EndKind::Unknown;
    if (scans == 8) stop_ = true;
  });
  EXPECT_EQ(stop, Stop::Requested);
}

TEST_F(CollectorTest, AFullDiskStopsTheWritingAndNothingElse) {
  SessionFile session = new_session();
  Collector collector(session, new_database(), info());
  capture::Database& database = collector.database();
  SmallRun run(session, program_.pid());
  run.session.grow(run.table, 8192);
  for (std::uint64_t site = 0; site < 6000; ++site) {
    wire::SiteRow& row = run.session.row(run.table, run.session.stack({1000 + site}));
    run.session.allocate(run.table, row, 1, 1);
  }
  const std::string pages = "PRAGMA max_page_count = ";
  database.execute((pages + std::to_string(database.integer("PRAGMA page_count") + 2)).c_str());
  TargetProcess target(program_.pid());
  program_.kill_later(std::chrono::milliseconds(900));
  EXPECT_EQ(collector.run(target, stop_), Stop::Ended);
  EXPECT_GT(session.header().now_ns.load(), 700'000'000U);
  EXPECT_THROW(collector.finish({"unknown", std::nullopt}, "complete"), capture::DatabaseError);
  database.execute((pages + "1000000").c_str());
  collector.finish({"unknown", std::nullopt}, "complete");
  EXPECT_EQ(database.integer("SELECT sum(allocations) FROM site"), 6010);
  EXPECT_EQ(database.integer("SELECT sum(allocations) FROM thread_site"), 6010);
}

TEST_F(CollectorTest, ADeadCollectorsRecordingIsCompletedByRecover) {
  {
    SessionFile session = new_session();
    Collector collector(session, new_database(), info());
    SmallRun run(session, program_.pid());
    TargetProcess target(program_.pid());
    int scans = 0;
    collector.run(target, stop_, [&] { stop_ = ++scans == 2; });
    run.session.free(run.table, *run.row, 4, 100);
  }  // never finished
  SessionFile session = SessionFile::open(folder_ / "a.session");
  capture::Database database = reopened();
  EXPECT_EQ(value(database, "state"), "recording");
  recover_session(session, database, std::nullopt, {"unknown", std::nullopt});
  EXPECT_EQ(value(database, "state"), "interrupted");
  EXPECT_EQ(value(database, "frees"), "4");
  EXPECT_EQ(value(database, "program"), "prog");
  EXPECT_EQ(database.integer("SELECT live_blocks FROM site"), 6);
  EXPECT_EQ(database.integer("SELECT peak_bytes FROM site"), 600);
  EXPECT_EQ(database.integer("SELECT sum(frees) FROM thread"), 4);
  // Once more gives the same.
  recover_session(session, database, std::nullopt, {"unknown", std::nullopt});
  EXPECT_EQ(database.integer("SELECT live_blocks FROM site"), 6);
  EXPECT_EQ(database.integer("SELECT sum(allocations) FROM thread"), 10);
}

TEST_F(CollectorTest, ASessionAloneIsEnoughToRecover) {
  {
    SessionFile session = new_session();
    SmallRun run(session, program_.pid());
  }
  SessionFile session = SessionFile::open(folder_ / "a.session");
  capture::Database database = new_database();
  recover_session(session, database, info(), {"running", std::nullopt});
  EXPECT_EQ(value(database, "end_kind"), "running");
  EXPECT_EQ(value(database, "program"), "prog");
  EXPECT_EQ(database.integer("SELECT sum(allocations) FROM site"), 10);
}

TEST_F(CollectorTest, AnIdleProgramCostsNextToNothing) {
  SessionFile session = new_session();
  Collector collector(session, new_database(), info());
  SmallRun run(session, program_.pid());
  TargetProcess target(program_.pid());
  program_.kill_later(std::chrono::milliseconds(1000));
  const std::clock_t before = std::clock();
  collector.run(target, stop_);
  const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  EXPECT_LT(seconds, 0.1);
}

}  // namespace
}  // namespace heapscribe::collector
