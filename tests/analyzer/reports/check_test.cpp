#include "analyzer/reports/check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;
using tests::Call;
using tests::CaptureBuilder;

// A recording that stays open, and what check sees of it.
struct Measured {
  explicit Measured(const CaptureBuilder& builder, const Scope& scope = {})
      : reader(std::make_unique<CaptureReader>(builder.build())) {
    Suppressions none;
    usage = usage_of(*reader, scope, none);
  }
  std::unique_ptr<CaptureReader> reader;
  Usage usage;
};

FigureSet known_of(const Usage& usage) {
  FigureSet known = usage.known;
  known[Figure::Temporary] = false;
  return known;
}

Baseline baseline_of(const Usage& usage) {
  return updated({}, usage, known_of(usage));
}

// The same program; after a rebuild its lines, folder and clones are others.
CaptureBuilder shop(int shift = 0, const std::string& folder = "/home/a",
                    const std::string& find = "Index<long>::find(int) const") {
  return CaptureBuilder()
      .at({Call(find, folder + "/shop.h", 10 + shift),
           Call("serve()", folder + "/shop.cpp", 20 + shift), Call("main"), Call("_start")})
      .temporaries(10, 32)
      .at({Call("load(char const*)", folder + "/load.cpp", 5 + shift), Call("main")})
      .leaked(2, 100);
}

TEST(CallPaths, AreNamesFromMainToTheFunctionToBlame) {
  const Measured run(shop());
  ASSERT_EQ(run.usage.paths.size(), 2U);
  EXPECT_EQ(run.usage.paths.begin()->first, "main > load");
  EXPECT_EQ(run.usage.paths.rbegin()->first, "main > serve > Index<>::find");
}

TEST(CallPaths, DoNotTellHowDeepARecursionWent) {
  const Measured shallow(CaptureBuilder().at({"leaf", "walk", "main"}).leaked(1, 8));
  const Measured deep(
      CaptureBuilder().at({"leaf", "walk", "visit", "walk", "visit", "walk", "main"}).leaked(1, 8));
  const Measured straight(
      CaptureBuilder().at({"leaf", "walk", "walk", "walk", "main"}).leaked(1, 8));
  EXPECT_EQ(shallow.usage.paths.begin()->first, "main > walk > leaf");
  EXPECT_EQ(straight.usage.paths.begin()->first, "main > walk > leaf");
  EXPECT_EQ(deep.usage.paths.begin()->first, "main > visit > walk > leaf");
}

TEST(CallPaths, LeaveTheStandardLibraryOut) {
  const Measured run(
      CaptureBuilder()
          .at({"void std::construct_at<A>(A*)", "std::map<int, A>::operator[](int&&)", "fill(int)",
               "void std::for_each<It, F>(It, It, F)", "main"})
          .leaked(1, 8));
  EXPECT_EQ(run.usage.paths.begin()->first, "main > fill");
  EXPECT_EQ(run.usage.paths.begin()->second.stack.blamed().function, "fill(int)");
}

TEST(Check, ARebuildPasses) {
  const Measured before(shop());
  const Measured after(shop(7, "/tmp/b", "Index<long>::find(int) const [clone .constprop.0]"));
  const auto check = check_baseline("b.toml", baseline_of(before.usage), after.usage);
  EXPECT_TRUE(check.passed());
  EXPECT_FALSE(check.improved());
  EXPECT_EQ(check.moved, 0U);
}

TEST(Check, OneAllocationMoreFailsAndNamesThePath) {
  const Measured before(shop());
  const Measured after(shop().at({"grow", "serve()", "main"}).temporaries(1, 16));
  const auto check = check_baseline("b.toml", baseline_of(before.usage), after.usage);
  EXPECT_FALSE(check.passed());
  ASSERT_EQ(check.rises.size(), 1U);
  EXPECT_EQ(check.rises[0].path, "main > serve > grow");
  EXPECT_EQ(check.rises[0].figures[Figure::Allocations].change(), 1);
  EXPECT_EQ(check.rises[0].figures[Figure::Bytes].change(), 16);
  EXPECT_TRUE(check.total[Figure::Allocations].rose());
}

