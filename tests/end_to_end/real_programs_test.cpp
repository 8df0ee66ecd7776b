// Real programs, unmodified: what they print and return stays the same, and the recording counts
// what two independent observers count.
//
// The counting interposer runs below heapscribe in the same run, so equality is exact for every
// program, also for those whose allocations differ between runs. For programs that repeat
// themselves, a run under the interposer alone (heapscribe changed nothing) and valgrind's "total
// heap usage" (a third party counted) must agree as well.
#include <sys/personality.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/end_to_end/counts_file.h"
#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

namespace fs = std::filesystem;

#define SKIP_WITHOUT(program) \
  if (!is_installed(program)) GTEST_SKIP() << (program) << " is not installed"

class RealPrograms : public EndToEnd {
 protected:
  // Every program at the same addresses in every run: some hash them.
  static void SetUpTestSuite() { personality(ADDR_NO_RANDOMIZE); }

  // A fixed environment: some programs hold what they find there on the heap.
  Command fixed(std::vector<std::string> arguments) const {
    Command command = in_directory(std::move(arguments));
    command.environment = {{"HOME", directory()},
                           {"LC_ALL", "C"},
                           {"PYTHONHASHSEED", "0"},
                           {"PERL_HASH_SEED", "0"},
                           {"PERL_PERTURB_KEYS", "0"},
                           {"GIT_CONFIG_NOSYSTEM", "1"},
                           {"TZ", "UTC"}};
    return command;
  }

  // The program alone under the interposer.
  static Counts counts_alone(Command command, const std::string& program) {
    const TemporaryDirectory counts;
    command = with_counting(std::move(command), counts.path());
    EXPECT_FALSE(run(command).timed_out);
    const auto found = counts_of_program(counts.path(), program);
    EXPECT_EQ(found.size(), 1U) << "images of " << program;
    return found.empty() ? Counts{} : found.front();
  }

  // What valgrind prints as "total heap usage: N allocs, M frees, B bytes allocated".
  static std::optional<Counts> counts_by_valgrind(Command command) {
    command.arguments.insert(
        command.arguments.begin(),
        {"valgrind", "--leak-check=no", "--undef-value-errors=no", "--run-libc-freeres=no",
         "--run-cxx-freeres=no", "--show-mismatched-frees=no", "--log-fd=2"});
    const std::string text = run(command).err;
    static const std::regex pattern(
        R"(total heap usage: ([0-9,]+) allocs, ([0-9,]+) frees, ([0-9,]+) bytes allocated)");
    std::smatch match;
    if (!std::regex_search(text, match, pattern)) return std::nullopt;
    return Counts{.allocations = number(match[1]),
                  .frees = number(match[2]),
                  .bytes = number(match[3]),
                  .reallocations = 0,
                  .failed = 0,
                  .program = "valgrind"};
  }
  static std::uint64_t number(std::string text) {
    std::erase(text, ',');
    return std::stoull(text);
  }

  static void expect_agreement(const Summary& summary, const Counts& other) {
    SCOPED_TRACE(other.program);
    EXPECT_EQ(summary.allocations, other.allocations);
    EXPECT_EQ(summary.frees, other.frees);
    EXPECT_EQ(summary.allocated_bytes, other.bytes);
  }

  // For a program that does the same in every run.
  Summary expect_runs_agree(const Command& command, const std::string& program) const {
    const Finished plain = run_plain(command);
    EXPECT_EQ(plain.exit_status, 0) << describe(plain);
    const RecordedRun recorded = run_recorded(command);
    expect_same(plain, recorded);
    expect_exact(recorded);
    Summary summary = recorded.recording.summary();
    expect_agreement(summary, counts_alone(command, program));
    return summary;
  }

  void expect_all_agree(const Command& command, const std::string& program) const {
    const Summary summary = expect_runs_agree(command, program);
    if (!is_installed("valgrind")) return;
    const auto third = counts_by_valgrind(command);
    ASSERT_TRUE(third) << "valgrind printed no total";
    expect_agreement(summary, *third);
  }

  void expect_same_output_and_exact(const Command& command) const {
    const Finished plain = run_plain(command);
    ASSERT_EQ(plain.exit_status, 0) << describe(plain);
    const RecordedRun recorded = run_recorded(command);
    expect_same(plain, recorded);
    expect_exact(recorded);
    expect_stacks_reach_start(recorded.recording);
  }

  // Almost all stacks of a real program end in _start or in the start of a thread.
  static void expect_stacks_reach_start(const Recording& recording) {
    EXPECT_EQ(recording.summary().losses.at("truncated_stacks"), 0U);
  }

