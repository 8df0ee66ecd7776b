// What `recover` refuses, and that it leaves nothing behind then.
#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

class Recover : public EndToEnd {
 protected:
  Finished recover(const std::filesystem::path& source, const std::filesystem::path& output) const {
    return run(in_directory({heapscribe_command(), "recover", source, "-o", output}));
  }
  std::size_t files_named(const std::string& beginning) const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory())) {
      if (entry.path().filename().string().starts_with(beginning)) ++count;
    }
    return count;
  }
};

TEST_F(Recover, RefusedWhileTheProgramIsRecordedMakesNoDatabase) {
  RunningProgram running(
      recording_command(in_directory({test_program("halfway")}), file("running.db")));
  ASSERT_TRUE(wait_until([&] { return exists(file("halfway")); }));
  const Finished refused = recover(file("running.db"), file("new.db"));
  write_text(file("go"), "");
  const Finished finished = running.finish();
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  expect_refusal(refused);
  EXPECT_NE(refused.err.find("still being recorded"), std::string::npos) << describe(refused);
  EXPECT_EQ(files_named("new.db"), 0U);
}

TEST_F(Recover, OfACompleteRecordingIsRefusedAndMakesNoDatabase) {
  const Finished finished =
      run(recording_command(in_directory({test_program("hello")}), file("complete.db")));
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  expect_refusal(recover(file("complete.db"), file("new.db")));
  EXPECT_EQ(files_named("new.db"), 0U);
}

}  // namespace
}  // namespace heapscribe::tests