TEST(Check, ARiseThatAFallOutweighsIsToldAndPasses) {
  const Measured before(
      CaptureBuilder().at({"a", "main"}).temporaries(9, 8).at({"b", "main"}).temporaries(5, 8));
  const Measured after(
      CaptureBuilder().at({"a", "main"}).temporaries(6, 8).at({"b", "main"}).temporaries(7, 8));
  const auto check = check_baseline("b.toml", baseline_of(before.usage), after.usage);
  EXPECT_TRUE(check.passed());
  ASSERT_EQ(check.rises.size(), 1U);
  EXPECT_EQ(check.rises[0].path, "main > b");
  EXPECT_TRUE(check.total[Figure::Allocations].fell());
}

TEST(Check, ARiseThatAFallMakesUpForFails) {
  const Measured before(
      CaptureBuilder().at({"a", "main"}).temporaries(9, 8).at({"b", "main"}).temporaries(5, 8));
  const Measured after(
      CaptureBuilder().at({"a", "main"}).temporaries(7, 8).at({"b", "main"}).temporaries(7, 8));
  EXPECT_FALSE(check_baseline("b.toml", baseline_of(before.usage), after.usage).passed());
}

TEST(Check, WithoutPathsTotalsAreJudgedAlone) {
  const Measured before(
      CaptureBuilder().at({"a", "main"}).temporaries(9, 8).at({"b", "main"}).temporaries(5, 8));
  const Measured after(
      CaptureBuilder().at({"a", "main"}).temporaries(7, 8).at({"b", "main"}).temporaries(7, 8));
  Baseline baseline = baseline_of(before.usage);
  baseline.has_paths = false;
  EXPECT_TRUE(check_baseline("b.toml", baseline, after.usage).passed());
  EXPECT_EQ(text_of(updated(baseline, after.usage, {})).find("[paths]"), std::string::npos);
}

TEST(Check, AnUpdateLeavesAWideToleranceOfAllAlone) {
  const Measured before(CaptureBuilder().at({"a", "main"}).temporaries(36, 8));
  Usage usage = before.usage;
  usage.total.spread[Figure::Allocations] = 3;
  Baseline baseline = baseline_of(before.usage);
  baseline.tolerance[Figure::Allocations] = {0, 0.5};
  FigureSet wanted;
  wanted[Figure::Allocations] = true;
  const Baseline renewed = updated(baseline, usage, wanted);
  EXPECT_TRUE(renewed.total[Figure::Allocations]->tolerance.is_none());
}

TEST(Check, ARenamedFunctionHasMoved) {
  const Measured before(shop());
  const Measured after(shop(0, "/home/a", "Index<long>::look_up(int) const"));
  const auto check = check_baseline("b.toml", baseline_of(before.usage), after.usage);
  EXPECT_TRUE(check.passed());
  EXPECT_FALSE(check.improved());
  EXPECT_EQ(check.moved, 1U);
}

TEST(Check, RisesComeWithTheLargestShareFirst) {
  const auto run = [](int a, int b, int c) {
    return CaptureBuilder()
        .at({"a", "main"})
        .temporaries(a, 8)
        .at({"b", "main"})
        .temporaries(b, 8)
        .at({"c", "main"})
        .temporaries(c, 8);
  };
  const Measured before(run(1, 1, 1));
  const Measured after(run(3, 9, 5));
  const auto check = check_baseline("b.toml", baseline_of(before.usage), after.usage);
  ASSERT_EQ(check.rises.size(), 3U);
  EXPECT_EQ(check.rises[0].path, "main > b");
  EXPECT_EQ(check.rises[1].path, "main > c");
  EXPECT_EQ(check.rises[2].path, "main > a");
}

TEST(Check, LessPassesAndIsWorthKeeping) {
  const Measured before(shop());
  const Measured after(
      CaptureBuilder()
          .at({Call("Index<long>::find(int) const"), Call("serve()"), Call("main")})
          .temporaries(4, 32)
          .at({Call("load(char const*)"), Call("main")})
          .leaked(2, 100));
  const auto check = check_baseline("b.toml", baseline_of(before.usage), after.usage);
  EXPECT_TRUE(check.improved());
  ASSERT_EQ(check.falls.size(), 1U);
  EXPECT_EQ(check.falls[0].figures[Figure::Allocations].change(), -6);
}

TEST(Check, ATolerancePermitsThatMuchAndNoMore) {
  const auto run = [](int times) {
    return Measured(CaptureBuilder().at({"f", "main"}).temporaries(times, 8));
  };
  const Measured before = run(100);
  Baseline baseline = updated({}, before.usage, {{true, false, false, false, false}});
  baseline.tolerance[Figure::Allocations] = {0, 0.05};
  EXPECT_TRUE(check_baseline("b.toml", baseline, run(105).usage).passed());
  EXPECT_FALSE(check_baseline("b.toml", baseline, run(106).usage).passed());
  baseline.paths["main > f"][Figure::Allocations]->tolerance = {2, 0};
  EXPECT_FALSE(check_baseline("b.toml", baseline, run(103).usage).passed());
}

