// Places where a profiler is easily in the way: full disks, closed descriptors, sandboxes, programs
// that cannot be preloaded. The target does what it would do alone.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

namespace fs = std::filesystem;

// A small file system in memory, seen by this process only; gone with it.
class SmallDisk {
 public:
  SmallDisk(const fs::path& folder, const std::string& size) : folder_(folder) {
    fs::create_directories(folder);
    mounted_ = private_mounts() &&
               mount("none", folder.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  fs::path path() const { return folder_; }

 private:
  static bool private_mounts() {
    static const bool made =
        unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return made;
  }

  fs::path folder_;
  bool mounted_ = false;
};

#define SKIP_UNLESS_MOUNTED(disk) \
  if (!(disk).mounted()) GTEST_SKIP() << "mounting a small file system needs root"

using LockedMemory = EndToEnd;

// As a process that may lock a few megabytes: with ours the kernel would refuse it, and a process
// with privileges would fill the machine.
TEST_F(LockedMemory, IsTheProgramsAndNotOurs) {
  const Command command = in_directory({test_program("locks_memory")});
  const Finished plain = run_plain(command);
  EXPECT_EQ(plain.exit_status, 0) << describe(plain);
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {}, {"--mode", "counts"}, {"--sample", "1"}, {"--trace"}, {"--allocator", "pool"}}) {
    expect_same(plain, run_recorded(command, options));
  }
}

class FullDisk : public EndToEnd, public ::testing::WithParamInterface<std::string> {
 protected:
  Command many_paths() const { return in_directory({test_program("many_paths"), "14"}); }

  // With no room to begin with the program is not started; else it runs to its end. It is said.
  static void expect_refusal_or(const Finished& recorded, const Finished& plain) {
    EXPECT_FALSE(recorded.timed_out);
    EXPECT_EQ(recorded.signal, 0) << describe(recorded);
    EXPECT_EQ(recorded.err.rfind("heapscribe: ", 0), 0U) << describe(recorded);
    if (recorded.exit_status == 2 && recorded.out.empty()) return;
    EXPECT_EQ(recorded.out, plain.out) << describe(recorded);
  }
};

TEST_P(FullDisk, OfTheSessionLeavesTheTargetUnharmed) {
  const SmallDisk disk(file("disk"), GetParam());
  SKIP_UNLESS_MOUNTED(disk);
  Command command = many_paths();
  const Finished plain = run_plain(command);
  command.environment["HEAPSCRIBE_SESSION_DIR"] = disk.path();
  const RecordedRun recorded = run_recorded(command);
  EXPECT_EQ(recorded.finished.exit_status, plain.exit_status) << describe(recorded.finished);
  EXPECT_EQ(recorded.finished.out, plain.out);
  // Either all is there, or the losses say what is not.
  const Summary summary = recorded.recording.summary();
  const auto truth = counts_of(recorded);
  ASSERT_TRUE(truth);
  std::uint64_t uncounted = 0;
  if (summary.losses.contains("uncounted_events")) {
    uncounted = summary.losses.at("uncounted_events");
  }
  EXPECT_GE(summary.allocations + summary.frees + uncounted, truth->allocations + truth->frees);
  EXPECT_LE(summary.allocations, truth->allocations);
}

TEST_P(FullDisk, OfSessionAndOutputLeavesTheTargetUnharmed) {
  const SmallDisk disk(file("disk"), GetParam());
  SKIP_UNLESS_MOUNTED(disk);
  Command command = in_directory({test_program("many_paths"), "14"});
  const Finished plain = run_plain(command);
  command.environment["HEAPSCRIBE_SESSION_DIR"] = disk.path();
  const Finished recorded = run(recording_command(command, disk.path() / "recording.db"));
  expect_refusal_or(recorded, plain);
}

TEST_P(FullDisk, OfTheOutputLeavesTheTargetUnharmedAndIsSaid) {
  const SmallDisk disk(file("disk"), GetParam());
  SKIP_UNLESS_MOUNTED(disk);
  const Command command = in_directory({test_program("many_paths"), "16"});
  const Finished plain = run_plain(command);
  const Finished recorded = run(recording_command(command, disk.path() / "recording.db"));
  expect_refusal_or(recorded, plain);
  EXPECT_EQ(recorded.exit_status, 2) << describe(recorded);
}

INSTANTIATE_TEST_SUITE_P(Size, FullDisk, ::testing::Values("64k", "1m"),
                         [](const auto& tested) { return "tmpfs_" + tested.param; });

using Descriptors = EndToEnd;

// Runs `program` with the descriptors closed and returns what it wrote into its file.
class WithoutStdio : public EndToEnd {
 protected:
  std::string written(const fs::path& output, bool recorded) const {
    Command command = in_directory({test_program("closed_stdio"), output});
    if (recorded) command = recording_command(command, file("recording.db"));
    command.closed = {0, 1, 2};
    const Finished finished = run(command);
    EXPECT_EQ(finished.exit_status, 0) << describe(finished);
    return read_text(output);
  }
};

TEST_F(WithoutStdio, TheProgramsFirstFileIsItsOwn) {
  EXPECT_EQ(written(file("plain"), false), "the first file is descriptor 0\n");
  EXPECT_EQ(written(file("recorded"), true), "the first file is descriptor 0\n");
}

