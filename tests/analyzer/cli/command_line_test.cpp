// The command as a process: exit statuses, streams, bad input.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/analyzer/golden.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;

struct Outcome {
  int status = -1;
  std::string output;
  std::string errors;
};

class CommandLine : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/heapscribe-cli-XXXXXX";
    folder_ = mkdtemp(name.data());
    CaptureBuilder()
        .at({"parse", "main"})
        .leaked(3, 100)
        .on_thread(2, "worker")
        .at({"draw", "main"})
        .temporaries(4, 7)
        .write(database());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string database() const { return folder_ + "/run.db"; }

  // Runs "heapscribe ARGUMENTS" in a shell.
  Outcome run(const std::string& arguments) const {
    Outcome outcome;
    const std::string errors = folder_ + "/stderr";
    const std::string line = HEAPSCRIBE_COMMAND " " + arguments + " 2>" + errors;
    std::FILE* pipe = popen(line.c_str(), "r");
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      outcome.output.append(buffer.data(), n);
    }
    const int status = pclose(pipe);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    std::ifstream file(errors);
    outcome.errors.assign(std::istreambuf_iterator<char>(file), {});
    return outcome;
  }

  // One sentence on stderr that holds `words`, nothing on stdout, status 2.
  void expect_refused(const std::string& arguments, const std::string& words) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_EQ(outcome.output, "") << arguments;
    EXPECT_EQ(outcome.errors.rfind("heapscribe: ", 0), 0U) << outcome.errors;
    EXPECT_NE(outcome.errors.find(words), std::string::npos) << arguments << ": " << outcome.errors;
    EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
  }

  std::string folder_;
};

TEST_F(CommandLine, HelpAndVersionAreFine) {
  EXPECT_EQ(run("--version").status, 0);
  EXPECT_EQ(run("--version").output.rfind("heapscribe ", 0), 0U);
  EXPECT_EQ(run("--help").status, 0);
  EXPECT_NE(run("hotspots --help").output.find("--tree"), std::string::npos);
  EXPECT_EQ(run("summary --help").status, 0);
}

TEST_F(CommandLine, HelpKeepsToEightyColumns) {
  for (const std::string command :
       {"", "run", "leaks", "diff", "compare", "check", "health", "growth", "sections"}) {
    expect_width(run(command + " --help").output, 80);
  }
}

TEST_F(CommandLine, EveryReportPrintsEveryFormat) {
  for (const std::string report :
       {"summary", "hotspots", "peak", "temporary", "leaks", "sizes", "losses"}) {
    for (const std::string format : {"text", "json", "csv", "markdown"}) {
      const Outcome outcome = run(report + " " + database() + " --format " + format);
      EXPECT_EQ(outcome.status, 0) << report << format << outcome.errors;
      EXPECT_EQ(outcome.errors, "") << report << format;
      EXPECT_FALSE(outcome.output.empty()) << report << format;
      if (format == "json") {
        EXPECT_TRUE(json::accept(outcome.output)) << report;
      }
    }
  }
}

TEST_F(CommandLine, FiltersLimitsTreesAndGroupsWorkTogether) {
  EXPECT_EQ(json::parse(run("hotspots " + database() + " --format json --limit 1").output).size(),
            1U);
  EXPECT_EQ(
      json::parse(run("hotspots " + database() + " --format json --thread worker").output).size(),
      1U);
  EXPECT_EQ(
      json::parse(run("leaks " + database() + " --format json --function '^draw$'").output).size(),
      0U);
  EXPECT_EQ(
      json::parse(
          run("peak " + database() + " --format json --tree bottom-up --function parse").output)
          .at(0)
          .at("function"),
      "parse");
  EXPECT_EQ(json::parse(run("temporary " + database() + " --format json --group module").output)
                .at(0)
                .at("module"),
            "/usr/bin/sample");
}

TEST_F(CommandLine, UsageErrorsNameTheOffendingValueAndTheHelp) {
  expect_refused("", "a command is missing; see heapscribe --help");
  expect_refused("frobnicate", "there is no command 'frobnicate'");
  expect_refused("--frobnicate", "there is no option '--frobnicate'");
  expect_refused("summary", "DB is required; see heapscribe summary --help");
  expect_refused("hotspots " + database() + " --frobnicate",
                 "hotspots does not take '--frobnicate'");
  expect_refused("hotspots " + database() + " --by colour", "'colour' is none of bytes, ");
  expect_refused("hotspots " + database() + " --limit many", "'many' is not a number");
  expect_refused("hotspots " + database() + " --limit -1", "'-1' is not a number");
  expect_refused("summary " + database() + " --format xml", "'xml' is none of text, json");
  expect_refused("summary " + database() + " --rule x=1", "there is no rule 'x'");
}