TEST(Check, WhatTheRecorderDoesNotKnowOfThePeakIsNoFinding) {
  const auto run = [](int size) { return CaptureBuilder().at({"f", "main"}).leaked(1, size); };
  Baseline baseline = updated({}, Measured(run(1000)).usage, {{false, false, true, false, false}});
  EXPECT_FALSE(check_baseline("b.toml", baseline, Measured(run(1001)).usage).passed());
  const Measured vague(
      run(1001).sql("UPDATE recording SET value = 1 WHERE key = 'peak_error_bytes'"));
  EXPECT_TRUE(check_baseline("b.toml", baseline, vague.usage).passed());
}

TEST(Check, LeaksAreDefiniteBlocks) {
  const auto run = [](const char* block_class) {
    return CaptureBuilder()
        .at({"f", "main"})
        .leaked(3, 8)
        .set("leak_check", "complete")
        .sql(std::string("INSERT INTO block_class VALUES (1, '") + block_class + "', 3, 24, 0)");
  };
  const Measured kept(run("reachable"));
  const Measured lost(run("definite"));
  EXPECT_EQ(kept.usage.total.value[Figure::Leaks], 0);
  EXPECT_EQ(lost.usage.total.value[Figure::Leaks], 3);
  const auto check = check_baseline("b.toml", baseline_of(kept.usage), lost.usage);
  ASSERT_EQ(check.rises.size(), 1U);
  EXPECT_TRUE(check.rises[0].figures[Figure::Leaks].rose());
  EXPECT_FALSE(check.rises[0].figures[Figure::Allocations].rose());
}

TEST(Check, AFigureThatTheRecordingDoesNotKnowIsNamed) {
  const Measured run(shop());
  Baseline baseline;
  baseline.total[Figure::Leaks] = Expected{};
  try {
    check_baseline("b.toml", baseline, run.usage);
    FAIL() << "there is no leak check";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(
        error.what(),
        "leaks cannot be checked: no leak check was made; a baseline without them: --update "
        "--figures allocations,bytes,peak");
  }
}

// Several runs ----------------------------------------------------------------------------------

TEST(SeveralRuns, AreTheirMinimumOrAPercentile) {
  std::vector<Usage> runs;
  std::vector<Measured> open;
  for (const int times : {5, 3, 9, 4}) {
    open.emplace_back(CaptureBuilder().at({"f", "main"}).temporaries(times, 8));
    runs.push_back(open.back().usage);
  }
  const auto allocations = [&](int percentile) {
    return combined(runs, percentile).paths.at("main > f").value[Figure::Allocations];
  };
  EXPECT_EQ(allocations(0), 3);
  EXPECT_EQ(allocations(50), 4);
  EXPECT_EQ(allocations(75), 5);
  EXPECT_EQ(allocations(100), 9);
  EXPECT_EQ(combined(runs, 0).paths.at("main > f").spread[Figure::Allocations], 6);
}

TEST(SeveralRuns, APathThatOneDoesNotTakeIsNothing) {
  const Measured with(CaptureBuilder().at({"f", "main"}).temporaries(1, 8));
  const Measured without(CaptureBuilder().at({"g", "main"}).temporaries(1, 8));
  const std::vector<Usage> runs = {with.usage, without.usage};
  EXPECT_EQ(combined(runs, 0).paths.at("main > f").value[Figure::Allocations], 0);
}

TEST(SeveralRuns, WhatDiffersAmongThemBecomesATolerance) {
  const Measured one(CaptureBuilder().at({"f", "main"}).temporaries(10, 8));
  const Measured two(CaptureBuilder().at({"f", "main"}).temporaries(13, 8));
  const std::vector<Usage> runs = {one.usage, two.usage};
  const Baseline baseline = updated({}, combined(runs, 0), {{true, false, false, false, false}});
  const Expected& expected = *baseline.paths.at("main > f")[Figure::Allocations];
  EXPECT_EQ(expected.value, 10);
  EXPECT_EQ(expected.tolerance.absolute, 6);
}

// Scopes ----------------------------------------------------------------------------------------

