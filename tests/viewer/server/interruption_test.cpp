#include "viewer/server/interruption.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include "preload/collector/file_descriptor.h"

namespace heapscribe::viewer {
namespace {

using std::chrono::milliseconds;

class Waiting : public testing::Test {
 protected:
  std::vector<pollfd> wanted() const { return {{wanted_.get(), POLLIN, 0}}; }
  Waited wait(milliseconds time) const {
    auto polled = wanted();
    return wait_for(polled, Clock::now() + time, {{interrupting_.get(), POLLIN}});
  }

  collector::FileDescriptor wanted_{eventfd(0, EFD_CLOEXEC)};
  collector::FileDescriptor interrupting_{eventfd(0, EFD_CLOEXEC)};
};

TEST_F(Waiting, EndsWithTheTime) {
  EXPECT_EQ(wait(milliseconds(1)), Waited::TimedOut);
  EXPECT_EQ(wait(milliseconds(-5)), Waited::TimedOut);
}

TEST_F(Waiting, EndsWhenSomethingIsReady) {
  eventfd_write(wanted_.get(), 1);
  EXPECT_EQ(wait(std::chrono::hours(1)), Waited::Ready);
}

TEST_F(Waiting, AnInterruptionCountsMore) {
  eventfd_write(wanted_.get(), 1);
  eventfd_write(interrupting_.get(), 1);
  EXPECT_EQ(wait(std::chrono::hours(1)), Waited::Interrupted);
}

}  // namespace
}  // namespace heapscribe::viewer
