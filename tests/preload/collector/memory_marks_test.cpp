#include "preload/collector/memory_marks.h"

#include <gtest/gtest.h>

namespace heapscribe::collector {
namespace {

TEST(MemoryMarks, EachIsPassedOnce) {
  MemoryMarks marks(1000);
  EXPECT_EQ(marks.passed(749), std::nullopt);
  EXPECT_EQ(marks.passed(750), 75U);
  EXPECT_EQ(marks.passed(800), std::nullopt);
  EXPECT_EQ(marks.passed(100), std::nullopt);
  EXPECT_EQ(marks.passed(899), std::nullopt);
  EXPECT_EQ(marks.passed(950), 95U) << "and with it that of 90 %";
  EXPECT_EQ(marks.passed(1000), std::nullopt);
}

TEST(MemoryMarks, WithoutALimitNothingIsNear) {
  EXPECT_EQ(MemoryMarks(0).passed(~0ULL), std::nullopt);
}

}  // namespace
}  // namespace heapscribe::collector
