// A program of its own: the range is reserved once, here a small one.
#include <sys/resource.h>

#include "tests/preload/memory/pool_fixture.h"

namespace heapscribe::memory {
namespace {

constexpr std::size_t kRange = std::size_t{64} << 20;

class PoolExhaustion : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_pool(true, kRange)); }
};

// Until the pool refuses; then everything is freed.
std::size_t fill_up(std::size_t size) {
  std::vector<FilledBlock> blocks;
  while (void* block = allocate(size)) {
    blocks.push_back(fill(block, size, static_cast<unsigned char>(blocks.size())));
  }
  for (const FilledBlock& block : blocks) {
    EXPECT_TRUE(block.is_intact());
    release(block.begin);
  }
  return blocks.size() * size;
}

TEST_F(PoolExhaustion, EndsInARefusalAndNotInHarm) {
  EXPECT_GT(fill_up(1'000), kRange / 2);
  EXPECT_GT(fill_up(1'000), kRange / 2);
  // Slots are not joined again: larger blocks find less, smaller ones all.
  fill_up(20'000);
  fill_up(3'000'000);
  EXPECT_GT(fill_up(60'000), kRange / 2);
  EXPECT_GT(fill_up(100), kRange / 2);
}

TEST_F(PoolExhaustion, ARefusedResizeLeavesTheBlockAlone) {
  const FilledBlock block = fill(allocate(50'000), 50'000, 5);
  EXPECT_EQ(resize(block.begin, kRange * 2), nullptr);
  EXPECT_TRUE(block.is_intact());
  release(block.begin);
}

TEST_F(PoolExhaustion, ALimitOfAddressSpaceIsSharedWithTheProgram) {
  // In a child, since the range exists in this process already.
  const auto reserve_under_limit = [] {
    const rlimit limit{std::size_t{2} << 30, std::size_t{2} << 30};
    setrlimit(RLIMIT_AS, &limit);
    range.bytes = 0;
    const bool reserved = reserve_range(true);
    std::_Exit(reserved && range.bytes < (std::size_t{1} << 30) ? 0 : 1);
  };
  EXPECT_EXIT(reserve_under_limit(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace heapscribe::memory