TEST(Scopes, OnlyWhatTheyNameCounts) {
  const auto two = [](int own, int harness) {
    return CaptureBuilder()
        .at({Call("parse").in("/usr/lib/libown.so"), Call("main")})
        .temporaries(own, 8)
        .at({Call("report"), Call("main")})
        .temporaries(harness, 8);
  };
  const Scope own{{.function = "", .module = "libown", .thread = ""}, ""};
  const Baseline baseline = baseline_of(Measured(two(3, 5), own).usage);
  EXPECT_EQ(baseline.total[Figure::Allocations]->value, 3);
  EXPECT_TRUE(check_baseline("b.toml", baseline, Measured(two(3, 50), own).usage).passed());
  EXPECT_FALSE(check_baseline("b.toml", baseline, Measured(two(4, 5), own).usage).passed());
}

TEST(Scopes, OfAThreadHaveNoPeakAndNoLeaks) {
  const Measured run(CaptureBuilder()
                         .on_thread(1, "main")
                         .at({"f", "main"})
                         .temporaries(2, 8)
                         .on_thread(2, "worker")
                         .temporaries(5, 8)
                         .set("leak_check", "complete"),
                     {{.function = "", .module = "", .thread = "worker"}, ""});
  EXPECT_EQ(run.usage.total.value[Figure::Allocations], 5);
  EXPECT_FALSE(run.usage.known[Figure::Peak]);
  EXPECT_FALSE(run.usage.known[Figure::Leaks]);
}

// A site of which some was allocated in a section, some elsewhere, and by two threads.
CaptureBuilder partly_in_a_section() {
  return CaptureBuilder()
      .at({"copy", "main"})
      .temporaries(6, 10)
      .leaked(4, 10)
      .on_thread(2, "worker")
      .at({"draw", "main"})
      .leaked(3, 50)
      .sql("INSERT INTO section VALUES (1, NULL, 'request', 5, 3, 3), (2, 1, 'parse', 6, 9, 9)")
      .sql(
          "INSERT INTO section_site VALUES (1, 1, 1, 2, 20, 2, 20, 2), (2, 1, 1, 5, 50, 1, 10, 1),"
          " (2, 2, 2, 1, 50, 0, 0, 0)")
      .sql("INSERT INTO section_peak VALUES (2, 1, 4, 40), (2, 2, 1, 50)")
      .set("leak_check", "complete");
}

Scope section(const std::string& name, const std::string& thread = "",
              const std::string& from = "") {
  return {{.function = "", .module = "", .thread = thread, .section = name}, from};
}

TEST(Scopes, OfASectionCountWhatWasAllocatedInIt) {
  const Measured run(partly_in_a_section(), section("request"));
  const Observed& total = run.usage.total;
  EXPECT_EQ(total.value[Figure::Allocations], 8);
  EXPECT_EQ(total.value[Figure::Bytes], 120);
  EXPECT_EQ(total.value[Figure::Peak], 90);
  EXPECT_EQ(total.value[Figure::Temporary], 3);
  EXPECT_EQ(run.usage.paths.at("main > copy").value[Figure::Allocations], 7);
  EXPECT_EQ(Measured(partly_in_a_section(), section("request/parse", "worker"))
                .usage.total.value[Figure::Allocations],
            1);
}

TEST(Scopes, OfASectionHaveNoLeaks) {
  const Scope request = section("request");
  const Measured run(partly_in_a_section(), request);
  EXPECT_TRUE(run.usage.known[Figure::Peak]);
  EXPECT_FALSE(run.usage.known[Figure::Leaks]);
  try {
    expect_known(run.usage, Figure::Leaks, request);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "leaks cannot be checked: that is not recorded with --section request");
  }
  EXPECT_FALSE(Measured(partly_in_a_section(), section("request", "#1")).usage.known[Figure::Peak]);
}

TEST(Scopes, ASectionThatIsNotThereOrShallBeginWithASnapshotIsRefused) {
  EXPECT_THROW(Measured(partly_in_a_section(), section("reply")), std::runtime_error);
  EXPECT_THROW(Measured(partly_in_a_section(), section("request", "", "exit")), std::runtime_error);
}

