// However a program ends, the recording is complete, says how it ended, and `run` says the same.
#include <algorithm>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

struct Ending {
  std::string how;
  std::string kind;
  std::string status;
};
void PrintTo(const Ending& ending, std::ostream* stream) {
  *stream << ending.how;
}

class EveryEnding : public EndToEnd, public ::testing::WithParamInterface<Ending> {};

TEST_P(EveryEnding, IsRecordedExactlyAndPassedOn) {
  const Ending& ending = GetParam();
  const auto run = expect_same_and_exact(in_directory({test_program("exit_ways"), ending.how}));
  EXPECT_EQ(run.recording.property("end_kind"), ending.kind);
  EXPECT_EQ(run.recording.property("end_status"), ending.status);
  EXPECT_EQ(run.recording.property("state"), "complete");
}

INSTANTIATE_TEST_SUITE_P(
    Ending, EveryEnding,
    ::testing::Values(Ending{"return", "exited", "11"}, Ending{"exit", "exited", "12"},
                      Ending{"_exit", "exited", "14"}, Ending{"_Exit", "exited", "15"},
                      Ending{"quick_exit", "exited", "16"}, Ending{"exit_group", "exited", "17"},
                      Ending{"exit-in-thread", "exited", "13"},
                      Ending{"pthread_exit", "exited", "0"}, Ending{"abort", "signaled", "6"},
                      Ending{"fault", "signaled", "11"}, Ending{"terminate", "signaled", "15"},
                      Ending{"kill", "signaled", "9"}),
    [](const auto& tested) {
      std::string name = tested.param.how;
      std::replace(name.begin(), name.end(), '-', '_');
      return name == "_exit"   ? std::string("immediate_exit")
             : name == "_Exit" ? std::string("immediate_Exit")
                               : name;
    });

using Lifetime = EndToEnd;

TEST_F(Lifetime, AllocationsBeforeMainAreCounted) {
  const auto run = expect_same_and_exact(in_directory({test_program("before_main")}));
  EXPECT_EQ(run.finished.out,
            "answer 42, resolver 1, preinit 1, constructor 1, unknown names 1000\n");
}

TEST_F(Lifetime, AllocationsInThreadAndProgramDestructorsAreCounted) {
  const auto run = expect_same_and_exact(in_directory({test_program("end_of_life")}));
  EXPECT_EQ(run.finished.out, "3000 thread-local and 12000 key destructors\n");
}

TEST_F(Lifetime, TheStaticDestructorsLeakIsFound) {
  const auto run = run_recorded(in_directory({test_program("end_of_life")}));
  for (const Row& row : run.recording.rows("leaks", {"--limit", "0"})) {
    if (row.live_bytes == 123 && row.calls("(anonymous namespace)::AllocatesAtTheEnd::"
                                           "~AllocatesAtTheEnd()")) {
      return;
    }
  }
  ADD_FAILURE() << "no leak of 123 bytes in ~AllocatesAtTheEnd";
}

}  // namespace
}  // namespace heapscribe::tests
