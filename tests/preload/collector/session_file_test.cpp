#include "preload/collector/session_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>

namespace heapscribe::collector {
namespace {

namespace fs = std::filesystem;

class SessionFileTest : public ::testing::Test {
 protected:
  SessionFileTest() {
    std::string pattern = fs::temp_directory_path() / "heapscribe-session-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~SessionFileTest() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ / name; }
  bool empty() const { return fs::is_empty(folder_); }

  fs::path folder_;
};

// Limits and mounts are for a process of its own; returns what `body` returned.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(SessionFileTest, IsPrivateSparseAndFilledIn) {
  const SessionFile session = SessionFile::create(path("a"), wire::Mode::Counts);
  struct stat info {};
  ASSERT_EQ(stat(session.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(static_cast<std::uint64_t>(info.st_size), session.header().capacity);
  EXPECT_LT(info.st_blocks * 512, 16 << 20);
  EXPECT_EQ(session.header().magic, wire::kSessionMagic);
  EXPECT_EQ(session.header().mode, wire::Mode::Counts);
  EXPECT_EQ(session.header().used.load(), wire::kHeaderBytes);
  EXPECT_GE(session.header().committed.load(), 4U << 20U);
  EXPECT_EQ(session.header().phase.load(), wire::SessionPhase::Waiting);
}

TEST_F(SessionFileTest, DoesNotReplaceAFile) {
  const SessionFile session = SessionFile::create(path("a"), wire::Mode::Full);
  EXPECT_THROW(SessionFile::create(path("a"), wire::Mode::Full), SessionError);
}

TEST_F(SessionFileTest, StorageStaysAheadOfUse) {
  SessionFile session = SessionFile::create(path("a"), wire::Mode::Full);
  EXPECT_TRUE(session.grow());
  EXPECT_GE(session.header().committed.load(), 8U << 20U);
  session.header().used = 80U << 20U;
  EXPECT_TRUE(session.grow());
  EXPECT_GE(session.header().committed.load(), 100U << 20U);
  EXPECT_EQ(session.header().committed.load(), session.committed());
}

TEST_F(SessionFileTest, WhatTheTargetCommittedItselfIsNotTakenBack) {
  SessionFile session = SessionFile::create(path("a"), wire::Mode::Full);
  ASSERT_EQ(posix_fallocate(open(session.path().c_str(), O_RDWR), 0, 20 << 20), 0);
  session.header().committed = 20U << 20U;
  session.grow();
  EXPECT_EQ(session.header().committed.load(), 20U << 20U);
  EXPECT_EQ(session.committed(), 20U << 20U);
}

TEST_F(SessionFileTest, AClaimWithoutStorageIsNotBelieved) {
  SessionFile session = SessionFile::create(path("a"), wire::Mode::Full);
  session.header().committed = UINT64_MAX;
  session.grow();
  EXPECT_LT(session.committed(), 64U << 20U);
}

TEST_F(SessionFileTest, CannotBeOpenedWhileItsCollectorLives) {
  {
    const SessionFile session = SessionFile::create(path("a"), wire::Mode::Full);
    EXPECT_THROW(SessionFile::open(path("a")), SessionError);
  }
  SessionFile again = SessionFile::open(path("a"));
  EXPECT_GE(again.committed(), 4U << 20U);
}

TEST_F(SessionFileTest, GoesBesideTheOutputIfItsFolderIsMissing) {
  setenv("HEAPSCRIBE_SESSION_DIR", "/nonexistent/folder", 1);
  const SessionFile session = SessionFile::create_somewhere(folder_, wire::Mode::Full);
  unsetenv("HEAPSCRIBE_SESSION_DIR");
  EXPECT_EQ(fs::path(session.path()).parent_path(), folder_);
}

TEST_F(SessionFileTest, ALimitOnFileSizeMakesItSmaller) {
  const int result = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{2UL << 30U, 2UL << 30U};
    setrlimit(RLIMIT_FSIZE, &limit);
    const SessionFile session = SessionFile::create(path("a"), wire::Mode::Full);
    return session.header().capacity == 512U << 20U ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
}

TEST_F(SessionFileTest, WithoutAnySpaceItIsRefusedAndLeavesNothing) {
  const int result = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      SessionFile::create(path("a"), wire::Mode::Full);
    } catch (const SessionError&) {
      return 0;
    }
    return 1;
  });
  EXPECT_EQ(result, 0);
  EXPECT_TRUE(empty());
}

TEST_F(SessionFileTest, OnAFullFileSystemItTakesWhatThereIs) {
  if (geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  const int result = in_child([&] {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", folder_.c_str(), "tmpfs", 0, "size=6m") != 0) {
      return 77;
    }
    SessionFile session = SessionFile::create(path("a"), wire::Mode::Full);
    session.header().phase = wire::SessionPhase::Recording;
    while (session.grow()) {
      if (session.committed() > 6U << 20U) return 1;
    }
    const std::uint64_t committed = session.header().committed;
    std::memset(const_cast<std::byte*>(session.mapping().data()) + wire::kHeaderBytes, 1,
                committed - wire::kHeaderBytes);
    return committed > 4U << 20U ? 0 : 2;
  });
  if (result == 77) GTEST_SKIP() << "no private mounts here";
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace heapscribe::collector