  fs::path sql_script() const {
    write_text(file("work.sql"),
               "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);\n"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)\n"
               "  INSERT INTO t SELECT i, 'text number ' || i, i / 7.0 FROM n;\n"
               "CREATE INDEX by_text ON t(b);\n"
               "SELECT substr(b, 1, 13) AS k, count(*), round(sum(c), 3) FROM t GROUP BY k\n"
               "  ORDER BY 2 DESC LIMIT 20;\n"
               "SELECT group_concat(a) FROM (SELECT a FROM t WHERE b LIKE '%99%' ORDER BY b);\n");
    return file("work.sql");
  }

  fs::path json_document() const {
    std::ostringstream text;
    text << "[";
    for (int i = 0; i < 2000; ++i) {
      text << (i == 0 ? "" : ",") << R"({"id":)" << i << R"(,"name":"item )" << i
           << R"(","tags":["a","b","c"]})";
    }
    text << "]";
    write_text(file("items.json"), text.str());
    return file("items.json");
  }

  fs::path xml_document() const {
    std::ostringstream text;
    text << "<?xml version=\"1.0\"?>\n<items>\n";
    for (int i = 0; i < 2000; ++i) {
      text << "  <item id=\"" << i << "\"><name>item " << i << "</name></item>\n";
    }
    text << "</items>\n";
    write_text(file("items.xml"), text.str());
    return file("items.xml");
  }

  fs::path python_script() const {
    write_text(file("work.py"),
               "import json, re, collections\n"
               "words = collections.Counter()\n"
               "for i in range(20000):\n"
               "    words['word%d' % (i % 500)] += 1\n"
               "rows = [{'n': n, 'text': 'x' * n} for n in range(500)]\n"
               "text = json.dumps(rows)\n"
               "print(len(text), len(json.loads(text)), len(re.findall(r'x+', text)))\n"
               "print(sorted(words.items())[:3])\n");
    return file("work.py");
  }
};

TEST_F(RealPrograms, Sqlite3) {
  SKIP_WITHOUT("sqlite3");
  expect_all_agree(fixed({"sqlite3", "-batch", ":memory:", ".read " + sql_script().string()}),
                   "sqlite3");
}

TEST_F(RealPrograms, Jq) {
  SKIP_WITHOUT("jq");
  expect_all_agree(
      fixed({"jq", "-c", "[.[] | select(.id % 7 == 0) | .name | ascii_upcase]", json_document()}),
      "jq");
}

// Its library seeds a hash table with the time of day: each run allocates a little differently.
TEST_F(RealPrograms, Xmllint) {
  SKIP_WITHOUT("xmllint");
  expect_same_output_and_exact(
      fixed({"xmllint", "--xpath", "count(//item[@id > 1000])", xml_document()}));
}

// Not under valgrind: perl copies the environment to the heap, and valgrind adds variables to it.
TEST_F(RealPrograms, Perl) {
  SKIP_WITHOUT("perl");
  write_text(file("work.pl"),
             "my %h; $h{'key' . ($_ % 700)} .= \"value $_ \" for 1 .. 20000;\n"
             "my @sorted = sort { length $h{$a} <=> length $h{$b} || $a cmp $b } keys %h;\n"
             "print scalar(@sorted), ' ', $sorted[0], \"\\n\"; exit 0;\n");
  expect_runs_agree(fixed({"perl", file("work.pl")}), "perl");
}

TEST_F(RealPrograms, Bash) {
  expect_same_output_and_exact(
      fixed({"/bin/bash", "--norc", "-c",
             "declare -A a; for i in {1..3000}; do a[k$((i % 50))]+=\"$i \"; done; "
             "echo ${#a[@]} ${#a[k7]}; x=$(echo from a subshell); echo \"$x\"; ls / | wc -l"}));
}

TEST_F(RealPrograms, Python) {
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "python3 is not installed";
  expect_same_output_and_exact(fixed({"/usr/bin/python3", "-I", python_script()}));
}

TEST_F(RealPrograms, PythonWithoutItsOwnAllocator) {
  if (!fs::exists("/usr/bin/python3")) GTEST_SKIP() << "python3 is not installed";
  Command command = fixed({"/usr/bin/python3", python_script()});
  command.environment["PYTHONMALLOC"] = "malloc";
  expect_same_output_and_exact(command);
}

TEST_F(RealPrograms, Node) {
  SKIP_WITHOUT("node");
  write_text(file("work.js"),
             "const m = new Map();\n"
             "for (let i = 0; i < 20000; i++) m.set('key' + i, Buffer.alloc(i % 1000));\n"
             "let n = 0; for (const b of m.values()) n += b.length;\n"
             "require('zlib').gzip(Buffer.alloc(1 << 20, 'abc'), (e, z) => {\n"
             "  console.log(m.size, n, e, z.length);\n"
             "});\n");
  expect_same_output_and_exact(fixed({"node", file("work.js")}));
}