TEST_F(CommandLine, SectionsByFunctionAreNamedAndTakeOneExpressionEach) {
  const std::string sections = "sections --section parse=parse --section all='^main$' ";
  const Outcome outcome = run(sections + database() + " --format json");
  EXPECT_EQ(outcome.errors, "");
  const json rows = json::parse(outcome.output);
  ASSERT_EQ(rows.size(), 2U) << rows;
  EXPECT_EQ(rows[0].at("section"), "all");
  EXPECT_EQ(rows[1].at("section"), "all/parse");
  EXPECT_EQ(rows[1].at("bytes"), 300);
  EXPECT_EQ(
      json::parse(run(sections + database() + " --thread worker --format json").output).size(), 1U);
  const Outcome none = run("sections " + database() + " --section x=none --format json");
  EXPECT_EQ(json::parse(none.output), json::array());
  EXPECT_NE(none.errors.find("No function on a stack"), std::string::npos) << none.errors;
}

TEST_F(CommandLine, SectionsThatAreNamedWronglyAreRefused) {
  const std::string sections = "sections " + database() + " --section ";
  expect_refused(sections + "parse", "'parse'");
  expect_refused(sections + "=parse", "'=parse'");
  expect_refused(sections + "parse=", "'parse='");
  expect_refused(sections + "'parse=('", "'('");
  expect_refused(sections + "a=parse --section a=draw", "'a' is given twice");
  expect_refused(sections + "a=parse --thread nobody", "no thread 'nobody'");
}

TEST_F(CommandLine, InputErrorsNameTheFile) {
  expect_refused("summary " + folder_ + "/none.db", "none.db");
  expect_refused("leaks " + folder_, "is not a file");
  expect_refused("peak /dev/null", "/dev/null");
  expect_refused("hotspots " + database() + " --function '('", "'('");
  expect_refused("hotspots " + database() + " --thread nobody", "no thread 'nobody'");
}

TEST_F(CommandLine, DamageInTheMiddleOfARecordingIsOneSentence) {
  std::filesystem::resize_file(database(), std::filesystem::file_size(database()) / 2);
  for (const std::string report : {"summary", "hotspots", "peak", "temporary", "leaks", "sizes"}) {
    expect_refused(report + " " + database(), "run.db");
  }
}

TEST_F(CommandLine, AClosedPipeEndsQuietly) {
  const Outcome outcome = run("hotspots " + database() + " --format json | true");
  EXPECT_EQ(outcome.errors, "");
  const Outcome gone =
      run("query " + database() +
          " 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000)"
          " SELECT i FROM n' | head -1");
  EXPECT_EQ(gone.errors, "");
}

TEST_F(CommandLine, AFullDiskIsAnError) {
  expect_refused("summary " + database() + " > /dev/full",
                 "cannot write the output: No space left");
}

TEST_F(CommandLine, QueryAnswersInSql) {
  EXPECT_EQ(
      json::parse(
          run("query " + database() + " 'SELECT count(*) AS n FROM site' --format json").output)
          .at(0)
          .at("n"),
      2);
  EXPECT_EQ(run("query " + database() + " 'SELECT 1 AS a, NULL AS a' --format csv").output,
            "a,a_2\n1,\n");
  EXPECT_EQ(run("query " + database() + " \"SELECT x'00ff' AS blob\" --format csv").output,
            "blob\nx'00ff'\n");
  EXPECT_EQ(run("query " + database() + " 'SELECT * FROM hotspots;'").status, 0);
}

TEST_F(CommandLine, QueryNeverWrites) {
  const std::string query = "query " + database() + " ";
  expect_refused(query + "'DELETE FROM site'", "only reads");
  expect_refused(query + "'CREATE TEMP TABLE t(x)'", "only reads");
  expect_refused(query + "\"ATTACH '" + folder_ + "/new.db' AS n\"", "too many attached databases");
  expect_refused(query + "\"VACUUM INTO '" + folder_ + "/new.db'\"", "heapscribe: ");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/new.db"));
}

TEST_F(CommandLine, QueryRefusesWhatIsNoQuestion) {
  const std::string query = "query " + database() + " ";
  expect_refused(query + "'SELEC 1'", "syntax error");
  expect_refused(query + "'SELECT 1; SELECT 2'", "one statement at a time");
  expect_refused(query + "''", "no statement");
  expect_refused(query + "'-- nothing'", "no statement");
  expect_refused(query + "'SELECT * FROM nowhere'", "no such table: nowhere");
}

TEST_F(CommandLine, LossesOfArraysGoToStderr) {
  CaptureBuilder().at({"f"}).leaked(1, 8).lose("nested_events", 5).write(folder_ + "/lossy.db");
  const Outcome outcome = run("hotspots " + folder_ + "/lossy.db --format json");
  EXPECT_TRUE(json::parse(outcome.output).is_array());
  EXPECT_NE(outcome.errors.find("5 nested events"), std::string::npos);
}

