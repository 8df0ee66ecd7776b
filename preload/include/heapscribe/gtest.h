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
 * Elsewhere the blocks run all the same, and the test is reported as skipped with a word; so not in
 * SetUp, where a skip leaves out the test. A block is judged however it is left: at its end, by
 * break, continue, return, a failed ASSERT or an exception, which goes on; NO_LEAK is not judged
 * then, since the exception is a block that lives.
 *
 * What counts is what the calling thread allocates, in a section of its own; a thread that the
 * block starts counts if it enters that section (heapscribe_section_here). One thread at a time.
 * Failed assertions allocate, too. Nested blocks belong on lines of their own.
 */
#ifndef HEAPSCRIBE_GTEST_H
#define HEAPSCRIBE_GTEST_H

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>

#include "heapscribe/heapscribe.h"

namespace heapscribe {
namespace testing {

/* Marks the running test as skipped, once; whoever calls goes on. */
inline void note_unchecked() {
  if (::testing::Test::IsSkipped()) return;
  GTEST_SKIP() << "allocations are not checked: run the tests under heapscribe run, with "
                  "--mode full or counts and not paused";
}

inline std::uint64_t less(std::uint64_t count, std::uint64_t part) {
  return count > part ? count - part : 0;
}

inline heapscribe_counters difference(const heapscribe_counters& now,
                                      const heapscribe_counters& before) {
  heapscribe_counters less = now;
  less.allocations -= before.allocations;
  less.allocated_bytes -= before.allocated_bytes;
  less.frees -= before.frees;
  less.freed_bytes -= before.freed_bytes;
  less.live_blocks -= before.live_blocks;
  less.live_bytes -= before.live_bytes;
  return less;
}

/* What the reports of failed blocks have allocated so far, which is nothing of the test's. */
inline heapscribe_counters& own_sum() {
  static heapscribe_counters sum = {0, 0, 0, 0, 0, 0};
  return sum;
}

class OwnWork {
 public:
  OwnWork() { heapscribe_thread_counters(&before_); }
  OwnWork(const OwnWork&) = delete;
  OwnWork& operator=(const OwnWork&) = delete;
  ~OwnWork() {
    heapscribe_counters now;
    heapscribe_thread_counters(&now);
    heapscribe_counters& sum = own_sum();
    sum = difference(sum, difference(before_, now));
  }

 private:
  heapscribe_counters before_;
};

enum class Answer { Exact, NotAsked, NoSection };

/* What is allocated in a section between begin and end. Allocates nothing itself. */
class Measurement {
 public:
  Measurement()
      : entry_(heapscribe_no_entry()),
        section_(heapscribe_no_section()),
        before_(),
        own_before_(),
        answer_(Answer::NotAsked) {}
  Measurement(const Measurement&) = delete;
  Measurement& operator=(const Measurement&) = delete;
  ~Measurement() { leave(); }

  void begin(const char* name) {
    entry_ = heapscribe_section_begin(name);
    if (entry_.opaque == 0) {
      /* With --mode sample there would be nothing to read in it either. */
      heapscribe_counters ignored;
      const bool is_exact = heapscribe_thread_counters(&ignored) == 1;
      answer_ = is_exact ? Answer::NoSection : Answer::NotAsked;
      return;
    }
    section_ = heapscribe_section_here();
    own_before_ = own_sum();
    const bool known = heapscribe_section_counters(section_, &before_) == 1;
    answer_ = known ? Answer::Exact : Answer::NotAsked;
  }
  /* What comes after does not count. */
  Answer end(heapscribe_counters* counted) {
    leave();
    if (answer_ != Answer::Exact) return answer_;
    heapscribe_counters now;
    if (heapscribe_section_counters(section_, &now) != 1) return Answer::NotAsked;
    const heapscribe_counters all = difference(now, before_);
    const heapscribe_counters own = difference(own_sum(), own_before_);
    *counted = difference(all, own);
    /* Another thread's report was not counted in this section. */
    counted->allocations = less(all.allocations, own.allocations);
    counted->allocated_bytes = less(all.allocated_bytes, own.allocated_bytes);
    return Answer::Exact;
  }

