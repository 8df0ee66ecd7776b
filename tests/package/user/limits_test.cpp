// Tests with limits. Under heapscribe the two that break them fail, elsewhere all are skipped but
// those without a limit.
#include <gtest/gtest-spi.h>
#include <heapscribe/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

HEAPSCRIBE_RECORD_TESTS();

namespace {

void* volatile kept = nullptr;

void leak() {
  kept = ::operator new(123);
}

// Appended after heapscribe's own; what it allocates is nobody's test.
class Noise : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override { leak(); }
  void OnTestEnd(const ::testing::TestInfo&) override { leak(); }
};
const bool is_noisy = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new Noise);
  return true;
}();

TEST(Limits, Empty) {}

TEST(Limits, Kept) {
  const int most = 1;
  HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(most) {
    const std::vector<char> one(100);
  }
  HEAPSCRIBE_EXPECT_NO_LEAK {
    const std::vector<char> one(100);
    HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(1) {
      const std::vector<char> two(100);
    }
  }
}

TEST(Limits, TooManyAllocations) {
  HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(1) {
    const std::vector<char> one(100);
    const std::vector<char> two(100);
  }
}

TEST(Limits, ALeak) {
  HEAPSCRIBE_EXPECT_NO_LEAK leak();
}

void leave_by_return() {
  HEAPSCRIBE_EXPECT_NO_LEAK {
    leak();
    return;
  }
}

void leave_by_break() {
  HEAPSCRIBE_EXPECT_NO_LEAK {
    leak();
    break;
  }
}

void leave_by_an_exception() {
  HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(0) {
    throw std::invalid_argument("its own");
  }
}

// The exception itself is no leak.
void leave_no_leak_by_an_exception() {
  HEAPSCRIBE_EXPECT_NO_LEAK {
    throw std::invalid_argument("its own");
  }
}

TEST(Judged, HoweverItIsLeft) {
  if (heapscribe_is_active() == 0) GTEST_SKIP() << "no limits";
  EXPECT_NONFATAL_FAILURE(leave_by_return(), "1 block of 123 bytes");
  EXPECT_NONFATAL_FAILURE(leave_by_break(), "1 block of 123 bytes");
  EXPECT_NONFATAL_FAILURE(EXPECT_THROW(leave_by_an_exception(), std::invalid_argument),
                          "at most 0 allowed");
  EXPECT_THROW(leave_no_leak_by_an_exception(), std::invalid_argument);
}

void any_block() {
  HEAPSCRIBE_EXPECT_NO_LEAK {}
}

TEST(Sections, ThatAreUsedUpAreAFailure) {
  if (heapscribe_is_active() == 0) GTEST_SKIP() << "no limits";
  for (int i = 0; i < 5000; ++i) {
    heapscribe_section_end(heapscribe_section_begin(("section " + std::to_string(i)).c_str()));
  }
  EXPECT_NONFATAL_FAILURE(any_block(), "there are no more sections");
}

}  // namespace
