// What survives when somebody is killed: the target, the collector, or both.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tests/end_to_end/published_counter.h"
#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

// The other end of published_counter.c's file.
class PublishedFile {
 public:
  explicit PublishedFile(const std::filesystem::path& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (ftruncate(file, sizeof(published)) != 0) throw std::runtime_error("ftruncate");
    void* mapped = mmap(nullptr, sizeof(published), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) throw std::runtime_error("mmap");
    content_ = static_cast<const published*>(mapped);
  }
  PublishedFile(const PublishedFile&) = delete;
  PublishedFile& operator=(const PublishedFile&) = delete;
  ~PublishedFile() { munmap(const_cast<published*>(content_), sizeof(published)); }

  pid_t pid() const { return static_cast<pid_t>(content_->pid.load()); }
  std::uint64_t sum(published_number published_thread::*field) const {
    std::uint64_t total = 0;
    for (const published_thread& thread : content_->threads) total += (thread.*field).load();
    return total;
  }

 private:
  const published* content_;
};

class Killed : public EndToEnd {
 protected:
  // Allocations and frees that the program does not publish: loader, thread creation.
  Summary unpublished() const {
    const auto run =
        run_recorded(in_directory({test_program("published_counter"), file("zero"), "0"}));
    return run.recording.summary();
  }

  // Starts the program, kills it with SIGKILL once it has done `events` allocations, and compares.
  void kill_after(std::uint64_t events, const Summary& before, int number) const {
    const auto shared_file = file("published" + std::to_string(number));
    const PublishedFile truth(shared_file);
    const Recording recording(file("killed" + std::to_string(number) + ".db"));
    RunningProgram running(recording_command(
        in_directory({test_program("published_counter"), shared_file}), recording.path()));
    const bool reached = wait_until([&] {
      return truth.pid() != 0 && truth.sum(&published_thread::allocations_finished) >= events;
    });
    ASSERT_TRUE(reached);
    kill(truth.pid(), SIGKILL);
    const Finished finished = running.finish();
    EXPECT_EQ(finished.exit_status, 128 + SIGKILL) << describe(finished);
    compare(recording, truth, before);
  }

  static void compare(const Recording& recording, const PublishedFile& truth,
                      const Summary& before) {
    ASSERT_TRUE(recording.exists());
    EXPECT_EQ(recording.integrity(), "ok");
    const Summary summary = recording.summary();
    const std::uint64_t allocations = summary.allocations - before.allocations;
    EXPECT_GE(allocations, truth.sum(&published_thread::allocations_finished));
    EXPECT_LE(allocations, truth.sum(&published_thread::allocations_started));
    const std::uint64_t bytes = summary.allocated_bytes - before.allocated_bytes;
    EXPECT_GE(bytes, truth.sum(&published_thread::bytes_finished));
    EXPECT_LE(bytes, truth.sum(&published_thread::bytes_started));
    const std::uint64_t frees = summary.frees - before.frees;
    EXPECT_GE(frees + PUBLISHED_THREADS, truth.sum(&published_thread::frees_finished));
    EXPECT_LE(frees, truth.sum(&published_thread::frees_started));
    EXPECT_EQ(recording.property("end_kind"), "signaled");
    EXPECT_EQ(recording.property("end_status"), "9");
  }
};

// A hundred moments, in four tests so that they can run beside each other.
class KilledAtRandomMoments : public Killed, public ::testing::WithParamInterface<int> {};

TEST_P(KilledAtRandomMoments, TheDatabaseOpensAndTheCountsAreTheTruth) {
  const int part = GetParam();
  const Summary before = unpublished();
  std::mt19937_64 random(static_cast<std::uint64_t>(part) * 7919 + 1);
  for (int i = 0; i < 25 && !HasFailure(); ++i) {
    const std::uint64_t events = random() % (i % 5 == 0 ? 50 : 200000);
    SCOPED_TRACE("after " + std::to_string(events) + " allocations");
    kill_after(events, before, i);
  }
}
INSTANTIATE_TEST_SUITE_P(Part, KilledAtRandomMoments, ::testing::Values(0, 1, 2, 3));

