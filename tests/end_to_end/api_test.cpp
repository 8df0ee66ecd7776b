// Programs that speak to the library through heapscribe.h, under it and without it.
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;

class Api : public EndToEnd {
 protected:
  Command program(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {test_program("api_from_c")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return in_directory(command);
  }
  static json json_of(const Recording& recording, const std::string& report,
                      const std::vector<std::string>& options = {}) {
    return json::parse(recording.json_text(report, options));
  }
  static std::map<std::string, json> sections(const Recording& recording,
                                              const std::vector<std::string>& options = {}) {
    std::map<std::string, json> found;
    for (const json& row : json_of(recording, "sections", options)) {
      found[row.at("section")] = row;
    }
    return found;
  }
  static std::int64_t of_reports(const Recording& recording, const std::string& section,
                                 const std::string& measure) {
    std::int64_t sum = 0;
    for (const json& row : json_of(recording, "hotspots", {"--section", section})) {
      sum += row.at(measure).get<std::int64_t>();
    }
    return sum;
  }
};

void expect_sums(const json& row, std::int64_t entered, std::int64_t allocations,
                 std::int64_t bytes, std::int64_t live_blocks) {
  EXPECT_EQ(row.at("entered"), entered) << row;
  EXPECT_EQ(row.at("allocations"), allocations) << row;
  EXPECT_EQ(row.at("bytes"), bytes) << row;
  EXPECT_EQ(row.at("live_blocks"), live_blocks) << row;
}

void expect_nested(const std::map<std::string, json>& sections) {
  ASSERT_EQ(sections.size(), 3U);
  expect_sums(sections.at("outer"), 1, 25, 1600, 6);
  EXPECT_EQ(sections.at("outer").at("net_allocations"), 10);
  EXPECT_EQ(sections.at("outer").at("net_bytes"), 1000);
  EXPECT_EQ(sections.at("outer").at("net_live_bytes"), 600);
  expect_sums(sections.at("outer/inner"), 3, 15, 600, 0);
  EXPECT_EQ(sections.at("outer/inner").at("temporary"), 15);
  expect_sums(sections.at("inner"), 1, 2, 60, 2);
  EXPECT_EQ(sections.at("inner").at("ended"), 1);
}

TEST_F(Api, SectionsAreExactAndChangeNothing) {
  const RecordedRun run = expect_same_and_exact(program({"nested"}));
  expect_nested(sections(run.recording));
  EXPECT_EQ(run.recording.integer("SELECT sum(bytes) FROM section_peak"), 1060);
}

TEST_F(Api, SectionsAreExactWithoutStacksToo) {
  const RecordedRun run = run_recorded(program({"nested"}), {"--mode", "counts"});
  expect_exact(run);
  expect_nested(sections(run.recording));
}

TEST_F(Api, SectionsAreExactOnThePool) {
  const RecordedRun run = run_recorded(program({"nested"}), {"--allocator", "pool"});
  expect_nested(sections(run.recording));
}

TEST_F(Api, SamplesBelongToSections) {
  const RecordedRun run = run_recorded(program({"nested"}), {"--sample", "1B"});
  const auto found = sections(run.recording);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_NEAR(found.at("outer").at("bytes").get<double>(), 1600, 100);
  EXPECT_EQ(found.at("outer").at("entered"), 1);
}

TEST_F(Api, ReportsCanBeRestrictedToASection) {
  const Recording recording = run_recorded(program({"nested"})).recording;
  EXPECT_EQ(of_reports(recording, "outer", "allocations"), 25);
  EXPECT_EQ(of_reports(recording, "outer/inner", "allocations"), 15);
  EXPECT_EQ(of_reports(recording, "inner", "allocations"), 17);
  EXPECT_EQ(of_reports(recording, "outer", "live_bytes"), 600);
  EXPECT_EQ(of_reports(recording, "outer", "peak_bytes"), 1000);
}

TEST_F(Api, AnUnknownSectionIsRefused) {
  const Recording recording = run_recorded(program({"nested"})).recording;
  expect_refusal(run(Command{
      .arguments = {heapscribe_command(), "hotspots", recording.path(), "--section", "none"}}));
}

TEST_F(Api, AMillionEntriesTakeNoSpace) {
  const RecordedRun run = run_recorded(program({"repeated", "1000000"}));
  expect_exact(run);
  expect_sums(sections(run.recording).at("loop"), 1'000'000, 1000, 16'000, 0);
  EXPECT_EQ(run.recording.integer("SELECT count(*) FROM section"), 1);
}

TEST_F(Api, TooManySectionsAreCountedAsALoss) {
  const RecordedRun run = run_recorded(program({"names", "5000"}));
  const Summary summary = run.recording.summary();
  EXPECT_EQ(summary.losses.at("unkept_sections"), 905U);
  EXPECT_EQ(run.recording.integer("SELECT count(*) FROM section"), 4095);
  EXPECT_EQ(run.recording.integer("SELECT sum(allocations) FROM section_site"), 4095);
  const auto counted = counts_of(run);
  ASSERT_TRUE(counted);
  EXPECT_EQ(summary.allocations, counted->allocations);
}

TEST_F(Api, EndsThatAreMissingOrTooManyDoNoHarm) {
  const RecordedRun run = run_recorded(program({"unbalanced"}));
  const auto found = sections(run.recording);
  ASSERT_EQ(found.size(), 3U);
  expect_sums(found.at("jumped over"), 1, 2, 120, 0);
  EXPECT_EQ(found.at("jumped over/never ended").at("ended"), 0);
  expect_sums(found.at("recursion"), 100, 100, 2400, 0);
  EXPECT_EQ(run.recording.summary().losses.at("misplaced_ends"), 1U);
}

TEST_F(Api, ASecondEndDoesNotEndAnotherSection) {
  const RecordedRun run = run_recorded(program({"ended-twice"}));
  const auto found = sections(run.recording);
  ASSERT_EQ(found.size(), 3U);
  expect_sums(found.at("second"), 1, 3, 30, 0);
  expect_sums(found.at("second/within"), 1, 1, 10, 0);
  EXPECT_EQ(run.recording.summary().losses.at("misplaced_ends"), 2U);
}

TEST_F(Api, MayBeCalledBeforeTheFirstAllocation) {
  const RecordedRun run = expect_same_and_exact(in_directory({test_program("early_sections")}));
  const auto found = sections(run.recording);
  // In DT_PREINIT_ARRAY libc has no environment yet: there a block is counted, but no section.
  ASSERT_EQ(found.size(), 1U);
  expect_sums(found.at("library"), 1, 1, 1001, 1);
}

TEST_F(Api, AForkedChildIsInNoSection) {
  const RecordedRun run = expect_same_and_exact(program({"fork"}));
  EXPECT_EQ(run.finished.out, "the child is not recorded\n");
  const auto found = sections(run.recording);
  ASSERT_EQ(found.size(), 1U);
  expect_sums(found.at("forks"), 1, 2, 200, 2);
}

TEST_F(Api, ThreadsHaveSectionsOfTheirOwn) {
  const Command command = in_directory({test_program("api_from_threads"), "8", "200"});
  const RecordedRun run = expect_same_and_exact(command);
  const auto found = sections(run.recording);
  ASSERT_EQ(found.size(), 4U);
  // Only the first thread's blocks were freed, by another thread, which was in no section.
  expect_sums(found.at("work"), 1600, 1600 * 4, 1600 * (3 * 64 + 32), 1400);
  expect_sums(found.at("work/detail"), 1600, 1600, 1600 * 32, 1400);
  expect_sums(found.at("ends here"), 4, 4, 40, 0);
  EXPECT_EQ(found.at("ends here").at("ended"), 0);
  expect_sums(found.at("request"), 1, 2, 3000, 0);
  EXPECT_EQ(found.at("request").at("ended"), 1);
}

TEST_F(Api, SnapshotsAndMarkersOfTheProgram) {
  const Recording recording = run_recorded(program({"moments"})).recording;
  const json snapshots = json_of(recording, "snapshots");
  ASSERT_GE(snapshots.size(), 4U);
  EXPECT_EQ(snapshots.at(0).at("label"), "ten blocks");
  EXPECT_EQ(snapshots.at(0).at("cause"), "program");
  EXPECT_EQ(snapshots.at(0).at("live_bytes"), 10'000);
  EXPECT_EQ(recording.integer("SELECT count(*) FROM snapshot WHERE label = 'program-1'"), 1);
  EXPECT_EQ(recording.integer("SELECT count(*) FROM marker WHERE name = 'twenty?blocks'"), 1);
  const std::int64_t between = recording.integer("SELECT max(ns) - min(ns) FROM marker");
  EXPECT_GE(between, 290'000'000);
}

TEST_F(Api, ARegisteredRegionIsARootOfTheLeakCheck) {
  const std::string lost = "SELECT count(*) FROM block_class WHERE bytes = 12345 AND class = ";
  const Recording with = run_recorded(program({"roots", "register"})).recording;
  EXPECT_EQ(with.integer(lost + "'reachable'"), 1);
  EXPECT_EQ(with.integer("SELECT count(*) FROM holder WHERE root = 'registered'"), 1);
  const Recording without = run_recorded(program({"roots"})).recording;
  EXPECT_EQ(without.integer(lost + "'definite'"), 1);
}

TEST_F(Api, WhatIsAllocatedWhilePausedIsCountedOnly) {
  const RecordedRun run = run_recorded(program({"paused"}));
  const Summary summary = run.recording.summary();
  EXPECT_EQ(summary.allocations, 8U);
  EXPECT_EQ(summary.frees, 2U);
  EXPECT_EQ(summary.live_blocks, 6);
  EXPECT_EQ(run.recording.property("unrecorded_allocations"), "5");
  EXPECT_EQ(run.recording.property("unknown_frees"), "1");
  EXPECT_EQ(run.recording.property("paused_times"), "1");
  EXPECT_NE(run.recording.property("leak_check").find("paused"), std::string::npos);
  EXPECT_EQ(run_plain(program({"paused"})).exit_status, 0);
}

TEST_F(Api, ARecordingCanBeginPaused) {
  const RecordedRun run = run_recorded(program({"paused"}), {"--start-paused"});
  // Pausing again does nothing, resuming does.
  EXPECT_EQ(run.recording.summary().allocations, 5U);
  EXPECT_EQ(run.recording.property("unrecorded_allocations"), "8");
}

TEST_F(Api, ARunningProgramIsPausedAndResumedFromOutside) {
  const std::filesystem::path database = file("server.db");
  RunningProgram server(
      recording_command(in_directory({sample_program("leaking_server"), "60"}), database));
  const Recording recording(database);
  const auto allocations = [&] { return recording.integer("SELECT sum(allocations) FROM thread"); };
  // Until the first numbers are in the database.
  ASSERT_TRUE(wait_until([&] {
    const Finished asked =
        run(Command{.arguments = {heapscribe_command(), "query", database,
                                  "SELECT 'begun' FROM recording WHERE key = 'allocations'"}});
    return asked.out.find("begun") != std::string::npos;
  }));
  const auto ctl = [&](const std::string& verb) {
    return run(Command{.arguments = {heapscribe_command(), "ctl", database, verb}});
  };
  const Finished paused = ctl("pause");
  EXPECT_EQ(paused.exit_status, 0) << describe(paused);
  EXPECT_TRUE(wait_until([&] {
    const std::string missed = recording.property("unrecorded_allocations");
    return !missed.empty() && std::stol(missed) > 100;
  }));
  EXPECT_EQ(recording.property("paused_now"), "1");
  const std::int64_t before = allocations();
  const Finished resumed = ctl("resume");
  EXPECT_EQ(resumed.exit_status, 0) << describe(resumed);
  EXPECT_TRUE(wait_until([&] { return allocations() > before + 100; }));
  EXPECT_EQ(recording.property("paused_now"), "0");
  kill(std::stoi(recording.property("pid")), SIGKILL);
  server.finish();
}

TEST_F(Api, CountersOfThreadAndSectionAreExact) {
  const RecordedRun run = expect_same_and_exact(program({"counters"}));
  EXPECT_EQ(run.finished.out, "counters are right\n");
  const RecordedRun sampled = run_recorded(program({"counters"}), {"--mode", "sample"});
  EXPECT_EQ(sampled.finished.out, "counters are right\n");
}

TEST_F(Api, WithoutTheLibraryNothingHappens) {
  EXPECT_EQ(run_plain(program({"active"})).out, "absent\n");
  EXPECT_EQ(run_recorded(program({"active"})).finished.out, "active\n");
  // Neither are the symbols missing where a program has a fixed place.
  const Command fixed = in_directory({test_program("api_not_pie"), "active"});
  EXPECT_EQ(run_plain(fixed).out, "absent\n");
  EXPECT_EQ(run_recorded(fixed).finished.out, "active\n");
}

}  // namespace
}  // namespace heapscribe::tests
