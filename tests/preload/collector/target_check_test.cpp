#include "preload/collector/target_check.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

namespace heapscribe::collector {
namespace {

namespace fs = std::filesystem;

class TargetCheck : public ::testing::Test {
 protected:
  TargetCheck() {
    std::string pattern = fs::temp_directory_path() / "heapscribe-target-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~TargetCheck() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content, mode_t mode = 0755) const {
    const fs::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    chmod(path.c_str(), mode);
    return path;
  }
  // This test's own file with changes.
  std::string write_program(const std::string& name,
                            const std::function<void(std::string&)>& change,
                            mode_t mode = 0755) const {
    std::ifstream self("/proc/self/exe", std::ios::binary);
    std::string image{std::istreambuf_iterator<char>(self), {}};
    change(image);
    return write(name, image, mode);
  }
  static std::string refusal(const std::function<void()>& check) {
    try {
      check();
    } catch (const UnfitTarget& unfit) {
      return unfit.what();
    }
    return "accepted";
  }
  static std::string check(const std::string& path) {
    return refusal([&] { check_target(path); });
  }
  static std::string find(const std::string& name) {
    return refusal([&] { find_program(name); });
  }

  fs::path folder_;
};

void remove_interpreter(std::string& image) {
  Elf64_Ehdr header{};
  std::memcpy(&header, image.data(), sizeof header);
  for (unsigned index = 0; index < header.e_phnum; ++index) {
    const std::size_t at = header.e_phoff + index * sizeof(Elf64_Phdr);
    Elf64_Phdr segment{};
    std::memcpy(&segment, image.data() + at, sizeof segment);
    if (segment.p_type == PT_INTERP) segment.p_type = PT_NULL;
    std::memcpy(image.data() + at, &segment, sizeof segment);
  }
}

// Nothing can be opened while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{0, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(TargetCheck, AnOrdinaryProgramIsFine) {
  EXPECT_EQ(check("/bin/ls"), "accepted");
  EXPECT_EQ(find("ls"), "accepted");
  EXPECT_EQ(check(write_program("same", [](std::string&) {})), "accepted");
}

TEST_F(TargetCheck, AMissingProgramIsNamed) {
  EXPECT_EQ(find("/no/such/thing"),
            "program '/no/such/thing' not found; check the spelling and the PATH");
  EXPECT_NE(find("no-such-program-anywhere").find("'no-such-program-anywhere'"), std::string::npos);
  EXPECT_NE(find("").find("not found"), std::string::npos);
}

TEST_F(TargetCheck, ADirectoryIsNotAProgram) {
  EXPECT_NE(find(folder_).find("is a directory"), std::string::npos);
}

TEST_F(TargetCheck, AFileThatIsNotExecutableIsNamed) {
  EXPECT_NE(find(write("text", "hello", 0644)).find("is not executable"), std::string::npos);
}

TEST_F(TargetCheck, ThePathIsSearchedAsExecvpDoes) {
  write("tool", "no", 0644);
  const fs::path second = folder_ / "second";
  fs::create_directory(second);
  fs::create_symlink("/bin/ls", second / "tool");
  const std::string before = getenv("PATH");
  setenv("PATH", (folder_.string() + ":" + second.string()).c_str(), 1);
  EXPECT_EQ(find_program("tool"), second / "tool");
  setenv("PATH", before.c_str(), 1);
}

TEST_F(TargetCheck, AStaticProgramIsRefused) {
  const std::string program = write_program("static", remove_interpreter);
  EXPECT_EQ(check(program), "'" + program +
                                "' is statically linked, so no library can be preloaded into it; "
                                "link it dynamically (without -static) to record it");
}

TEST_F(TargetCheck, A32BitProgramIsRefused) {
  const std::string program =
      write_program("narrow", [](std::string& image) { image[EI_CLASS] = ELFCLASS32; });
  EXPECT_NE(check(program).find("32-bit"), std::string::npos);
}

TEST_F(TargetCheck, AProgramForAnotherMachineIsRefused) {
  const std::string program =
      write_program("foreign", [](std::string& image) { image[18] = static_cast<char>(EM_RISCV); });
  EXPECT_NE(check(program).find("another machine"), std::string::npos);
}

TEST_F(TargetCheck, AForeignSetuidProgramIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::string program = write_program("setuid", [](std::string&) {});
  ASSERT_EQ(chown(program.c_str(), 65534, 65534), 0);
  chmod(program.c_str(), 04755);
  EXPECT_NE(check(program).find("is setuid or setgid"), std::string::npos);
}

TEST_F(TargetCheck, AnOwnSetuidProgramGainsNothingAndIsFine) {
  EXPECT_EQ(check(write_program(
                "setuid", [](std::string&) {}, 04755)),
            "accepted");
}

TEST_F(TargetCheck, WithoutAFreeDescriptorThatIsTheReason) {
  const std::string sentence = refusal([] {
    const NoDescriptors none;
    check_target("/bin/ls");
  });
  EXPECT_EQ(sentence, "cannot look into '/bin/ls': Too many open files");
}

TEST_F(TargetCheck, AScriptIsJudgedByItsInterpreter) {
  EXPECT_EQ(check(write("good", "#!/bin/sh\n")), "accepted");
  EXPECT_EQ(check(write("spaced", "#! /bin/sh -e\n")), "accepted");
  EXPECT_EQ(check(write("plain", "echo no interpreter named\n")), "accepted");
  EXPECT_NE(check(write("lost", "#!/no/such/shell\n")).find("'/no/such/shell'"), std::string::npos);
  const std::string binary = write_program("static", remove_interpreter);
  EXPECT_NE(check(write("indirect", "#!" + binary + "\n")).find("statically linked"),
            std::string::npos);
}

TEST_F(TargetCheck, ScriptsThatLeadInCirclesAreRefused) {
  const std::string self = folder_ / "circle";
  EXPECT_NE(check(write("circle", "#!" + self + "\n")).find("without end"), std::string::npos);
}

}  // namespace
}  // namespace heapscribe::collector