 private:
  void leave() {
    heapscribe_section_end(entry_);
    entry_ = heapscribe_no_entry();
  }

  heapscribe_entry entry_;
  heapscribe_section section_;
  heapscribe_counters before_, own_before_;
  Answer answer_;
};

/* How many exceptions look for a handler. */
inline int uncaught_exceptions() {
#if __cplusplus >= 201703L
  return std::uncaught_exceptions();
#else
  return std::uncaught_exception() ? 1 : 0;
#endif
}

/* The block behind one of the macros: it runs once, and is judged when it is left. A judgement may
 * throw (--gtest_throw_on_failure): not out of a destructor that an exception has called. */
template <class Rule>
class Block {
 public:
  Block(Rule rule, const char* file, int line)
      : rule_(rule), file_(file), line_(line), exceptions_(uncaught_exceptions()) {
    const char* slash = std::strrchr(file, '/');
    std::snprintf(section_, sizeof section_, "%s:%d", slash != nullptr ? slash + 1 : file, line);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() noexcept(false) {
    if (judged_) return;
    if (uncaught_exceptions() == exceptions_) {
      judge();
      return;
    }
#if GTEST_HAS_EXCEPTIONS
    if (!Rule::copes_with_exceptions()) return;
    try {
      judge();
    } catch (...) { /* The failure is noted, and the test's own exception goes on. */
    }
#endif
  }

  bool runs() {
    if (entered_) {
      judge();
      return false;
    }
    entered_ = true;
    measurement_.begin(section_);
    return true;
  }

 private:
  void judge() {
    judged_ = true;
    heapscribe_counters counted;
    const Answer answer = measurement_.end(&counted);
    if (answer == Answer::NotAsked) {
      note_unchecked();
    } else if (answer == Answer::NoSection) {
      const OwnWork own;
      ADD_FAILURE_AT(file_, line_)
          << "this block is not checked: there are no more sections (4,095 "
             "names in all, 64 levels)";
    } else if (!rule_.is_kept(counted)) {
      const OwnWork own;
      ADD_FAILURE_AT(file_, line_) << rule_.told(counted) << "\nwhere: heapscribe "
                                   << rule_.report() << " DB --section '" << section_ << "'";
    }
  }

  Rule rule_;
  const char* file_;
  int line_;
  int exceptions_;
  char section_[128];
  bool entered_ = false, judged_ = false;
  Measurement measurement_;
};

inline std::string plural(std::uint64_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

struct AllocationLimit {
  std::uint64_t most;
  bool is_kept(const heapscribe_counters& counted) const { return counted.allocations <= most; }
  std::string told(const heapscribe_counters& counted) const {
    return plural(counted.allocations, "allocation") + " of " +
           plural(counted.allocated_bytes, "byte") + " in all; at most " + std::to_string(most) +
           " allowed";
  }
  static const char* report() { return "hotspots"; }
  static bool copes_with_exceptions() { return true; }
};

inline AllocationLimit at_most(std::uint64_t most) {
  return AllocationLimit{most};
}

struct NoLeak {
  static bool is_kept(const heapscribe_counters& counted) { return counted.live_blocks <= 0; }
  static std::string told(const heapscribe_counters& counted) {
    return plural(static_cast<std::uint64_t>(counted.live_blocks), "block") + " of " +
           std::to_string(counted.live_bytes) + " bytes in all, allocated here, still alive";
  }
  static const char* report() { return "leaks"; }
  static bool copes_with_exceptions() { return false; }
};

/* Runs every test in a section that has its name, and records what was allocated there as
 * properties: heapscribe_allocations, heapscribe_bytes, heapscribe_live_blocks and
 * heapscribe_live_bytes; heapscribe_unknown if there are no more sections. Nothing where the tests
 * do not run under heapscribe. An empty test has zeros; members of a fixture count. */
class Listener : public ::testing::EmptyTestEventListener {
 public:
  void OnTestStart(const ::testing::TestInfo& test) override {
    const std::string name = std::string(test.test_suite_name()) + "." + test.name();
    /* A test that ended by an exception had no end. */
    measurement_.reset();
    measurement_.reset(new Measurement);
    measurement_->begin(name.c_str());
  }
  void OnTestEnd(const ::testing::TestInfo&) override {
    heapscribe_counters counted;
    const Answer answer = measurement_->end(&counted);
    if (answer == Answer::Exact) record(counted);
    if (answer == Answer::NoSection) {
      ::testing::Test::RecordProperty("heapscribe_unknown", "there are no more sections");
    }
  }

 private:
  class EmptyTest : public ::testing::Test {
    void TestBody() override {}
  };

  void record(const heapscribe_counters& counted) {
    if (empty_.allocations == 0) measure_empty();
    tell("heapscribe_allocations", less(counted.allocations, empty_.allocations));
    tell("heapscribe_bytes", less(counted.allocated_bytes, empty_.allocated_bytes));
    tell("heapscribe_live_blocks", counted.live_blocks);
    tell("heapscribe_live_bytes", counted.live_bytes);
  }
  /* GoogleTest makes the test's object, and a copy of its flags, within the section. */
  void measure_empty() {
    heapscribe_counters before, after;
    heapscribe_thread_counters(&before);
    { const std::unique_ptr<::testing::Test> test(new EmptyTest); }
    heapscribe_thread_counters(&after);
    empty_ = difference(after, before);
  }
  template <class Number>
  static void tell(const char* key, Number value) {
    ::testing::Test::RecordProperty(key, std::to_string(value));
  }

  std::unique_ptr<Measurement> measurement_;
  heapscribe_counters empty_ = {0, 0, 0, 0, 0, 0};
};

/* Appends the listener when all others are there: then its sections do not hold what they do. */
class LastListener : public ::testing::EmptyTestEventListener {
 public:
  void OnTestProgramStart(const ::testing::UnitTest& tests) override {
    (void)tests;
    if (!appended_) ::testing::UnitTest::GetInstance()->listeners().Append(new Listener);
    appended_ = true;
  }

 private:
  bool appended_ = false;
};

/* To be called before the tests run; GoogleTest owns the listener. */
inline bool record_tests() {
  ::testing::UnitTest::GetInstance()->listeners().Append(new LastListener);
  return true;
}

} /* namespace testing */
} /* namespace heapscribe */

#define HEAPSCRIBE_EXPECT_ALLOCATIONS_AT_MOST(most) \
  HEAPSCRIBE_BLOCK_(AllocationLimit, ::heapscribe::testing::at_most(most), __LINE__)

#define HEAPSCRIBE_EXPECT_NO_LEAK \
  HEAPSCRIBE_BLOCK_(NoLeak, ::heapscribe::testing::NoLeak(), __LINE__)

/* A name for each line, so that nested blocks do not hide each other. */
#define HEAPSCRIBE_BLOCK_(Rule, rule, line) HEAPSCRIBE_NAMED_BLOCK_(Rule, rule, line)
#define HEAPSCRIBE_NAMED_BLOCK_(Rule, rule, line)                                         \
  for (::heapscribe::testing::Block<::heapscribe::testing::Rule> heapscribe_block_##line( \
           rule, __FILE__, line);                                                         \
       heapscribe_block_##line.runs();)

#define HEAPSCRIBE_RECORD_TESTS()                                           \
  static const bool heapscribe_tests_are_recorded __attribute__((unused)) = \
      ::heapscribe::testing::record_tests()

#endif
