// Stacks by rules equal an independent unwinder's, in programs that nobody here wrote.
#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

#include "tests/support/program_runner.h"

namespace heapscribe::tests {
namespace {

struct Agreement {
  std::uint64_t captures = 0;
  std::uint64_t mismatches = 0;
  std::uint64_t longer = 0;
  std::string report;
};

Agreement compare(const std::string& oracle, std::vector<std::string> arguments,
                  const TemporaryDirectory& directory) {
  const std::filesystem::path report = directory.path() / "report";
  std::filesystem::remove(report);
  Command command{.arguments = std::move(arguments)};
  command.environment = {{"COMPARE_WITH", oracle},
                         {"COMPARE_REPORT", report.string()},
                         {"LD_PRELOAD", COMPARE_LIBRARY},
                         {"PYTHONMALLOC", "malloc"}};
  command.directory = directory.path();
  const Finished finished = run(command);
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  Agreement agreement;
  agreement.report = read_text(report);
  const std::size_t last = agreement.report.rfind("captures ");
  if (last != std::string::npos) {
    std::sscanf(agreement.report.c_str() + last, "captures %lu mismatches %lu", &agreement.captures,
                &agreement.mismatches);
  }
  return agreement;
}

enum class GeneratedCode { No, Yes };

void expect_agreement(const std::vector<std::string>& arguments, std::uint64_t least,
                      GeneratedCode generated = GeneratedCode::No) {
  const bool by_path = arguments[0].starts_with('/');
  const bool there = by_path ? std::filesystem::exists(arguments[0]) : is_installed(arguments[0]);
  if (!there) GTEST_SKIP() << arguments[0] << " is not installed";
  const TemporaryDirectory directory;
  for (const std::string oracle : {"libunwind", "libgcc"}) {
    const Agreement agreement = compare(oracle, arguments, directory);
    EXPECT_GE(agreement.captures, least) << oracle;
    EXPECT_EQ(agreement.mismatches, 0U) << oracle << "\n" << agreement.report;
    if (generated == GeneratedCode::No) {
      EXPECT_EQ(agreement.longer, 0U) << oracle;
    }
  }
}

TEST(UnwindersAgree, InPerl) {
  expect_agreement({"perl", "-e", "my %h; $h{$_}=[1..5] for 1..20000; print scalar sort keys %h"},
                   30'000);
}

TEST(UnwindersAgree, InPython) {
  expect_agreement(
      {"/usr/bin/python3", "-c", "import json,re\nfor i in range(300): json.dumps({i:i})"}, 30'000);
}

TEST(UnwindersAgree, InJq) {
  expect_agreement({"jq", "-n", "[range(3000)|{a:.,b:\"x\\(.)\"}]|map(.a)|add"}, 20'000);
}

TEST(UnwindersAgree, InSqlite) {
  expect_agreement(
      {"sqlite3", ":memory:",
       "create table t(a,b); with recursive c(x) as (select 1 union all select x+1 from "
       "c where x<3000) insert into t select x,hex(x) from c; select count(*) from t;"},
      5'000);
}

TEST(UnwindersAgree, InGdb) {
  expect_agreement({"gdb", "-batch", "-ex", "info functions main", "/bin/true"}, 5'000);
}

TEST(UnwindersAgree, InNode) {
  expect_agreement({"node", "-e", "console.log(1)"}, 50'000);
}

TEST(UnwindersAgree, InTheCompiler) {
  const Finished found = run({.arguments = {"g++", "-print-prog-name=cc1plus"}});
  const std::string compiler = found.out.substr(0, found.out.find('\n'));
  const TemporaryDirectory directory;
  const std::filesystem::path source = directory.path() / "heavy.ii";
  write_text(directory.path() / "heavy.cpp",
             "#include <map>\n#include <string>\n#include <vector>\n"
             "int main() { std::map<std::string, std::vector<int>> m; m[\"a\"].push_back(1); }\n");
  run({.arguments = {"g++", "-E", "-o", source.string(),
                     (directory.path() / "heavy.cpp").string()}});
  expect_agreement(
      {compiler, "-quiet", "-O1", "-fpreprocessed", source.string(), "-o", "/dev/null"}, 100'000);
}

}  // namespace
}  // namespace heapscribe::tests
