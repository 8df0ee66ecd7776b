#include "preload/census/memory_map.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

namespace heapscribe::census {
namespace {

constexpr std::size_t kPage = 4096;

struct Mapped {
  explicit Mapped(std::size_t pages)
      : bytes(pages * kPage),
        begin(static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {}
  ~Mapped() { munmap(begin, bytes); }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  Range range() const {
    return {reinterpret_cast<std::uintptr_t>(begin),
            reinterpret_cast<std::uintptr_t>(begin) + bytes};
  }
  std::size_t bytes;
  char* begin;
};

std::vector<std::size_t> used_pages(const MemoryMap& map, const Mapped& memory) {
  std::vector<std::size_t> pages;
  map.for_each_used(memory.range(), [&](std::uintptr_t begin, std::uintptr_t end) {
    for (std::uintptr_t at = begin; at < end; at += kPage) {
      pages.push_back((at - memory.range().begin) / kPage);
    }
  });
  return pages;
}

TEST(MemoryMap, KnowsWhereThingsAre) {
  static int variable = 1;
  int local = variable;
  MemoryMap map;
  ASSERT_TRUE(map.read());
  const Mapping* data = map.find(reinterpret_cast<std::uintptr_t>(&variable));
  ASSERT_NE(data, nullptr);
  EXPECT_TRUE(data->readable && data->writable && !data->shared);
  const Mapping* stack = map.find(reinterpret_cast<std::uintptr_t>(&local));
  ASSERT_NE(stack, nullptr);
  EXPECT_EQ(stack->kind, MappingKind::MainStack);
  EXPECT_EQ(map.find(0), nullptr);
}

TEST(MemoryMap, PagesThatWereNeverTouchedAreNotVisited) {
  const Mapped memory(1000);
  memory.begin[7 * kPage] = 1;
  memory.begin[8 * kPage] = 1;
  memory.begin[900 * kPage] = 1;
  MemoryMap map;
  ASSERT_TRUE(map.read());
  const std::vector<std::size_t> pages = used_pages(map, memory);
  if (pages.size() == 1000) GTEST_SKIP() << "the kernel does not tell which pages are used";
  EXPECT_EQ(pages, (std::vector<std::size_t>{7, 8, 900}));
}

TEST(MemoryMap, UnreadablePagesAreGaps) {
  const Mapped memory(4);
  std::memset(memory.begin, 1, memory.bytes);
  mprotect(memory.begin + kPage, kPage, PROT_NONE);
  MemoryMap map;
  ASSERT_TRUE(map.read());
  EXPECT_EQ(used_pages(map, memory), (std::vector<std::size_t>{0, 2, 3}));
}

}  // namespace
}  // namespace heapscribe::census
