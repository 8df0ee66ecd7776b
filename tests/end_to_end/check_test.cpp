// A library before and after three changes, held against a baseline: the check fails, passes, and
// proposes to keep what was won. And what is refused.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/support/build_paths.h"
#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class Check : public EndToEnd {
 protected:
  std::string recorded(const std::string& program, const std::string& name = "") const {
    const fs::path database = file((name.empty() ? program : name) + ".db");
    const Finished finished =
        run(recording_command(in_directory({sample_program(program)}), database, {"--quiet"}));
    EXPECT_EQ(finished.exit_status, 0) << describe(finished);
    return database;
  }
  // The same with one program's name for all.
  std::string recorded_as_one(const std::string& program) const {
    const fs::path link = file("price_list");
    fs::remove(link);
    fs::create_symlink(sample_program(program), link);
    const std::string database = file("one_" + program + ".db");
    const Finished finished = run(recording_command(in_directory({link}), database, {"--quiet"}));
    EXPECT_EQ(finished.exit_status, 0) << describe(finished);
    return database;
  }
  Finished check(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {heapscribe_command(), "check"});
    return run(in_directory(std::move(arguments)));
  }
  // The baseline of the library as it was.
  std::string baseline(const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments = {recorded("price_list_before"), "--baseline", "heap.toml",
                                          "--update"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Finished finished = check(arguments);
    EXPECT_EQ(finished.exit_status, 0) << describe(finished);
    return read_text(file("heap.toml"));
  }
  std::vector<std::string> files_here() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(Check, FailsForAnAllocationPerCallDeepInATemplate) {
  baseline();
  const std::string slower = recorded("price_list_slower");
  const Finished text = check({slower, "--baseline", "heap.toml"});
  EXPECT_EQ(text.exit_status, 1) << describe(text);
  EXPECT_NE(text.out.find("0 -> 1,000 allocations"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("shop::PriceIndex<>::find"), std::string::npos) << text.out;
  EXPECT_LT(std::count(text.out.begin(), text.out.end(), '\n'), 24) << text.out;

  const Finished data = check({slower, "--baseline", "heap.toml", "--format", "json"});
  EXPECT_EQ(data.exit_status, 1);
  const json result = json::parse(data.out);
  ASSERT_EQ(result.at("rises").size(), 1U) << data.out;
  const json& rise = result.at("rises")[0];
  EXPECT_NE(rise.at("path").get<std::string>().find(
                "main > shop::Basket<>::total > shop::PriceIndex<>::find"),
            std::string::npos)
      << rise.at("path");
  EXPECT_EQ(rise.at("old_allocations"), 0);
  EXPECT_EQ(rise.at("new_allocations"), 1000);
  EXPECT_EQ(result.at("falls"), json::array());
}

TEST_F(Check, PassesWhenOnlyLinesMove) {
  baseline();
  const Finished finished = check({recorded("price_list_moved"), "--baseline", "heap.toml"});
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  EXPECT_EQ(finished.out.find("fell"), std::string::npos) << finished.out;
  EXPECT_EQ(finished.out.find(" moved\n"), std::string::npos) << finished.out;
}

TEST_F(Check, ProposesToKeepWhatWasWon) {
  const std::string before = baseline();
  const std::string faster = recorded("price_list_faster");
  const Finished finished = check({faster, "--baseline", "heap.toml"});
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  const std::string command = "heapscribe check " + faster + " --baseline heap.toml --update";
  EXPECT_NE(finished.out.find("To keep it that way:\n  " + command), std::string::npos)
      << finished.out;
  EXPECT_EQ(read_text(file("heap.toml")), before) << "nothing is written unless asked for";

  EXPECT_EQ(check({faster, "--baseline", "heap.toml", "--update"}).exit_status, 0);
  EXPECT_EQ(check({faster, "--baseline", "heap.toml"}).exit_status, 0);
  EXPECT_EQ(check({file("price_list_before.db"), "--baseline", "heap.toml"}).exit_status, 1)
      << "the ratchet holds";
}

// The samples are one program under four names.
std::string without_program(std::string text) {
  const std::size_t begin = text.find("program = ");
  if (begin != std::string::npos) text.erase(begin, text.find('\n', begin) - begin);
  return text;
}

TEST_F(Check, ABaselineIsTheSameWhereverAndWheneverItIsMade) {
  const std::string first = baseline();
  const std::string again = recorded("price_list_before", "again");
  const std::string moved = recorded("price_list_moved");
  for (const std::string& database : {again, moved}) {
    EXPECT_EQ(check({database, "--baseline", "other.toml", "--update"}).exit_status, 0);
    EXPECT_EQ(without_program(read_text(file("other.toml"))), without_program(first));
    fs::remove(file("other.toml"));
  }
  EXPECT_EQ(first.find("0x"), std::string::npos) << first;
  EXPECT_EQ(first.find(directory().string()), std::string::npos) << first;
}

TEST_F(Check, AScopeIsKeptInTheBaseline) {
  const std::string text = baseline({"--function", "Basket<.*>::total"});
  EXPECT_NE(text.find("[scope]\nfunction = \"Basket<.*>::total\"\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("article"), std::string::npos) << text;
  EXPECT_EQ(check({recorded("price_list_slower"), "--baseline", "heap.toml"}).exit_status, 1);
  const Finished other =
      check({file("price_list_before.db"), "--baseline", "heap.toml", "--module", "x"});
  expect_refusal(other);
  EXPECT_NE(other.err.find("--module x"), std::string::npos) << other.err;
}

TEST_F(Check, ASectionOfTheProgramIsAScope) {
  const std::string database = recorded("sections");
  const Finished made =
      check({database, "--baseline", "heap.toml", "--update", "--section", "request/parse"});
  EXPECT_EQ(made.exit_status, 0) << describe(made);
  const std::string text = read_text(file("heap.toml"));
  EXPECT_NE(text.find("[scope]\nsection = \"request/parse\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("[total]\nallocations = 3000\nbytes = 15000\npeak = 0\n\n"),
            std::string::npos)
      << "leaks are not known of a section\n"
      << text;
  EXPECT_EQ(check({database, "--baseline", "heap.toml"}).exit_status, 0);
  write_text(file("heap.toml"), std::regex_replace(text, std::regex("3000"), "2999"));
  EXPECT_EQ(check({database, "--baseline", "heap.toml"}).exit_status, 1);

  write_text(file("budget.toml"),
             "[parse]\nsection = \"parse\"\nallocations = 3000\npeak = \"1 KiB\"\n"
             "[answer]\nsection = \"answer\"\nallocations = 999\n");
  const Finished over = check({database, "--budget", "budget.toml"});
  EXPECT_EQ(over.exit_status, 1) << describe(over);
  EXPECT_NE(over.out.find("Over the budget: answer: allocations"), std::string::npos) << over.out;
}

TEST_F(Check, WhatIsNotRecordedOfASectionIsRefused) {
  const std::string database = recorded("sections");
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"section = \"parse\"\nleaks = 0\n", "leaks cannot be checked"},
      {"section = \"reply\"\nallocations = 0\n", "no section 'reply'"},
      {"section = \"parse\"\nfrom = \"half\"\nallocations = 0\n", "not recorded by section"},
  };
  for (const auto& [budget, sentence] : wrong) {
    write_text(file("budget.toml"), "[part]\n" + budget);
    const Finished finished = check({database, "--budget", "budget.toml"});
    expect_refusal(finished);
    EXPECT_NE(finished.err.find(sentence), std::string::npos) << finished.err;
  }
}

TEST_F(Check, BudgetsNeedNoHistory) {
  const std::string database = recorded("price_list_before");
  write_text(file("budget.toml"),
             "leaks = 0\n[total]\nfunction = \"Basket<.*>::total\"\nallocations = 999\n");
  const Finished finished = check({database, "--budget", "budget.toml"});
  EXPECT_EQ(finished.exit_status, 1) << describe(finished);
  EXPECT_NE(finished.out.find("Over the budget: total: allocations"), std::string::npos)
      << finished.out;
  write_text(file("budget.toml"),
             "[total]\nfunction = \"Basket<.*>::total\"\nallocations = 1000\n"
             "[article]\nfunction = \"article\"\nallocations = 20\n");
  const Finished parts = check({database, "--budget", "budget.toml"});
  EXPECT_EQ(parts.exit_status, 0) << describe(parts);
  write_text(file("budget.toml"), "leaks = 0\npeak = \"1 MiB\"\n");
  EXPECT_EQ(check({database, "--budget", "budget.toml"}).exit_status, 0);
  EXPECT_EQ(check({recorded("leaky_cache"), "--budget", "budget.toml"}).exit_status, 1);
}

// We keep to what we tell others.
TEST_F(Check, TheAnalyzerKeepsToItsOwnBudget) {
  const std::string subject = recorded("leaky_cache");
  const RecordedRun own =
      run_recorded(in_directory({heapscribe_command(), "hotspots", subject}), {"--no-symbols"});
  EXPECT_EQ(own.finished.exit_status, 0) << describe(own.finished);
  const Finished finished = check({own.recording.path(), "--budget",
                                   std::string(HEAPSCRIBE_TEST_SOURCES) + "/analyzer_budget.toml"});
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
}

TEST_F(Check, ResultsComeInTheFormatsOfContinuousIntegration) {
  baseline();
  const std::string slower = recorded("price_list_slower");
  const fs::path samples =
      fs::path(HEAPSCRIBE_TEST_SOURCES).parent_path().parent_path() / "samples";
  const Finished finished =
      check({slower, "--baseline", "heap.toml", "--format", "github", "--junit", "junit.xml",
             "--sarif", "heap.sarif", "--markdown", "heap.md", "--source-root", samples});
  EXPECT_EQ(finished.exit_status, 1) << describe(finished);
  EXPECT_NE(finished.out.find("Check of price_list_slower: FAILED"), std::string::npos);
  EXPECT_TRUE(std::regex_search(
      finished.out, std::regex("\n::error file=price_list\\.h,line=[0-9]+,title=heapscribe%3A "
                               "more-allocations::shop::PriceIndex<>::find")))
      << finished.out;
  const json sarif = json::parse(read_text(file("heap.sarif")));
  EXPECT_EQ(sarif.at("runs")[0].at("results")[0].at("ruleId"), "more-allocations");
  EXPECT_NE(read_text(file("heap.md")).find("`shop::PriceIndex<>::find`"), std::string::npos);
  ASSERT_TRUE(is_installed("xmllint"));
  const Finished names = run(
      in_directory({"xmllint", "--xpath", "string(//testcase[failure]/@file)", file("junit.xml")}));
  EXPECT_EQ(names.exit_status, 0) << describe(names);
  EXPECT_EQ(names.out, "price_list.h\n");
}

TEST_F(Check, SarifKeepsToItsSchema) {
  const fs::path sources = HEAPSCRIBE_TEST_SOURCES;
  if (!is_installed("node")) GTEST_SKIP() << "node is not installed";
  if (!fs::exists(sources.parent_path().parent_path() / "node_modules/@microsoft/jest-sarif")) {
    GTEST_SKIP() << "the schema is not installed, see scripts/packages.txt";
  }
  const auto validate = [&](const std::string& name) {
    return run(in_directory({"node", sources / "validate_sarif.js", file(name)}));
  };
  baseline();
  write_text(file("budget.toml"), "peak = 3\nallocations = 9\ntemporary = \"1%\"\n");
  const std::string slower = recorded("price_list_slower");
  const Finished failed = check({slower, "--baseline", "heap.toml", "--budget", "budget.toml",
                                 "--sarif", "failed.sarif", "--source-root", sources});
  EXPECT_EQ(failed.exit_status, 1) << describe(failed);
  EXPECT_EQ(
      check({file("price_list_before.db"), "--baseline", "heap.toml", "--sarif", "passed.sarif"})
          .exit_status,
      0);
  for (const std::string name : {"failed.sarif", "passed.sarif"}) {
    const Finished valid = validate(name);
    EXPECT_EQ(valid.exit_status, 0) << name << ": " << describe(valid);
  }
  write_text(file("wrong.sarif"), std::regex_replace(read_text(file("failed.sarif")),
                                                     std::regex("\"error\""), "\"fatal\""));
  EXPECT_EQ(validate("wrong.sarif").exit_status, 1) << "the validator looks at nothing";
}

TEST_F(Check, OfSeveralRunsTheLowestCounts) {
  baseline();
  const std::string slower = recorded_as_one("price_list_slower");
  const std::string before = recorded_as_one("price_list_before");
  EXPECT_EQ(check({slower, before, "--baseline", "heap.toml"}).exit_status, 0);
  EXPECT_EQ(check({slower, before, "--baseline", "heap.toml", "--percentile", "100"}).exit_status,
            1);
}

TEST_F(Check, RecordingsOfSeveralProgramsAreRefused) {
  baseline();
  const Finished finished = check(
      {recorded("price_list_slower"), file("price_list_before.db"), "--baseline", "heap.toml"});
  expect_refusal(finished);
  EXPECT_NE(finished.err.find("of price_list_slower"), std::string::npos) << finished.err;
}

TEST_F(Check, WhatMayBeHalfARunGetsANote) {
  baseline();
  const Finished other = check({recorded("price_list_moved"), "--baseline", "heap.toml"});
  EXPECT_NE(other.out.find("The baseline was made of price_list_before"), std::string::npos)
      << other.out;
  const std::string database = file("failed.db");
  run(recording_command(in_directory({"sh", "-c", "exit 3"}), database, {"--quiet"}));
  const Finished failed = check({database, "--baseline", "failed.toml", "--update"});
  EXPECT_NE(failed.out.find("exited with status 3"), std::string::npos) << failed.out;
}

TEST_F(Check, WhatCannotBeCheckedIsSaidInASentenceAndNothingIsWritten) {
  const std::string before = recorded("price_list_before");
  write_text(file("bad.toml"), "version = 1\n[total]\nbytes = \"few\"\n");
  write_text(file("budget.toml"), "peak = \"much\"\n");
  const auto files = files_here();
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{before}, "--baseline FILE or --budget FILE"},
      {{before, "--update", "--budget", "budget.toml"}, "--update"},
      {{before, "--baseline", "none.toml"}, "none.toml"},
      {{before, "--baseline", "bad.toml"}, "bytes = \"few\""},
      {{before, "--baseline", "bad.toml", "--update"}, "bytes = \"few\""},
      {{before, "--baseline", "new.toml", "--update", "--budget", "budget.toml"}, "\"much\""},
      {{before, "--baseline", "/no/such/folder/new.toml", "--update"}, "/no/such/folder"},
      {{before, "--baseline", ".", "--update"}, "'.'"},
      {{before, "--baseline", "new.toml", "--update", "--from", "nowhere"}, "nowhere"},
      {{before, "--baseline", "new.toml", "--update", "--junit", "/no/such/folder/j.xml"},
       "/no/such/folder/j.xml"},
      {{before, "--baseline", "new.toml", "--update", "--sarif", "s.sarif", "--source-root", "no"},
       "'no'"},
      {{before, "--baseline", "new.toml", "--update", "--function", "("}, "("},
      {{before, "--baseline", "new.toml", "--update", "--percentile", "0"}, "'0'"},
      {{before, "--baseline", "new.toml", "--update", "--figures", "speed"}, "'speed'"},
      {{"none.db", "--baseline", "new.toml", "--update"}, "none.db"},
      {{file("bad.toml"), "--baseline", "new.toml", "--update"}, "bad.toml"},
  };
  for (const auto& [arguments, named] : wrong) {
    const Finished finished = check(arguments);
    expect_refusal(finished);
    EXPECT_NE(finished.err.find(named), std::string::npos) << named << "\n" << finished.err;
  }
  EXPECT_EQ(files_here(), files);
}

TEST_F(Check, SamplesHaveNoCountsToCompare) {
  const fs::path database = file("sampled.db");
  const Finished finished = run(recording_command(
      in_directory({sample_program("price_list_before")}), database, {"--sample", "64"}));
  ASSERT_EQ(finished.exit_status, 0) << describe(finished);
  const Finished refused = check({database, "--baseline", "new.toml", "--update"});
  expect_refusal(refused);
  EXPECT_NE(refused.err.find("samples"), std::string::npos) << refused.err;
}

TEST_F(Check, AnUpdateThatCannotBeWrittenLeavesTheOldBaseline) {
  const std::string before = baseline();
  const std::string faster = recorded("price_list_faster");
  const auto files = files_here();
  const Finished finished = run(in_directory(
      {"sh", "-c",
       "trap '' XFSZ; ulimit -f 0; exec \"$0\" check \"$1\" --baseline heap.toml --update",
       heapscribe_command(), faster}));
  expect_refusal(finished);
  EXPECT_EQ(read_text(file("heap.toml")), before);
  EXPECT_EQ(files_here(), files);
}

// Health ----------------------------------------------------------------------------------------

TEST_F(Check, HealthIsTheExitStatus) {
  const auto health = [&](const std::string& sample, std::vector<std::string> options = {}) {
    std::vector<std::string> command = {heapscribe_command(), "health", recorded(sample)};
    command.insert(command.end(), options.begin(), options.end());
    Finished finished = run(in_directory(command));
    fs::remove(file(sample + ".db"));
    return finished;
  };
  EXPECT_EQ(health("quiet").exit_status, 0);
  const Finished temporary = health("temporary_strings");
  EXPECT_EQ(temporary.exit_status, 1) << describe(temporary);
  const Finished leaky = health("leaky_cache");
  EXPECT_EQ(leaky.exit_status, 2) << describe(leaky);
  EXPECT_NE(leaky.out.find("Health of leaky_cache: critical"), std::string::npos) << leaky.out;
  EXPECT_NE(leaky.out.find("heapscribe leaks "), std::string::npos) << leaky.out;
  EXPECT_EQ(health("leaky_cache", {"--rule", "lost_bytes_critical=1e9"}).exit_status, 1);
  expect_refusal(health("leaky_cache", {"--rule", "no_such_rule=1"}));
  expect_refusal(run(in_directory({heapscribe_command(), "health", "none.db"})));
}

}  // namespace
}  // namespace heapscribe::tests
