// Tests with limits. Under heapscribe the two that break them fail, elsewhere all are skipped.
#include <heapscribe/gtest.h>

#include <vector>

HEAPSCRIBE_RECORD_TESTS();

namespace {

void* volatile kept = nullptr;

TEST(Limits, Kept) {
  HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(1) {
    const std::vector<char> one(100);
  }
  HEAPSCRIBE_EXPECT_NO_LEAK {
    const std::vector<char> one(100);
  }
}

TEST(Limits, TooManyAllocations) {
  HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(1) {
    const std::vector<char> one(100);
    const std::vector<char> two(100);
  }
}

TEST(Limits, ALeak) {
  HEAPSCRIBE_EXPECT_NO_LEAK {
    kept = ::operator new(123);
  }
}

}  // namespace
