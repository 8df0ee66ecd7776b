#include "preload/record/sections.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "preload/record/live_blocks.h"
#include "preload/record/session.h"
#include "preload/record/thread_recorder.h"
#include "tests/preload/record/session_fixture.h"

namespace heapscribe::record {
namespace {

std::uintptr_t caller = 0x777;
std::uint32_t pretend(std::uintptr_t* frames, std::uint32_t) {
  frames[0] = caller;
  return 1;
}
constexpr unwind::Frame kAnywhere{0, 0, 0};

const void* block(std::uintptr_t number) {
  return reinterpret_cast<const void*>(number * 64);
}

void allocate(ThreadRecorder& mine, const void* made, std::size_t bytes) {
  mine.allocated(*mine.site(wire::CallKind::Malloc, kAnywhere), made, bytes, bytes);
}
void release(ThreadRecorder& mine, const void* gone) {
  mine.released(mine.take(gone, LiveBlocks::kUnknownSize), gone);
}

template <typename Body>
void on_new_thread(Body body) {
  open_test_session();
  set_mode(wire::Mode::Full);
  set_unwinder(false, pretend);
  std::thread([&] {
    const bootstrap::RecordingScope scope;
    body(*recorder(scope));
  }).join();
}

TEST(Sections, OneNameWithinOneSectionIsOneSection) {
  open_test_session();
  const SectionNumber outer = find_section(kNoSection, "outer");
  EXPECT_NE(outer, kNoSection);
  EXPECT_EQ(find_section(kNoSection, "outer"), outer);
  const SectionNumber inner = find_section(outer, "inner");
  EXPECT_NE(inner, find_section(kNoSection, "inner"));
  EXPECT_EQ(section_record(inner)->around, outer);
  EXPECT_EQ(section_record(inner)->depth, 2U);
}

TEST(Sections, ASectionWithinItselfIsTheSame) {
  open_test_session();
  const SectionNumber walk = find_section(kNoSection, "walk");
  EXPECT_EQ(find_section(walk, "walk"), walk);
}

TEST(Sections, NamesAreCut) {
  open_test_session();
  const std::string name(wire::kLongestName + 50, 'x');
  const SectionNumber section = find_section(kNoSection, name);
  EXPECT_EQ(section_record(section)->name_length, wire::kLongestName);
  EXPECT_EQ(find_section(kNoSection, name + "y"), section);
}

TEST(Sections, NestingHasAnEnd) {
  open_test_session();
  SectionNumber section = kNoSection;
  for (std::uint32_t depth = 1; depth <= wire::kDeepestSection; ++depth) {
    section = find_section(section, "level " + std::to_string(depth));
    ASSERT_NE(section, kNoSection);
  }
  EXPECT_EQ(find_section(section, "too deep"), kNoSection);
}

TEST(Sections, ThreadsThatRaceGetTheSameSections) {
  open_test_session();
  constexpr int kThreads = 4;
  constexpr int kNames = 200;
  std::vector<std::vector<SectionNumber>> found(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (auto& mine : found) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < kNames; ++i) {
        mine.push_back(find_section(kNoSection, "race " + std::to_string(i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& numbers : found) EXPECT_EQ(numbers, found.front());
}

TEST(Sections, AnEntryIsPackedAndUnpacked) {
  open_test_session();
  const SectionEntry entry{4095, 17, 65535, 0x7F'FFFF, true};
  const SectionEntry back = SectionEntry::unpacked(entry.packed());
  EXPECT_EQ(back.section, entry.section);
  EXPECT_EQ(back.mark, entry.mark);
  EXPECT_EQ(back.depth, entry.depth);
  EXPECT_EQ(back.thread, entry.thread);
  EXPECT_TRUE(back.begins);
}

TEST(Sections, BlocksStayThoseOfTheirSectionWhoeverFreesThem) {
  open_test_session();
  const SectionNumber section = find_section(kNoSection, "owner");
  const SectionNumber other = find_section(kNoSection, "other");
  on_new_thread([&](ThreadRecorder& mine) {
    const SectionEntry entry = mine.enter(section);
    allocate(mine, block(50'001), 100);
    allocate(mine, block(50'002), 200);
    mine.leave(entry);
    allocate(mine, block(50'003), 400);
    mine.enter(other);
    release(mine, block(50'001));
  });
  on_new_thread([&](ThreadRecorder& mine) { release(mine, block(50'002)); });
  const SectionSums sums = sum_of_section(section);
  EXPECT_EQ(sums.allocations, 2U);
  EXPECT_EQ(sums.bytes, 300U);
  EXPECT_EQ(sums.frees, 2U);
  EXPECT_EQ(sums.freed_bytes, 300U);
  EXPECT_EQ(sum_of_section(other).allocations, 0U);
  EXPECT_EQ(sum_of_section(other).frees, 0U);
}

TEST(Sections, ASumIncludesTheSectionsWithin) {
  open_test_session();
  const SectionNumber outer = find_section(kNoSection, "sum");
  const SectionNumber inner = find_section(outer, "part");
  on_new_thread([&](ThreadRecorder& mine) {
    const SectionEntry around = mine.enter(outer);
    allocate(mine, block(51'001), 10);
    const SectionEntry within = mine.enter(inner);
    allocate(mine, block(51'002), 20);
    EXPECT_TRUE(mine.leave(within));
    EXPECT_EQ(mine.section(), outer);
    EXPECT_TRUE(mine.leave(around));
    EXPECT_EQ(mine.section(), kNoSection);
  });
  EXPECT_EQ(sum_of_section(outer).bytes, 30U);
  EXPECT_EQ(sum_of_section(inner).bytes, 20U);
}

TEST(Sections, AnOuterEndEndsWhatIsWithin) {
  open_test_session();
  const SectionNumber section = find_section(kNoSection, "jumped");
  on_new_thread([&](ThreadRecorder& mine) {
    const SectionEntry outer = mine.enter(section);
    const SectionEntry inner = mine.enter(find_section(section, "left"));
    EXPECT_TRUE(mine.leave(outer));
    EXPECT_EQ(mine.section(), kNoSection);
    EXPECT_FALSE(mine.leave(inner));
    EXPECT_FALSE(mine.leave(outer));
  });
}

TEST(Sections, ASecondEndEndsNothing) {
  open_test_session();
  const SectionNumber first = find_section(kNoSection, "ended twice");
  const SectionNumber other = find_section(kNoSection, "not ended");
  on_new_thread([&](ThreadRecorder& mine) {
    const SectionEntry entry = mine.enter(first);
    EXPECT_TRUE(mine.leave(entry));
    const SectionEntry again = mine.enter(first);
    EXPECT_FALSE(mine.leave(entry));
    EXPECT_EQ(mine.section(), first);
    EXPECT_TRUE(mine.leave(again));
    mine.enter(other);
    EXPECT_FALSE(mine.leave(entry));
    mine.enter(find_section(other, "within"));
    EXPECT_FALSE(mine.leave(entry));
    EXPECT_NE(mine.section(), other);
    EXPECT_NE(mine.section(), kNoSection);
  });
}

TEST(Sections, DeepEntriesAreLeftOneByOne) {
  open_test_session();
  const SectionNumber odd = find_section(kNoSection, "odd");
  const SectionNumber even = find_section(kNoSection, "even");
  on_new_thread([&](ThreadRecorder& mine) {
    std::vector<SectionEntry> entries;
    std::vector<SectionNumber> around;
    for (std::uint32_t i = 0; i < 2 * SectionEntry::kShallow; ++i) {
      around.push_back(mine.section());
      entries.push_back(mine.enter(i % 2 == 0 ? even : odd));
    }
    while (!entries.empty()) {
      EXPECT_TRUE(mine.leave(entries.back()));
      EXPECT_EQ(mine.section(), around.back());
      EXPECT_FALSE(mine.leave(entries.back()));
      entries.pop_back();
      around.pop_back();
    }
  });
}

TEST(Sections, AnotherThreadCannotLeave) {
  open_test_session();
  const SectionNumber section = find_section(kNoSection, "mine");
  on_new_thread([&](ThreadRecorder& mine) {
    const SectionEntry entry = mine.enter(section);
    std::thread([&entry] {
      const bootstrap::RecordingScope scope;
      EXPECT_FALSE(recorder(scope)->leave(entry));
    }).join();
    EXPECT_EQ(mine.section(), section);
  });
}

TEST(Sections, CountersOfAThreadBeginWithIt) {
  open_test_session();
  on_new_thread([](ThreadRecorder& mine) {
    EXPECT_EQ(mine.totals().allocations, 0U);
    allocate(mine, block(52'001), 70);
    EXPECT_EQ(mine.totals().allocations, 1U);
    EXPECT_EQ(mine.totals().bytes, 70U);
    release(mine, block(52'001));
    EXPECT_EQ(mine.totals().freed_bytes, 70U);
  });
}

}  // namespace
}  // namespace heapscribe::record
