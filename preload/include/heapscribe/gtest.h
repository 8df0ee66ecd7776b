/* Limits on allocations in GoogleTest, checked where the tests run under heapscribe:
 *
 *   TEST(Parser, ReusesItsBuffer) {
 *     Parser parser;
 *     HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(2) { parser.parse("a=1"); }
 *     HEAPSCRIBE_EXPECT_NO_LEAK { parser.reset(); }
 *   }
 *   HEAPSCRIBE_RECORD_TESTS();  // in one file: totals of each test into the XML report
 *
 *   $ heapscribe run -o tests.db -- ./my_tests --gtest_output=xml
 *
 * Elsewhere the blocks run all the same, and the test is reported as skipped with a word. What
 * counts is what the calling thread allocates, in a section of its own; a thread that the block
 * starts counts if it enters that section (heapscribe_section_here). One thread at a time.
 */
#ifndef HEAPSCRIBE_GTEST_H
#define HEAPSCRIBE_GTEST_H

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "heapscribe/heapscribe.h"

namespace heapscribe {
namespace testing {

/* Marks the running test as skipped; whoever calls goes on. */
inline void note_unchecked() {
  GTEST_SKIP() << "allocations are not checked: run the tests under heapscribe run, with "
                  "--mode full or counts and not paused";
}

/* What is allocated in a section from here on, until it is left. */
class Measurement {
 public:
  explicit Measurement(const std::string& name)
      : entry_(heapscribe_section_begin(name.c_str())), section_(heapscribe_section_here()) {
    known_ = heapscribe_section_counters(section_, &before_) == 1;
  }
  Measurement(const Measurement&) = delete;
  Measurement& operator=(const Measurement&) = delete;
  ~Measurement() { end(); }

  /* What comes after does not count. */
  void end() {
    heapscribe_section_end(entry_);
    entry_.opaque = 0;
  }
  bool known() const { return known_; }
  heapscribe_counters take() const {
    heapscribe_counters now;
    heapscribe_section_counters(section_, &now);
    now.allocations -= before_.allocations;
    now.allocated_bytes -= before_.allocated_bytes;
    now.frees -= before_.frees;
    now.freed_bytes -= before_.freed_bytes;
    now.live_blocks -= before_.live_blocks;
    now.live_bytes -= before_.live_bytes;
    return now;
  }

 private:
  heapscribe_entry entry_;
  heapscribe_section section_;
  heapscribe_counters before_;
  bool known_;
};

/* The block behind one of the macros: it runs once, and is judged when it is left in any way. */
class Block {
 public:
  Block(const char* file, int line)
      : file_(file), line_(line), section_(name_of(file, line)), measurement_(section_) {
    if (!measurement_.known()) note_unchecked();
  }
  bool runs() {
    const bool first = !entered_;
    entered_ = true;
    return first;
  }

 protected:
  bool known() const { return measurement_.known(); }
  heapscribe_counters take() {
    measurement_.end();
    return measurement_.take();
  }
  void fail(const std::string& what, const char* report) const {
    ADD_FAILURE_AT(file_, line_) << what << "\nwhere: heapscribe " << report << " DB --section '"
                                 << section_ << "'";
  }
  static std::string plural(std::uint64_t count, const char* noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
  }

 private:
  static std::string name_of(const char* file, int line) {
    const std::string path(file);
    return path.substr(path.rfind('/') + 1) + ":" + std::to_string(line);
  }

  const char* file_;
  int line_;
  std::string section_;
  bool entered_ = false;
  Measurement measurement_;
};

class AllocationLimit : public Block {
 public:
  AllocationLimit(std::uint64_t most, const char* file, int line)
      : Block(file, line), most_(most) {}
  ~AllocationLimit() {
    if (!known()) return;
    const heapscribe_counters counted = take();
    if (counted.allocations <= most_) return;
    fail(plural(counted.allocations, "allocation") + " of " +
             plural(counted.allocated_bytes, "byte") + " in all; at most " + std::to_string(most_) +
             " allowed",
         "hotspots");
  }

 private:
  std::uint64_t most_;
};

class NoLeak : public Block {
 public:
  NoLeak(const char* file, int line) : Block(file, line) {}
  ~NoLeak() {
    if (!known()) return;
    const heapscribe_counters counted = take();
    if (counted.live_blocks <= 0) return;
    fail(plural(static_cast<std::uint64_t>(counted.live_blocks), "block") + " of " +
             std::to_string(counted.live_bytes) + " bytes in all, allocated here, still alive",
         "leaks");
  }
};

/* Runs every test in a section that has its name, and records what was allocated there as
 * properties: heapscribe_allocations, heapscribe_bytes, heapscribe_live_blocks and
 * heapscribe_live_bytes. Nothing where the tests do not run under heapscribe. */
class Listener : public ::testing::EmptyTestEventListener {
 public:
  void OnTestStart(const ::testing::TestInfo& test) override {
    const std::string name = std::string(test.test_suite_name()) + "." + test.name();
    measurement_ = new Measurement(name);
  }
  void OnTestEnd(const ::testing::TestInfo&) override {
    const bool known = measurement_->known();
    measurement_->end();
    const heapscribe_counters counted = measurement_->take();
    delete measurement_;
    measurement_ = nullptr;
    if (!known) return;
    record("heapscribe_allocations", std::to_string(counted.allocations));
    record("heapscribe_bytes", std::to_string(counted.allocated_bytes));
    record("heapscribe_live_blocks", std::to_string(counted.live_blocks));
    record("heapscribe_live_bytes", std::to_string(counted.live_bytes));
  }

 private:
  static void record(const char* key, const std::string& value) {
    ::testing::Test::RecordProperty(key, value);
  }
  Measurement* measurement_ = nullptr;
};

/* To be called before the tests run; GoogleTest owns the listener. */
inline bool record_tests() {
  ::testing::UnitTest::GetInstance()->listeners().Append(new Listener);
  return true;
}

} /* namespace testing */
} /* namespace heapscribe */

#define HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(most)                                         \
  for (::heapscribe::testing::AllocationLimit heapscribe_block((most), __FILE__, __LINE__); \
       heapscribe_block.runs();)

#define HEAPSCRIBE_EXPECT_NO_LEAK \
  for (::heapscribe::testing::NoLeak heapscribe_block(__FILE__, __LINE__); heapscribe_block.runs();)

#define HEAPSCRIBE_RECORD_TESTS()                                           \
  static const bool heapscribe_tests_are_recorded __attribute__((unused)) = \
      ::heapscribe::testing::record_tests()

#endif
