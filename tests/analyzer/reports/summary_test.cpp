#include "analyzer/reports/summary.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "analyzer/reports/losses.h"
#include "preload/wire/losses.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;
using model::Count;
using tests::CaptureBuilder;

std::string end_of(CaptureBuilder builder) {
  CaptureReader reader(builder.at({"f"}).leaked(1, 8).build());
  return summarize(reader, {}).end.text;
}

TEST(Summary, SaysHowTheProgramEnded) {
  EXPECT_EQ(end_of(CaptureBuilder()), "exited with status 0");
  EXPECT_EQ(end_of(CaptureBuilder().set("end_kind", "signaled").set("end_status", 9)),
            "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(end_of(CaptureBuilder().set("end_kind", "signaled").set("end_status", 35)),
            "killed by signal 35");
  EXPECT_EQ(end_of(CaptureBuilder().set("end_kind", "execed").set("exec_path", "/bin/ls")),
            "replaced by /bin/ls");
  EXPECT_EQ(end_of(CaptureBuilder().set("end_kind", "unknown").set("end_status", "")),
            "ended in an unknown way");
}

TEST(Summary, TheCommandLineCanBeCopiedIntoAShell) {
  CaptureReader reader(CaptureBuilder().set("command_line", R"(["jq","-n","a b","it's"])").build());
  EXPECT_EQ(summarize(reader, {}).command_line, "jq -n 'a b' 'it'\\''s'");
}

TEST(Summary, TotalsOfALiveRecordingComeFromItsThreads) {
  CaptureReader reader(
      CaptureBuilder().at({"f"}).leaked(3, 100).still_recording(getpid(), getpid()).build());
  EXPECT_EQ(reader.state(), model::RecordingState::Live);
  const Summary summary = summarize(reader, {});
  EXPECT_EQ(summary.totals.allocations, Count{3});
  EXPECT_EQ(summary.totals.live_bytes, model::Bytes{300});
  EXPECT_EQ(summary.end.text, "still running");
}

TEST(Losses, EveryKindIsThereAndZeroWhenNothingWasLost) {
  CaptureReader reader(CaptureBuilder().build());
  EXPECT_TRUE(nothing_lost(find_losses(reader)));
  EXPECT_EQ(find_losses(reader).size(), wire::kLossKinds);
  EXPECT_TRUE(caveats(reader).empty());
}

TEST(Losses, AreACaveatOfEveryReport) {
  CaptureReader reader(CaptureBuilder().lose("truncated_stacks", 3).build());
  ASSERT_EQ(caveats(reader).size(), 1U);
  EXPECT_NE(caveats(reader)[0].find("3 truncated stacks"), std::string::npos);
}

TEST(Losses, AKindThisVersionDoesNotKnowIsShownToo) {
  CaptureReader reader(CaptureBuilder().lose("lost_in_translation", 1).build());
  EXPECT_FALSE(nothing_lost(find_losses(reader)));
}

}  // namespace
}  // namespace heapscribe::reports
