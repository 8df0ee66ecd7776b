// Whatever is wrong with the input: one sentence, exit status 2, nobody harmed.
#include "preload/capture/database.h"
#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

namespace fs = std::filesystem;

class BadInput : public EndToEnd {
 protected:
  Finished heapscribe(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), heapscribe_command());
    return run(in_directory(std::move(arguments)));
  }
  // A small, good recording to be spoilt.
  fs::path recording() const {
    fs::path database = file("good.db");
    const Finished finished =
        run(recording_command(in_directory({test_program("hello")}), database));
    EXPECT_EQ(finished.exit_status, 0) << describe(finished);
    return database;
  }
};

TEST_F(BadInput, AMissingProgramIsNamed) {
  const Finished finished = heapscribe({"run", "-o", file("out.db"), "--", "/no/such/program"});
  expect_refusal(finished);
  EXPECT_NE(finished.err.find("/no/such/program"), std::string::npos) << describe(finished);
  EXPECT_FALSE(exists(file("out.db")));
}

TEST_F(BadInput, AProgramThatIsNotInPathIsNamed) {
  const Finished finished = heapscribe({"run", "--", "no-such-program-anywhere"});
  expect_refusal(finished);
  EXPECT_NE(finished.err.find("no-such-program-anywhere"), std::string::npos);
}

TEST_F(BadInput, AFileThatIsNotExecutableIsRefused) {
  write_text(file("text"), "hello");
  expect_refusal(heapscribe({"run", "--", file("text")}));
}

TEST_F(BadInput, AnOptionThatWouldDoNothingIsRefused) {
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--trace-full", "drop"}, {"--trace-ring", "4KiB"}}) {
    const Finished finished =
        run(recording_command(in_directory({test_program("hello")}), file("x.db"), options));
    expect_refusal(finished);
    EXPECT_NE(finished.err.find(options.front() + " wants --trace"), std::string::npos);
    EXPECT_FALSE(exists(file("x.db")));
  }
}

TEST_F(BadInput, ATimeThatIsNoneIsNamed) {
  const fs::path database = recording();
  const std::vector<std::vector<std::string>> wrong = {
      {"--from", "abc", "'abc' is not a time"}, {"--to", "nan", "'nan' is not a time"},
      {"--from", "-1", "'-1' is not a time"},   {"--to", "1e30", "'1e30' is not a time"},
      {"--thread", "x", "'x' is not a number"}, {"--site", "1.5", "'1.5' is not a number"}};
  for (const auto& words : wrong) {
    const Finished finished = heapscribe({"trace", database, words[0], words[1]});
    expect_refusal(finished);
    EXPECT_NE(finished.err.find(words[0] + ": " + words[2]), std::string::npos) << finished.err;
  }
  expect_refusal(heapscribe({"trace", database, "--from", "5", "--to", "1"}));
}

TEST_F(BadInput, ADirectoryIsNotAProgram) {
  expect_refusal(heapscribe({"run", "--", directory()}));
}

TEST_F(BadInput, RunWithoutAProgramIsRefused) {
  expect_refusal(heapscribe({"run"}));
}

TEST_F(BadInput, AnUnwritableOutputIsRefusedBeforeTheProgramStarts) {
  const Finished finished =
      heapscribe({"run", "-o", "/no/such/folder/out.db", "--", test_program("hello")});
  expect_refusal(finished);
  EXPECT_EQ(finished.out, "");
}

TEST_F(BadInput, AnExistingOutputIsNotOverwritten) {
  write_text(file("precious"), "the user's own");
  const Finished finished =
      heapscribe({"run", "-o", file("precious"), "--", test_program("hello")});
  expect_refusal(finished);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(read_text(file("precious")), "the user's own");
}

TEST_F(BadInput, AnUnknownCommandIsRefused) {
  expect_refusal(heapscribe({"frobnicate"}));
}

TEST_F(BadInput, AnUnknownOptionIsRefused) {
  expect_refusal(heapscribe({"summary", "--no-such-option", recording()}));
}

TEST_F(BadInput, AnUnknownOptionOfRunIsRefused) {
  expect_refusal(heapscribe({"run", "--no-such-option", "--", test_program("hello")}));
}

TEST_F(BadInput, AnUnknownModeIsRefused) {
  expect_refusal(heapscribe({"run", "--mode", "everything", "--", test_program("hello")}));
}

TEST_F(BadInput, AnUnknownFormatIsRefused) {
  expect_refusal(heapscribe({"summary", recording(), "--format", "interpretive-dance"}));
}

TEST_F(BadInput, AStatementThatIsNotSqlIsRefused) {
  expect_refusal(heapscribe({"query", recording(), "SELEKT 1"}));
}

// Every report meets the same spoilt files.
class BadDatabase : public BadInput, public ::testing::WithParamInterface<std::string> {
 protected:
  void expect_report_refuses(const fs::path& database) const {
    const Finished finished = heapscribe({GetParam(), database});
    expect_refusal(finished);
    EXPECT_EQ(finished.out, "");
    EXPECT_NE(finished.err.find(database.filename().string()), std::string::npos)
        << describe(finished);
  }
};

TEST_P(BadDatabase, ThatIsMissingIsRefused) {
  expect_report_refuses(file("missing.db"));
}

TEST_P(BadDatabase, ThatIsADirectoryIsRefused) {
  fs::create_directory(file("folder.db"));
  expect_report_refuses(file("folder.db"));
}

TEST_P(BadDatabase, ThatIsEmptyIsRefused) {
  write_text(file("empty.db"), "");
  expect_report_refuses(file("empty.db"));
}

TEST_P(BadDatabase, ThatIsNoDatabaseIsRefused) {
  write_text(file("text.db"), std::string(10000, 'x'));
  expect_report_refuses(file("text.db"));
}

TEST_P(BadDatabase, ThatIsSomebodyElsesIsRefused) {
  capture::Database foreign(file("foreign.db"), capture::OpenMode::Create);
  foreign.execute("CREATE TABLE recording(key, value); CREATE TABLE site(id)");
  expect_report_refuses(file("foreign.db"));
}

TEST_P(BadDatabase, ThatIsNewerIsRefused) {
  const fs::path database = recording();
  capture::Database(database, capture::OpenMode::ReadWrite).execute("PRAGMA user_version = 999");
  expect_report_refuses(database);
}

TEST_P(BadDatabase, ThatIsTruncatedIsRefused) {
  const fs::path database = recording();
  const auto size = fs::file_size(database);
  for (const auto left : {size / 2, size - 1000, std::uintmax_t{4096}, std::uintmax_t{100}}) {
    const fs::path cut = file("cut" + std::to_string(left) + ".db");
    fs::copy_file(database, cut);
    fs::resize_file(cut, left);
    SCOPED_TRACE(std::to_string(left) + " of " + std::to_string(size) + " bytes");
    expect_report_refuses(cut);
  }
}

INSTANTIATE_TEST_SUITE_P(Report, BadDatabase,
                         ::testing::Values("summary", "hotspots", "peak", "temporary", "leaks",
                                           "sizes"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace heapscribe::tests
