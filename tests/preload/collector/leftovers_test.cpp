#include "preload/collector/leftovers.h"

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>

#include "tests/support/session_builder.h"

namespace heapscribe::collector {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kNoPatience{0};
constexpr pid_t kGone = 1 << 30;  // no process gets such an id

class Leftovers : public ::testing::Test {
 protected:
  Leftovers() {
    std::string pattern = fs::temp_directory_path() / "heapscribe-leftovers-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~Leftovers() override { fs::remove_all(folder_); }

  SessionFile session(const std::string& name) const {
    const std::string path = folder_ / fs::path("heapscribe-" + name + ".session");
    return SessionFile::create(path, wire::Mode::Full);
  }
  // Its collector is gone as soon as this has returned.
  void unbegun(const std::string& name) const { session(name); }
  void begun(const std::string& name, pid_t pid) const {
    SessionFile file = session(name);
    tests::SessionBuilder(file).start(static_cast<std::uint32_t>(pid));
  }

  fs::path folder_;
};

TEST_F(Leftovers, AreThoseThatNobodyRecords) {
  const SessionFile recorded = session("recorded");
  EXPECT_TRUE(find_leftovers(folder_).empty());
  begun("left", kGone);
  const auto found = find_leftovers(folder_);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].pid, kGone);
  EXPECT_FALSE(found[0].running);
}

TEST_F(Leftovers, OfAProgramThatNeverBeganAreRemoved) {
  unbegun("empty");
  EXPECT_EQ(remove_unbegun(folder_, kNoPatience), 1U);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(Leftovers, OfAProgramThatMayStillBeLoadingStay) {
  unbegun("young");
  EXPECT_EQ(remove_unbegun(folder_, std::chrono::hours(1)), 0U);
  const auto found = find_leftovers(folder_);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].pid, 0);
}

TEST_F(Leftovers, WithNumbersAndSessionsThatAreRecordedStay) {
  begun("left", kGone);
  const SessionFile waiting = session("waiting");
  EXPECT_EQ(remove_unbegun(folder_, kNoPatience), 0U);
  EXPECT_TRUE(fs::exists(waiting.path()));
  EXPECT_EQ(find_leftovers(folder_).size(), 1U);
}

}  // namespace
}  // namespace heapscribe::collector
