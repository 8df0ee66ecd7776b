// --free-stacks: every release is counted for the pair of who made the block and who released it.
#include <signal.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

struct Sum {
  std::int64_t frees = 0, bytes = 0;
  bool operator==(const Sum&) const = default;
};
void PrintTo(const Sum& sum, std::ostream* stream) {
  *stream << sum.frees << " frees of " << sum.bytes << " bytes";
}

std::string bare(const std::string& function) {
  return function.substr(0, function.find('('));
}

// By "maker > releaser".
std::map<std::string, Sum> pairs_of(const Recording& recording) {
  std::map<std::string, Sum> pairs;
  for (const auto& row : nlohmann::json::parse(recording.json_text("releases"))) {
    Sum& sum = pairs[bare(row.at("function")) + " > " + bare(row.at("released_function"))];
    sum.frees += row.at("frees").get<std::int64_t>();
    sum.bytes += row.at("bytes").get<std::int64_t>();
  }
  return pairs;
}

void expect_every_release_known(const Recording& recording) {
  EXPECT_EQ(recording.integer("SELECT count(*) FROM (SELECT s.frees, s.freed_bytes, "
                              "(SELECT ifnull(sum(frees), 0) FROM release WHERE site_id = s.id) f, "
                              "(SELECT ifnull(sum(bytes), 0) FROM release WHERE site_id = s.id) b "
                              "FROM site s WHERE frees <> f OR freed_bytes <> b)"),
            0);
  EXPECT_GT(recording.integer("SELECT sum(frees) FROM release"), 0);
}

class Releases : public EndToEnd {
 protected:
  RecordedRun recorded(const std::vector<std::string>& arguments,
                       std::vector<std::string> options = {}) const {
    std::vector<std::string> command = {test_program("releases")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    options.emplace_back("--free-stacks");
    return run_recorded(in_directory(command), options);
  }
};

void expect_known_pairs(const Recording& recording, std::int64_t rounds) {
  const std::map<std::string, Sum> pairs = pairs_of(recording);
  const auto pair = [&](const std::string& name) {
    const auto found = pairs.find(name);
    return found != pairs.end() ? found->second : Sum{};
  };
  EXPECT_EQ(pair("make_for_others > drop_of_others"), (Sum{rounds, 100 * rounds}));
  EXPECT_EQ(pair("keep_to_myself > keep_to_myself"), (Sum{rounds, 64 * rounds}));
  EXPECT_EQ(pair("grow_and_pass_on > grow_and_pass_on"),
            (Sum{3 * rounds, (10 + 1000 + 2000) * rounds}));
  EXPECT_EQ(pair("grow_and_pass_on > drop_of_others"), (Sum{rounds, 3000 * rounds}));
  EXPECT_EQ(pair("make_thing > destroy_thing"), (Sum{rounds, 48 * rounds}));
}

TEST_F(Releases, PairsWhoMadeWithWhoReleased) {
  const RecordedRun run = recorded({"1000"});
  EXPECT_EQ(run.finished.exit_status, 0);
  expect_exact(run);
  expect_known_pairs(run.recording, 1000);
  expect_every_release_known(run.recording);
}

TEST_F(Releases, SurvivesAKillOfTheProgram) {
  const RecordedRun run = recorded({"500", std::to_string(SIGKILL)});
  expect_known_pairs(run.recording, 500);
  expect_every_release_known(run.recording);
}

TEST_F(Releases, WorksOnThePool) {
  const RecordedRun run = recorded({"1000"}, {"--allocator", "pool"});
  expect_known_pairs(run.recording, 1000);
  expect_every_release_known(run.recording);
}

TEST_F(Releases, RealProgramsKeepTheirNumbers) {
  const Command sum = in_directory({"perl", "-e", "my %h; $h{$_ % 999} = 'x' x $_ for 1..5000;"});
  const RecordedRun run = run_recorded(sum, {"--free-stacks"});
  expect_same(run_plain(sum), run);
  expect_exact(run);
  expect_every_release_known(run.recording);
}

TEST_F(Releases, WithoutTheOptionTheReportSaysHowToGetThem) {
  const RecordedRun run = run_recorded(in_directory({test_program("releases"), "3"}));
  const Finished report =
      heapscribe::tests::run({{heapscribe_command(), "releases", run.recording.path()}});
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_NE(report.out.find("run --free-stacks"), std::string::npos) << report.out;
}

TEST_F(Releases, NeedsStacks) {
  for (const char* mode : {"counts", "sample"}) {
    const Finished refused =
        heapscribe::tests::run(recording_command(in_directory({test_program("releases"), "3"}),
                                                 file("x.db"), {"--free-stacks", "--mode", mode}));
    expect_refusal(refused);
    EXPECT_NE(refused.err.find(mode), std::string::npos) << refused.err;
  }
}

}  // namespace
}  // namespace heapscribe::tests