class Git : public RealPrograms {
 protected:
  void SetUp() override {
    SKIP_WITHOUT("git");
    git({"init", "-q", "-b", "main"});
    for (int commit = 0; commit < 5; ++commit) {
      for (int i = 0; i < 20; ++i) {
        write_text(file("file" + std::to_string(i)),
                   std::string(static_cast<std::size_t>(100 + i * commit), 'x') + "\n");
      }
      git({"add", "."});
      git({"commit", "-q", "-m", "commit " + std::to_string(commit)});
    }
    write_text(file("file3"), "changed\n");
    write_text(file("new"), "new\n");
  }
  Command git_command(std::vector<std::string> arguments) const {
    const std::vector<std::string> start = {
        "git", "-c", "user.name=Tester", "-c", "user.email=tester@localhost", "--no-pager"};
    arguments.insert(arguments.begin(), start.begin(), start.end());
    Command command = fixed(std::move(arguments));
    command.environment["GIT_AUTHOR_DATE"] = "2024-01-01T00:00:00Z";
    command.environment["GIT_COMMITTER_DATE"] = "2024-01-01T00:00:00Z";
    return command;
  }
  void git(std::vector<std::string> arguments) const {
    const Finished finished = run(git_command(std::move(arguments)));
    ASSERT_EQ(finished.exit_status, 0) << describe(finished);
  }
};

TEST_F(Git, Status) {
  expect_same_output_and_exact(git_command({"status", "--porcelain"}));
}
TEST_F(Git, Log) {
  expect_same_output_and_exact(git_command({"log", "--stat", "-p"}));
}
TEST_F(Git, Diff) {
  expect_same_output_and_exact(git_command({"diff", "HEAD~3"}));
}

// A compiler pass on a source that includes much of the standard library.
class Compiler : public RealPrograms {
 protected:
  // The command line of the compiler proper, as the driver would run it.
  std::vector<std::string> cc1plus() const {
    write_text(file("heavy.cpp"),
               "#include <algorithm>\n#include <map>\n#include <regex>\n#include <string>\n"
               "std::map<std::string, std::regex> table;\n"
               "bool any(const std::string& s) {\n"
               "  return std::any_of(table.begin(), table.end(),\n"
               "                     [&](auto& e) { return std::regex_match(s, e.second); });\n"
               "}\n");
    const Finished driver = run(fixed(
        {"g++", "-std=c++17", "-O1", "-S", "-o", file("heavy.s"), "-###", file("heavy.cpp")}));
    std::istringstream lines(driver.err);
    for (std::string line; std::getline(lines, line);) {
      if (line.find("/cc1plus") != std::string::npos) return words_of(line);
    }
    return {};
  }
  static std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    std::istringstream stream(line);
    for (std::string word; stream >> word;) {
      std::erase(word, '"');
      words.push_back(word);
    }
    return words;
  }
};

TEST_F(Compiler, WritesTheSameCodeAndIsCountedExactly) {
  SKIP_WITHOUT("g++");
  std::vector<std::string> arguments = cc1plus();
  ASSERT_FALSE(arguments.empty());
  arguments.emplace_back("-quiet");
  const Command command = fixed(arguments);
  const Finished plain = run_plain(command);
  ASSERT_EQ(plain.exit_status, 0) << describe(plain);
  const std::string assembly = read_text(file("heavy.s"));
  const RecordedRun recorded = run_recorded(command);
  expect_same(plain, recorded);
  expect_exact(recorded);
  expect_stacks_reach_start(recorded.recording);
  EXPECT_EQ(read_text(file("heavy.s")), assembly);
  EXPECT_GT(recorded.recording.summary().allocations, 100000U);
}

// A server with threads of its own, under the load of its own benchmark, on a socket in the
// test's directory.
class Redis : public RealPrograms {
 protected:
  std::string socket() const { return file("redis.sock"); }
  Finished client(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"redis-cli", "-s", socket()});
    return run(in_directory(std::move(arguments)));
  }
  bool answers() const { return client({"ping"}).out == "PONG\n"; }
};

TEST_F(Redis, ServesItsBenchmarkAndIsCountedExactly) {
  SKIP_WITHOUT("redis-server");
  SKIP_WITHOUT("redis-benchmark");
  const Recording recording(file("redis.db"));
  RunningProgram server(recording_command(
      with_counting(in_directory({"redis-server", "--port", "0", "--unixsocket", socket(), "--save",
                                  "", "--appendonly", "no", "--daemonize", "no"}),
                    counts_directory()),
      recording.path()));
  ASSERT_TRUE(wait_until([&] { return answers(); }));
  const Finished load = run(in_directory(
      {"redis-benchmark", "-s", socket(), "-n", "3000", "-c", "10", "-q", "-t", "set,get,lpush"}));
  EXPECT_EQ(load.exit_status, 0) << describe(load);
  EXPECT_EQ(client({"get", "key:__rand_int__"}).out, "VXK\n");
  client({"shutdown", "nosave"});
  const Finished finished = server.finish();
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  // Debian's server brings jemalloc, which stays the allocator underneath.
  expect_exact({finished, recording, {}});
}

// The tool on itself.
TEST_F(RealPrograms, TheAnalyzerItself) {
  const RecordedRun small = run_recorded(in_directory({test_program("many_paths"), "8"}));
  const Command command =
      in_directory({heapscribe_command(), "hotspots", small.recording.path(), "--format", "json"});
  expect_same_output_and_exact(command);
}

}  // namespace
}  // namespace heapscribe::tests