class CollectorKilled : public EndToEnd {
 protected:
  // Orphans of the killed `run` become ours, so that their end can be waited for.
  static void SetUpTestSuite() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

  // Runs the program halfway, kills the collector, and lets the program finish.
  void kill_collector_halfway(const Recording& recording) {
    Command command = with_counting(in_directory({test_program("halfway")}), counts_directory());
    command.environment["HEAPSCRIBE_SESSION_DIR"] = sessions_.path();
    RunningProgram running(recording_command(command, recording.path()));
    ASSERT_TRUE(
        wait_until([&] { return exists(file("halfway")) && !read_text(file("halfway")).empty(); }));
    target_ = std::stoi(read_text(file("halfway")));
    kill(running.pid(), SIGKILL);
    siginfo_t gone{};
    waitid(P_PID, static_cast<id_t>(running.pid()), &gone, WEXITED | WNOWAIT);
    write_text(file("go"), "");
    const Finished finished = running.finish();
    EXPECT_EQ(finished.signal, SIGKILL) << describe(finished);
    int status = -1;
    EXPECT_EQ(waitpid(target_, &status, 0), target_);
    EXPECT_EQ(status, 0) << "the target came to harm";
    EXPECT_EQ(read_text(file("done")), "unharmed");
  }

  void expect_exact_counts(const Recording& recording) const {
    const auto truth = read_counts(counts_directory(), target_);
    ASSERT_TRUE(truth);
    const Summary summary = recording.summary();
    EXPECT_EQ(summary.allocations, truth->allocations);
    EXPECT_EQ(summary.frees, truth->frees);
    EXPECT_EQ(summary.allocated_bytes, truth->bytes);
    EXPECT_EQ(recording.integrity(), "ok");
  }

  std::filesystem::path leftover_session() const {
    for (const auto& entry : std::filesystem::directory_iterator(sessions_.path())) {
      return entry.path();
    }
    return {};
  }

  TemporaryDirectory sessions_;
  pid_t target_ = 0;
};

TEST_F(CollectorKilled, TheTargetGoesOnAndRecoverFindsEverything) {
  const Recording lost(file("lost.db"));
  kill_collector_halfway(lost);
  const Recording recovered(file("recovered.db"));
  const Finished recover = run(
      {.arguments = {heapscribe_command(), "recover", leftover_session(), "-o", recovered.path()}});
  ASSERT_EQ(recover.exit_status, 0) << describe(recover);
  expect_exact_counts(recovered);
  EXPECT_EQ(recovered.property("state"), "interrupted");
}

TEST_F(CollectorKilled, TheDatabaseIsCompletedUnderAnotherName) {
  const Recording lost(file("lost.db"));
  kill_collector_halfway(lost);
  const Recording recovered(file("recovered.db"));
  const Finished recover =
      run({.arguments = {heapscribe_command(), "recover", lost.path(), "-o", recovered.path()}});
  ASSERT_EQ(recover.exit_status, 0) << describe(recover);
  expect_exact_counts(recovered);
  EXPECT_EQ(recovered.property("state"), "interrupted");
  EXPECT_EQ(lost.property("state"), "recording");
  EXPECT_TRUE(leftover_session().empty());
}

TEST_F(CollectorKilled, WhatWasWrittenBeforeIsADatabaseThatOpens) {
  const Recording lost(file("lost.db"));
  kill_collector_halfway(lost);
  ASSERT_TRUE(lost.exists());
  EXPECT_EQ(lost.integrity(), "ok");
  const Finished summary = run({.arguments = {heapscribe_command(), "summary", lost.path()}});
  EXPECT_EQ(summary.exit_status, 0) << describe(summary);
}

}  // namespace
}  // namespace heapscribe::tests
