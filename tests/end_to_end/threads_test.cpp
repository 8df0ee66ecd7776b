// Many threads, short threads, small stacks.
#include <iostream>
#include <sstream>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

struct Resident {
  long before_kb = 0;
  long after_kb = 0;
  long growth_kb() const { return after_kb - before_kb; }
};

class ManyThreads : public EndToEnd {
 protected:
  Resident resident(const std::string& name) const {
    std::istringstream text(read_text(file(name)));
    Resident result;
    text >> result.before_kb >> result.after_kb;
    return result;
  }
  Command many_threads(const std::string& how, int count, const std::string& output) const {
    return in_directory({test_program("many_threads"), how, std::to_string(count), file(output)});
  }
  void run_both(const std::string& how, int count) {
    const Finished plain = run_plain(many_threads(how, count, "plain"));
    if (plain.exit_status == 77) return;
    ran_ = true;
    recorded_ = run_recorded(many_threads(how, count, "recorded"));
    expect_same(plain, *recorded_);
    growth_kb_ = resident("recorded").growth_kb() - resident("plain").growth_kb();
  }

  bool ran_ = false;
  std::optional<RecordedRun> recorded_;
  long growth_kb_ = 0;
};

TEST_F(ManyThreads, FiveThousandAtATimeAreCountedExactly) {
  run_both("together", 5000);
  if (!ran_) GTEST_SKIP() << "the system allows fewer threads";
  expect_exact(*recorded_);
  EXPECT_EQ(recorded_->recording.total_of("allocate_three").allocations, 15000U);
}

// The promise is 20 KB; half as much again is for pages that the first threads touch for all.
TEST_F(ManyThreads, FiveThousandAtATimeCostLittleMemoryEach) {
  run_both("together", 5000);
  if (!ran_) GTEST_SKIP() << "the system allows fewer threads";
  const double each = static_cast<double>(growth_kb_) / 5000;
  std::cout << "resident memory added for each thread: " << each << " KB\n";
  EXPECT_LT(each, 30);
}

TEST_F(ManyThreads, AHundredThousandInSequenceUseBoundedMemory) {
  run_both("sequence", 100000);
  if (!ran_) GTEST_SKIP() << "the system allows fewer threads";
  const auto truth = counts_of(*recorded_);
  ASSERT_TRUE(truth);
  const Summary summary = recorded_->recording.summary();
  EXPECT_EQ(summary.allocations, truth->allocations);
  EXPECT_EQ(summary.frees, truth->frees);
  std::cout << "resident memory added by 90,000 more threads: " << growth_kb_ << " KB\n";
  EXPECT_LT(growth_kb_, 64L << 10);
}

TEST_F(ManyThreads, WithTheSmallestStacksComeToNoHarm) {
  const auto run = expect_same_and_exact(in_directory({test_program("small_stacks")}));
  EXPECT_EQ(run.finished.out, "200 of 200 threads\n");
}

}  // namespace
}  // namespace heapscribe::tests
