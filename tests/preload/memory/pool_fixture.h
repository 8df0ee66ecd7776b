// Blocks that carry a pattern, so that a block handed out twice or moved wrongly is noticed.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "preload/memory/pool.h"

namespace heapscribe::memory {

struct FilledBlock {
  unsigned char* begin = nullptr;
  std::size_t size = 0;
  unsigned char pattern = 0;

  bool is_intact() const {
    for (std::size_t i = 0; i < size; ++i) {
      if (begin[i] != pattern) return false;
    }
    return true;
  }
};

inline FilledBlock fill(void* block, std::size_t size, unsigned char pattern) {
  std::memset(block, pattern, size);
  return {static_cast<unsigned char*>(block), size, pattern};
}

// Mostly small, now and then large.
template <typename Random>
std::size_t some_size(Random& random) {
  const auto dice = random() % 100;
  if (dice == 0) return random() % 300'000;
  if (dice < 10) return random() % 5'000;
  return random() % 300;
}

class PoolTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_pool(true)); }
};

}  // namespace heapscribe::memory