TEST(Scopes, FromASnapshotOnWhatCameBeforeDoesNotCount) {
  const CaptureBuilder builder =
      CaptureBuilder()
          .at({"f", "main"})
          .temporaries(10, 8)
          .sql("INSERT INTO snapshot VALUES (1,'warm',1000,'ctl',0,0,7,56,1,0,0,0)")
          .sql("INSERT INTO snapshot_points VALUES (1,'[[1,0,0,7,56]]')");
  const Measured run(builder, {{}, "warm"});
  EXPECT_EQ(run.usage.total.value[Figure::Allocations], 3);
  EXPECT_EQ(run.usage.total.value[Figure::Bytes], 24);
  EXPECT_FALSE(run.usage.known[Figure::Peak]);
  EXPECT_THROW(Measured(builder, {{}, "cold"}), std::runtime_error);
  EXPECT_THROW(Measured(builder, {{}, "exit"}), std::runtime_error);
  EXPECT_THROW(Measured(builder, {{.function = "", .module = "", .thread = "1"}, "warm"}),
               std::runtime_error);
}

// Files -----------------------------------------------------------------------------------------

class CheckFiles : public ::testing::Test {
 protected:
  CheckFiles() { std::filesystem::create_directories(folder_); }
  ~CheckFiles() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& text) const {
    std::string path = folder_ / "f.toml";
    std::ofstream(path) << text;
    return path;
  }
  template <typename Read>
  static std::string refusal(const Read& read) {
    try {
      read();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "(accepted)";
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("check_test." + std::to_string(getpid()));
};

TEST_F(CheckFiles, ABaselineReadsAsItWasWritten) {
  const Measured run(
      shop().at({"odd \"name\\ of\x01 a f\xc3\xbcnction", "main"}).temporaries(1, 8));
  Baseline baseline = updated({}, run.usage, known_of(run.usage));
  baseline.scope = {{.function = "a\\.b\"", .module = "", .thread = "w", .section = "outer/inner"},
                    "warm up"};
  baseline.tolerance[Figure::Bytes] = {0, 0.015};
  baseline.total[Figure::Peak]->tolerance = {512, 0};
  const std::string text = text_of(baseline);
  EXPECT_EQ(text_of(read_baseline(file(text))), text);
  EXPECT_NE(text.find("\"main > load\" = { allocations = 2, bytes = 200 }\n"), std::string::npos);
  EXPECT_NE(text.find("section = \"outer/inner\"\n"), std::string::npos) << text;
  EXPECT_LT(text.find("main > load"), text.find("main > serve"));
  EXPECT_NE(text.find("bytes = \"1.5%\""), std::string::npos);
  EXPECT_NE(text.find("peak = \"208 + 512\""), std::string::npos) << text;
}

TEST_F(CheckFiles, AnUpdateKeepsTolerancesAndChosenFigures) {
  const Measured before(CaptureBuilder().at({"f", "main"}).temporaries(10, 8));
  const Measured after(CaptureBuilder().at({"f", "main"}).temporaries(8, 8));
  Baseline old = updated({}, before.usage, {{true, false, false, false, false}});
  old.paths["main > f"][Figure::Allocations]->tolerance = {0, 0.1};
  const Baseline baseline = updated(old, after.usage, {{true, false, false, false, false}});
  EXPECT_NE(text_of(baseline).find("\"main > f\" = { allocations = \"8 + 10%\" }"),
            std::string::npos)
      << text_of(baseline);
}

TEST_F(CheckFiles, ABaselineThatIsWrongIsRefusedWithItsLine) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"version = 2\n", "line 1: version 2 is not known, 1 is"},
      {"[total]\n", "is no baseline: it has no version"},
      {"version = 1\n[totals]\n", "line 2: 'totals' is none of program, scope"},
      {"version = 1\n[total]\nbytes = -1\n", "line 3: bytes = -1 is no figure"},
      {"version = 1\n[total]\nbytes = \"1 + x\"\n", "bytes = \"1 + x\" is no figure"},
      {"version = 1\n[total]\nbytes = 1.5\n", "bytes = 1.5 is no figure"},
      {"version = 1\n[total]\ncalls = 1\n", "'calls' is none of allocations, bytes, peak, leaks"},
      {"version = 1\n[paths]\n\"a\" = { peak = 1 }\n",
       "line 3: 'peak' is none of allocations, bytes, leaks"},
      {"version = 1\n[paths]\n\"a\" = 3\n", "\"a\" = 3 is not a table"},
      {"version = 1\n[scope]\nfunction = 1\n", "function = 1 is not a string"},
      {"version = 1\n[scope]\nfile = \"x\"\n",
       "'file' is none of function, module, thread, section, from"},
      {"version = 1\n[tolerance]\nbytes = \"much\"\n", "bytes = \"much\" is no tolerance"},
      {"version = 1\n", "judges nothing: its table [total] has no figure"},
      {"version = 1\n[total]\nbytes = 1\n[branches]\n\"a\" = { bytes = 1 }\n",
       "line 4: [branches] says nothing without [paths]"},
      {"version = 1\n[total]\nbytes = 1\n[branches]\n\"a\" = { leaks = 1 }\n[paths]\n",
       "line 5: leaks of the branch \"a\" is not judged, since [total] has none"},
      {"version = 1\n[total]\nbytes = \"1 + inf%\"\n", "is no figure"},
      {"version = 1\n[total\n", "line 2: this is not TOML: "},
  };
  for (const auto& [text, sentence] : wrong) {
    const std::string said = refusal([&, &contents = text] { read_baseline(file(contents)); });
    EXPECT_NE(said.find(sentence), std::string::npos) << text << "\n" << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  }
  EXPECT_NE(refusal([] { read_baseline("/no/such/file"); }).find("'/no/such/file'"),
            std::string::npos);
}