TEST_F(CommandLine, ClassesOfBlocksMustBeNamed) {
  for (const std::string option : {"--classes", "--fail-on"}) {
    expect_refused("leaks " + database() + " " + option + " ''", "no class of blocks is named");
    expect_refused("leaks " + database() + " " + option + " all,definite",
                   "all goes with no other");
    expect_refused("leaks " + database() + " " + option + " certain", "'certain' is no class");
  }
}

// Two sites of f and one of g.
CaptureBuilder leaky() {
  CaptureBuilder capture;
  capture.set("leak_check", "complete")
      .at({"f(int*)", "main"})
      .leaked(3, 100)
      .at({"f(int*)", "other", "main"})
      .leaked(2, 100)
      .at({"held", "main"})
      .leaked(1, 8)
      .at({"es\033[33mc", "main"})
      .leaked(1, 8)
      .sql(
          "INSERT INTO block_class VALUES (1, 'definite', 3, 300, 0), (2, 'definite', 2, 200, 0),"
          " (3, 'reachable', 1, 8, 0), (4, 'definite', 1, 8, 0)");
  return capture;
}

TEST_F(CommandLine, GeneratedSuppressionsAreExactAndSafeToPrint) {
  leaky().write(folder_ + "/leaky.db");
  const Outcome outcome =
      run("leaks " + folder_ + "/leaky.db --classes all --generate-suppressions");
  EXPECT_EQ(outcome.output,
            "# 500 B in 5 blocks\nleak:^f(int\\*)$\n"
            "# 8 B in 1 block\n# cannot be written: es\uFFFD[33mc\n");
}

TEST_F(CommandLine, LeaksCountTheBlocksOfTheFunction) {
  leaky().write(folder_ + "/leaky.db");
  const std::string leaks = "leaks " + folder_ + "/leaky.db";
  EXPECT_NE(run(leaks + " --limit 1").output.find("no pointer to 5 of its blocks"),
            std::string::npos);
  EXPECT_NE(
      run(leaks + " --function held").output.find("no such blocks (--classes all shows the rest)"),
      std::string::npos);
  EXPECT_NE(run(leaks + " --function held").output.find("`heapscribe growth`"), std::string::npos);
}

TEST_F(CommandLine, CompareWantsRunsOfTheirOwn) {
  CaptureBuilder().set("program", "other").at({"f"}).leaked(1, 8).write(folder_ + "/two.db");
  std::filesystem::create_hard_link(database(), folder_ + "/link.db");
  const std::string two = folder_ + "/two.db";
  expect_refused("compare " + database() + " " + database(), "given twice");
  expect_refused("compare " + database() + " -- " + two + " " + two, "given twice");
  expect_refused("compare " + database() + " " + two + " -- " + folder_ + "/link.db",
                 "given twice");
  const std::string words = "Two programs are compared";
  EXPECT_NE(run("compare " + database() + " " + two).output.find(words), std::string::npos);
  EXPECT_NE(run("diff " + database() + " " + two).output.find(words), std::string::npos);
}

TEST_F(CommandLine, OfSnapshotsWithOneLabelTheLastIsTakenAndNamed) {
  CaptureBuilder()
      .at({"f"})
      .leaked(1, 8)
      .sql(
          "INSERT INTO snapshot VALUES (1,'a',1000,'ctl',1,10,1,10,1,0,0,0),"
          " (2,'a',2000,'ctl',1,10,1,10,1,0,0,0)")
      .write(folder_ + "/twice.db");
  const std::string diff = "diff " + folder_ + "/twice.db --to exit --from ";
  const std::string words = "2 snapshots are called 'a'; the last was taken: snapshot 2";
  EXPECT_NE(run(diff + "a").output.find(words), std::string::npos) << run(diff + "a").output;
  EXPECT_EQ(run(diff + "1").output.find("are called"), std::string::npos);
}

TEST_F(CommandLine, WhatATerminalWouldObeyIsNotPrinted) {
  const Outcome missing = run("run -o " + folder_ + "/x.db -- \"$(printf './es\\033[33mc')\"");
  EXPECT_NE(missing.errors.find("es\uFFFD[33mc"), std::string::npos) << missing.errors;
  EXPECT_EQ(missing.errors.find('\033'), std::string::npos);
  for (const std::string character : {"\\302\\233", "\\342\\200\\256"}) {
    expect_refused("ctl 1 snapshot \"$(printf 'a" + character + "b')\"", "cannot be shown");
  }
}

TEST_F(CommandLine, AnInternalErrorPrintsItsStackAndDiesOfTheSignal) {
  const Outcome outcome =
      run("query " + database() +
          " 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n)"
          " SELECT count(*) FROM n' & pid=$!; sleep 0.5; kill -ABRT $pid; wait $pid");
  EXPECT_EQ(outcome.status, 128 + SIGABRT);
}

}  // namespace
}  // namespace heapscribe::tests
