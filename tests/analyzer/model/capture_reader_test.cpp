#include "analyzer/model/capture_reader.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "analyzer/model/process_check.h"
#include "analyzer/reports/losses.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::model {
namespace {

using tests::CaptureBuilder;

// A folder of the test's own, removed afterwards.
class CaptureFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/heapscribe-reader-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  std::string refusal(const std::string& file) const {
    try {
      CaptureReader reader(file);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "(opened)";
  }

  std::string folder_;
};

pid_t pid_of_a_dead_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

CaptureBuilder small() {
  return CaptureBuilder().at({"f", "main"}).leaked(1, 8);
}

TEST_F(CaptureFile, ACompleteRecordingOpens) {
  small().write(path("a.db"));
  CaptureReader reader(path("a.db"));
  EXPECT_EQ(reader.state(), RecordingState::Complete);
  EXPECT_EQ(reader.totals().allocations, Count{1});
  EXPECT_EQ(reader.program(), "sample");
}

TEST_F(CaptureFile, APathWithEveryKindOfCharacterOpens) {
  const std::string name = path("100% of 'it'?#.db");
  small().write(name);
  EXPECT_EQ(refusal(name), "(opened)");
  const auto database = capture::open_recording(name, capture::OpenMode::Immutable);
  EXPECT_NE(database.handle(), nullptr);
}

TEST_F(CaptureFile, ReadingLeavesNoFilesBehind) {
  small().write(path("a.db"));
  { CaptureReader reader(path("a.db")); }
  const auto files = std::filesystem::directory_iterator(folder_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(CaptureFile, AReadOnlyFolderIsNoObstacle) {
  if (geteuid() == 0) GTEST_SKIP() << "root writes anywhere";
  {
    capture::Database database = capture::create_recording(path("wal.db"));
    database.execute("INSERT INTO recording VALUES ('state', 'complete')");
  }
  std::filesystem::permissions(folder_, std::filesystem::perms(0500));
  EXPECT_EQ(refusal(path("wal.db")), "(opened)");
  std::filesystem::permissions(folder_, std::filesystem::perms(0700));
}

TEST_F(CaptureFile, WhatIsNoRecordingIsRefusedInOneSentence) {
  EXPECT_NE(refusal(path("none.db")).find("No such file"), std::string::npos);
  EXPECT_NE(refusal(folder_).find("is not a file"), std::string::npos);
  std::ofstream(path("empty.db")).close();
  EXPECT_NE(refusal(path("empty.db")).find("is empty"), std::string::npos);
  std::ofstream(path("text.db")) << std::string(5000, 'x');
  EXPECT_NE(refusal(path("text.db")).find("is not a heapscribe database"), std::string::npos);
  {
    capture::Database foreign(path("foreign.db"), capture::OpenMode::Create);
    foreign.execute("CREATE TABLE t(x)");
  }
  EXPECT_NE(refusal(path("foreign.db")).find("is not a heapscribe database"), std::string::npos);
}

TEST_F(CaptureFile, ANewerSchemaIsRefusedWithBothVersions) {
  small().write(path("new.db"));
  capture::Database(path("new.db"), capture::OpenMode::ReadWrite)
      .execute("PRAGMA user_version = 99");
  EXPECT_NE(refusal(path("new.db")).find("schema version 99"), std::string::npos);
}

TEST_F(CaptureFile, ATruncatedRecordingIsRefusedAtAnyLength) {
  small().write(path("whole.db"));
  const auto size = std::filesystem::file_size(path("whole.db"));
  for (const double part : {0.001, 0.01, 0.1, 0.5, 0.9, 0.99}) {
    std::filesystem::copy_file(path("whole.db"), path("cut.db"),
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(path("cut.db"),
                                 static_cast<std::uintmax_t>(static_cast<double>(size) * part));
    const std::string sentence = refusal(path("cut.db"));
    EXPECT_NE(sentence.find("cut.db"), std::string::npos) << part << ": " << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos);
  }
}

TEST_F(CaptureFile, AnInterruptedRecordingIsReadAndSaysHowToCompleteIt) {
  const pid_t dead = pid_of_a_dead_process();
  small().still_recording(dead, dead).write(path("cut off.db"));
  CaptureReader reader(path("cut off.db"));
  EXPECT_EQ(reader.state(), RecordingState::Interrupted);
  EXPECT_EQ(reader.totals().allocations, Count{1});
  const auto caveats = reports::caveats(reader);
  ASSERT_FALSE(caveats.empty());
  EXPECT_NE(caveats[0].find("heapscribe recover '" + path("cut off.db") + "'"), std::string::npos)
      << caveats[0];
}

TEST_F(CaptureFile, ARecordingFromAnotherHostThatWasNotFinishedIsInterrupted) {
  small().still_recording(getpid(), getpid()).set("host", "elsewhere.invalid").write(path("a.db"));
  EXPECT_EQ(CaptureReader(path("a.db")).state(), RecordingState::Interrupted);
}

TEST_F(CaptureFile, ARunningProgramIsReportedAsFarAsItGot) {
  capture::Database writer = capture::create_recording(path("live.db"));
  writer.execute("INSERT INTO recording VALUES ('state', 'recording')");
  for (const char* key : {"pid", "collector_pid"}) {
    auto insert = writer.prepare("INSERT INTO recording VALUES (?1, ?2)");
    insert.bind_all(std::string_view(key), std::int64_t{getpid()}).run();
  }
  writer.execute(
      "INSERT INTO thread(id, tid, start_ns, allocations, bytes) VALUES (1, 1, 0, 7, 70)");
  writer.execute("BEGIN IMMEDIATE");  // the collector is in the middle of a batch
  CaptureReader reader(path("live.db"));
  EXPECT_EQ(reader.state(), RecordingState::Live);
  EXPECT_EQ(reader.totals().allocations, Count{7});
}

TEST_F(CaptureFile, ARecordingThatIsBeingFinishedIsWaitedFor) {
  small().still_recording(pid_of_a_dead_process(), getpid()).write(path("a.db"));
  std::thread collector([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    capture::Database(path("a.db"), capture::OpenMode::ReadWrite)
        .execute("UPDATE recording SET value = 'complete' WHERE key = 'state'");
  });
  CaptureReader reader(path("a.db"));
  collector.join();
  EXPECT_EQ(reader.state(), RecordingState::Complete);
}

TEST_F(CaptureFile, WaitingEndsAndIsAnnouncedAfterASecond) {
  small().still_recording(pid_of_a_dead_process(), getpid()).write(path("a.db"));
  std::atomic<int> announced = 0;
  OpenOptions options;
  options.wait_ms = 1200;
  options.on_waiting = [&] { ++announced; };
  CaptureReader reader(path("a.db"), options);
  EXPECT_EQ(reader.state(), RecordingState::Finishing);
  EXPECT_EQ(announced, 1);
}

TEST(ProcessCheck, AYoungerProcessHasOnlyInheritedTheNumber) {
  EXPECT_TRUE(process_alive(getpid(), 0));
  constexpr std::int64_t kYearsAgo = 1'000'000'000;
  EXPECT_FALSE(process_alive(getpid(), kYearsAgo));
  EXPECT_FALSE(process_alive(pid_of_a_dead_process(), 0));
  EXPECT_FALSE(process_alive(0, 0));
}

}  // namespace
}  // namespace heapscribe::model