TEST_F(CheckFiles, ABranchIsReadAsItIsWritten) {
  const std::string text =
      "version = 1\n\n[total]\nallocations = 12\n\n[branches]\n"
      "\"main > reply\" = { allocations = \"10 + 2\" }\n\n[paths]\n";
  const Baseline baseline = read_baseline(file(text));
  ASSERT_EQ(baseline.branches.count("main > reply"), 1U);
  const auto& entry = baseline.branches.at("main > reply");
  EXPECT_EQ(entry[Figure::Allocations]->value, 10);
  EXPECT_EQ(entry[Figure::Allocations]->tolerance.absolute, 2);
  EXPECT_FALSE(entry[Figure::Bytes]);
  EXPECT_EQ(read_baseline(file(text_of(baseline))).branches.size(), 1U);
}

TEST_F(CheckFiles, BudgetsLimitTheRunAndItsParts) {
  const auto budgets =
      read_budgets(file("peak = \"1 KiB\"\ntemporary = \"10%\"\n[parser]\nfunction = \"^parse\"\n"
                        "allocations = 3\n"));
  ASSERT_EQ(budgets.size(), 2U);
  EXPECT_EQ(budgets[1].name, "parser");
  EXPECT_EQ(budgets[1].scope.filter.function, "^parse");
  const CaptureBuilder builder =
      CaptureBuilder().at({"parse", "main"}).temporaries(4, 8).at({"keep", "main"}).leaked(16, 64);
  const auto whole = check_budget(budgets[0], Measured(builder).usage);
  ASSERT_EQ(whole.size(), 2U);
  EXPECT_TRUE(whole[0].is_kept()) << "1024 of 1024 bytes";
  EXPECT_FALSE(whole[1].is_kept()) << "4 of 20 allocations";
  EXPECT_DOUBLE_EQ(whole[1].now, 0.2);
  const Measured part(builder, budgets[1].scope);
  const auto parser = check_budget(budgets[1], part.usage);
  ASSERT_EQ(parser.size(), 1U);
  EXPECT_FALSE(parser[0].is_kept());
  EXPECT_EQ(parser[0].largest.blamed().function, "parse");
  EXPECT_EQ(read_budgets(file("[a]\nsection = \"b/c\"\npeak = 3\n"))[0].scope, section("b/c"));
}

TEST_F(CheckFiles, ABudgetThatIsWrongIsRefusedWithItsLine) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "limits nothing"},
      {"[parser]\nfunction = \"x\"\n", "line 1: [parser] limits nothing"},
      {"peak = \"64 parsecs\"\n", "peak = \"64 parsecs\" is no limit such as \"64 MiB\" or 65536"},
      {"leaks = \"1 KiB\"\n", "leaks = \"1 KiB\" is no limit such as 1000"},
      {"temporary = 3\n", "temporary = 3 is no limit such as \"25%\""},
      {"allocations = -3\n", "allocations = -3 is no limit"},
      {"\nspeed = 3\n", "line 2: 'speed' is neither a figure"},
  };
  for (const auto& [text, sentence] : wrong) {
    const std::string said = refusal([&, &contents = text] { read_budgets(file(contents)); });
    EXPECT_NE(said.find(sentence), std::string::npos) << text << "\n" << said;
  }
}

}  // namespace
}  // namespace heapscribe::reports