TEST_F(WithoutStdio, TheRecordingIsComplete) {
  written(file("recorded"), true);
  const Recording recording(file("recording.db"));
  ASSERT_TRUE(recording.exists());
  EXPECT_EQ(recording.integrity(), "ok");
  EXPECT_EQ(recording.total_of("main").allocations, 5000U);
}

TEST_F(WithoutStdio, ABarePreloadWritesNothingIntoTheProgramsFile) {
  Command command = in_directory({test_program("closed_stdio"), file("bare")});
  command.environment["LD_PRELOAD"] = heapscribe_library();
  command.closed = {0, 1, 2};
  EXPECT_EQ(run(command).exit_status, 0);
  EXPECT_EQ(read_text(file("bare")), "the first file is descriptor 0\n");
}

TEST_F(Descriptors, ClosingThemAllNeitherStopsTheRecordingNorSpoilsAFile) {
  const auto run =
      expect_same_and_exact(in_directory({test_program("close_everything"), file("nine bytes")}));
  EXPECT_EQ(read_text(file("nine bytes")), "123456789");
}

TEST_F(Descriptors, TheProgramStartsWithTheSameOnes) {
  expect_same_and_exact(in_directory({test_program("open_descriptors")}));
}

TEST_F(Descriptors, ABarePreloadLeavesNoneOpen) {
  const Command command = in_directory({test_program("open_descriptors")});
  Command preloaded = command;
  preloaded.environment["LD_PRELOAD"] = heapscribe_library();
  EXPECT_EQ(run(preloaded).out, run_plain(command).out);
}

// With fewer the loader itself cannot open our libraries.
class FewDescriptors : public EndToEnd, public ::testing::WithParamInterface<int> {};

TEST_P(FewDescriptors, AreTheReasonThatIsGiven) {
  const std::string limit = "ulimit -n " + std::to_string(GetParam());
  const Finished finished = run(in_directory({"/bin/sh", "-c", limit + R"( && exec "$@")", "sh",
                                              heapscribe_command(), "run", "--", "true"}));
  expect_refusal(finished);
  EXPECT_NE(finished.err.find("Too many open files"), std::string::npos) << describe(finished);
}
INSTANTIATE_TEST_SUITE_P(Limit, FewDescriptors, ::testing::Values(5, 6));

using Sandbox = EndToEnd;

TEST_F(Sandbox, AFilteredProgramIsRecordedWithoutAForbiddenCall) {
  const Command command = in_directory({test_program("seccomp_filter")});
  if (run_plain(command).exit_status == 77) GTEST_SKIP() << "no seccomp here";
  const auto run = expect_same_and_exact(command);
  EXPECT_EQ(run.finished.exit_status, 6);
  EXPECT_GE(run.recording.total_of("main").allocations, 2U << 13U);
}

// Programs that no library can be loaded into: a sentence, no start, no hang.
class Unsuitable : public EndToEnd {
 protected:
  Finished record(const fs::path& program) const {
    return run(recording_command(in_directory({program}), file("recording.db")));
  }
  void expect_refused_for(const fs::path& program, const std::string& word) const {
    const Finished finished = record(program);
    expect_refusal(finished);
    EXPECT_NE(finished.err.find(word), std::string::npos) << describe(finished);
    EXPECT_NE(finished.err.find(program.string()), std::string::npos) << describe(finished);
    EXPECT_EQ(finished.out, "");
    EXPECT_FALSE(exists(file("recording.db")));
  }
};

TEST_F(Unsuitable, AStaticProgramIsRefusedWithASentence) {
  expect_refused_for(test_program("hello_static"), "static");
}

TEST_F(Unsuitable, ASetuidProgramIsRefusedWithASentence) {
  if (geteuid() != 0) GTEST_SKIP() << "making a setuid program needs root";
  const fs::path program = file("hello_setuid");
  fs::copy_file(test_program("hello"), program);
  ASSERT_EQ(chown(program.c_str(), 65534, 65534), 0);
  ASSERT_EQ(chmod(program.c_str(), 04755), 0);
  expect_refused_for(program, "setuid");
}

// The start of an i386 program with an interpreter: all that a look at the file can tell.
TEST_F(Unsuitable, A32BitProgramIsRefusedWithASentence) {
  std::string image(512, '\0');
  const std::string header(
      "\x7f"
      "ELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0\x01\0\0\0",
      24);
  image.replace(0, header.size(), header);
  image[28] = 52;  // program headers start here
  image[40] = 52;  // size of this header
  image[42] = 32;  // size of a program header
  image[44] = 1;   // one of them
  image[52] = 3;   // PT_INTERP
  image[56] = 84;  // offset of the name
  image[68] = 19;  // its length in the file
  image.replace(84, 18, "/lib/ld-linux.so.2");
  const fs::path program = file("hello_32");
  write_text(program, image);
  fs::permissions(program, fs::perms::owner_all);
  expect_refused_for(program, "32");
}

TEST_F(Unsuitable, AScriptIsRecordedThroughItsInterpreter) {
  const fs::path script = file("script");
  write_text(script, "#!/bin/bash\necho from a script\nexit 9\n");
  fs::permissions(script, fs::perms::owner_all);
  const auto run = expect_same_and_exact(in_directory({script}));
  EXPECT_EQ(run.finished.exit_status, 9);
}

}  // namespace
}  // namespace heapscribe::tests
