// heapscribe view as a browser meets it: the page, the reports behind it, who is refused, how it
// ends.
#include <signal.h>
#include <sys/socket.h>

#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tests/support/build_paths.h"
#include "tests/support/capture_builder.h"
#include "tests/support/http_client.h"
#include "tests/support/recorded_run.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// A server for as long as this lives.
class Viewer {
 public:
  Viewer(const fs::path& folder, const std::vector<std::string>& arguments)
      : folder_(folder), program_(command(folder, arguments)) {
    EXPECT_TRUE(wait_until([this] { return line().ends_with('\n'); })) << line();
    const std::string address = line().substr(0, line().find(' '));
    const std::size_t port = address.rfind(':') + 1;
    const std::size_t path = address.find('/', port);
    if (path == std::string::npos) return;
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(port)));
    home_ = address.substr(path);
  }

  std::uint16_t port() const { return port_; }
  std::string host() const { return "Host: 127.0.0.1:" + std::to_string(port_); }
  const std::string& home() const { return home_; }  // "/TOKEN/"
  pid_t pid() const { return program_.pid(); }
  std::string line() const { return read_text(folder_ / "address"); }

  HttpReply get(const std::string& path, const std::string& more = "") const {
    return ask(port_, "GET " + home_ + path + " HTTP/1.1\r\n" + host() + more);
  }
  json data(const std::string& path) const { return json::parse(get(path).body, nullptr, false); }

  std::string children() const {
    std::string all;
    const std::string tasks = "/proc/" + std::to_string(pid()) + "/task";
    for (const auto& task : fs::directory_iterator(tasks)) {
      all += read_text(task.path() / "children");
    }
    return all;
  }

  Finished end_by(int signal) {
    kill(program_.pid(), signal);
    return program_.finish();
  }

 private:
  static Command command(const fs::path& folder, const std::vector<std::string>& arguments) {
    fs::remove(folder / "address");  // of an earlier one
    Command result{
        .arguments = {"/bin/sh", "-c", "exec \"$@\" >address", "sh", heapscribe_command(), "view"},
        .directory = folder};
    result.arguments.insert(result.arguments.end(), arguments.begin(), arguments.end());
    return result;
  }

  fs::path folder_;
  RunningProgram program_;
  std::uint16_t port_ = 0;
  std::string home_;
};

class View : public EndToEnd {
 protected:
  // A real program's, once for all tests.
  static void SetUpTestSuite() {
    shared_ = std::make_unique<TemporaryDirectory>();
    const Command program{{"sqlite3", ":memory:",
                           "create table t(a, b); with recursive n(i) as (select 1 union all "
                           "select i + 1 from n where i < 2000) insert into t select i, hex(i) "
                           "from n; select count(*) from t"}};
    ASSERT_EQ(run(recording_command(program, database())).exit_status, 0);
  }
  static void TearDownTestSuite() { shared_.reset(); }
  void SetUp() override {
    if (!is_installed("sqlite3")) GTEST_SKIP() << "sqlite3 is not installed";
  }

  static fs::path database() { return shared_->path() / "sqlite.db"; }

  Finished view(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {heapscribe_command(), "view"});
    return run(in_directory(std::move(arguments)));
  }

  // Readers wait for the collector of this one, which is the test itself: a report that hangs.
  void write_hanging(const std::string& name) const {
    RunningProgram gone(Command{{"true"}});
    const pid_t dead = gone.pid();
    gone.finish();
    CaptureBuilder().at({"f"}).leaked(1, 1).still_recording(dead, getpid()).write(file(name));
  }
  // A viewer whose reports hang: the recording is replaced under it.
  std::unique_ptr<Viewer> hanging_viewer() const {
    fs::copy_file(database(), file("a.db"));
    auto viewer = std::make_unique<Viewer>(directory(), std::vector<std::string>{file("a.db")});
    write_hanging("hanging.db");
    fs::rename(file("hanging.db"), file("a.db"));
    return viewer;
  }
  // What hangs there goes on.
  void let_go() const {
    capture::open_recording(file("a.db"), capture::OpenMode::ReadWrite)
        .prepare("UPDATE recording SET value = 'complete' WHERE key = 'state'")
        .run();
  }

 private:
  inline static std::unique_ptr<TemporaryDirectory> shared_;
};

TEST_F(View, TellsItsAddressInOneLine) {
  const Viewer viewer(directory(), {database()});
  EXPECT_EQ(viewer.line(), "http://127.0.0.1:" + std::to_string(viewer.port()) + viewer.home() +
                               "  Ctrl-C ends it\n");
  EXPECT_EQ(viewer.home().size(), 34U);
}

TEST_F(View, AReportHasTheCommandLinesBytes) {
  const Viewer viewer(directory(), {database()});
  const Recording recording(database());
  const std::vector<std::tuple<std::string, std::string, std::vector<std::string>>> reports = {
      {"summary", "summary", {}},
      {"hotspots?limit=7&by=allocations", "hotspots", {"--limit=7", "--by=allocations"}},
      {"hotspots?tree=bottom-up&limit=50", "hotspots", {"--tree=bottom-up", "--limit=50"}},
      {"peak?function=sqlite3.%2A&frames=2", "peak", {"--function=sqlite3.*", "--frames=2"}},
      {"leaks?classes=all", "leaks", {"--classes=all"}},
      {"growth", "growth", {}},
      {"sizes", "sizes", {}},
      {"pauses", "pauses", {}},
      {"losses", "losses", {}},
      {"snapshots?at=peak", "snapshots", {"--at=peak"}},
      {"sections", "sections", {}},
      {"diff?from=start&to=peak&all", "diff", {"--from=start", "--to=peak", "--all"}}};
  for (const auto& [path, report, options] : reports) {
    std::string expected = recording.json_text(report, options);
    while (expected.ends_with('\n')) expected.pop_back();
    const HttpReply reply = viewer.get("api/" + path);
    EXPECT_EQ(reply.status, 200) << path << reply.body.substr(0, 300);
    EXPECT_TRUE(reply.body.starts_with("{\"data\":" + expected + ",\"notes\":[")) << path;
    EXPECT_EQ(reply.headers.at("content-type"), "application/json");
    EXPECT_EQ(json::parse(reply.body).at("status"), 0) << path;
  }
}

TEST_F(View, ARefusedReportIsTheCommandLinesSentence) {
  const Viewer viewer(directory(), {database()});
  const HttpReply reply = viewer.get("api/hotspots?tree=sideways");
  EXPECT_EQ(reply.status, 400);
  const std::string error = json::parse(reply.body).at("error");
  EXPECT_EQ(error.rfind("--tree: 'sideways' is none of", 0), 0U) << error;
  EXPECT_EQ(json::parse(viewer.get("api/run").body).at("error"), "there is no report 'run' here");
}

TEST_F(View, AValueIsNeverAnOption) {
  const Viewer viewer(directory(), {database()});
  const json answer = viewer.data("api/hotspots?function=--help");
  EXPECT_EQ(answer.at("data"), json::array());
}

TEST_F(View, TellsWhatIsViewed) {
  const Viewer alone(directory(), {database()});
  const json one = alone.data("api/recording");
  EXPECT_EQ(one.at("path"), database().string());
  EXPECT_TRUE(one.at("other").is_null());
  EXPECT_EQ(one.at("live"), false);
}

TEST_F(View, AQuestionInSqlIsAnswered) {
  const Viewer viewer(directory(), {database()});
  const json answer = viewer.data("api/query?sql=SELECT+1+AS+one&limit=5");
  EXPECT_EQ(answer.at("data"), json::parse(R"([{"one":1}])"));
  EXPECT_EQ(viewer.get("api/query?sql=DELETE+FROM+site").status, 400);
  EXPECT_EQ(viewer.get("api/query?sql=ATTACH+'x.db'+AS+x").status, 400);
  EXPECT_FALSE(fs::exists(file("x.db")));
}

TEST_F(View, ABaselineIsChecked) {
  const auto baseline = file("heap.toml");
  const Finished made = run({.arguments = {heapscribe_command(), "check", database(), "--baseline",
                                           baseline, "--update"}});
  ASSERT_EQ(made.exit_status, 0) << describe(made);
  const Viewer viewer(directory(), {database(), "--baseline", baseline});
  EXPECT_EQ(viewer.data("api/recording").at("baseline"), baseline.string());
  EXPECT_EQ(viewer.data("api/check").at("data").at("passed"), true);
  const Viewer without(directory(), {database()});
  EXPECT_EQ(without.get("api/check").status, 400);
}

TEST_F(View, TellsWhatARecordingHasNothingAbout) {
  CaptureBuilder().at({"f"}).leaked(3, 100).set("allocator", "pool").write(file("a.db"));
  CaptureBuilder().set("free_stacks", 1).set("pause_threshold_ns", 1000).write(file("b.db"));
  CaptureBuilder()
      .sql("INSERT INTO section VALUES (1, NULL, 'request', 0, 1, 1)")
      .write(file("c.db"));
  const std::map<std::string, json> lacking = {
      {"a.db", {"pauses", "releases", "sections", "trace"}},
      {"b.db", {"pools", "sections", "trace"}},
      {"c.db", {"pauses", "pools", "releases", "trace"}}};
  for (const auto& [name, reports] : lacking) {
    const Viewer viewer(directory(), {name});
    EXPECT_EQ(viewer.data("api/recording").at("lacks"), reports) << name;
    for (const std::string report : reports) {
      const unsigned answer = report == "trace" ? 400 : 200;
      EXPECT_EQ(viewer.get("api/" + report).status, answer) << name << ' ' << report;
    }
  }
}

TEST_F(View, TwoRecordingsAreCompared) {
  fs::copy_file(database(), file("other.db"));
  const Viewer viewer(directory(), {database(), "other.db"});
  EXPECT_EQ(viewer.data("api/recording").at("other"), "other.db");
  const json difference = viewer.data("api/diff?by=bytes");
  EXPECT_TRUE(difference.at("data").is_array()) << difference;
  EXPECT_EQ(viewer.get("api/diff?from=start&to=exit").status, 200);
  EXPECT_EQ(viewer.get("api/compare").status, 200);
}

TEST_F(View, ARunningProgramIsLive) {
  CaptureBuilder().at({"f"}).leaked(3, 100).still_recording(getpid(), getpid()).write(file("a.db"));
  const Viewer viewer(directory(), {"a.db"});
  EXPECT_EQ(viewer.data("api/recording").at("live"), true);
  EXPECT_EQ(viewer.data("api/summary").at("data").at("state"), "live");
}

TEST_F(View, EveryAnswerForbidsWhatThePageDoesNotNeed) {
  const Viewer viewer(directory(), {database()});
  for (const std::string path : {"", "api/recording", "api/losses", "api/none", "nothing"}) {
    const auto headers = viewer.get(path).headers;
    EXPECT_EQ(
        headers.at("content-security-policy").rfind("default-src 'none'; script-src 'sha256-", 0),
        0U);
    EXPECT_EQ(headers.at("content-security-policy").find("unsafe"), std::string::npos);
    EXPECT_EQ(headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(headers.at("referrer-policy"), "no-referrer");
    EXPECT_EQ(headers.at("cross-origin-resource-policy"), "same-origin");
    EXPECT_EQ(headers.at("cache-control"), "no-store");
    EXPECT_FALSE(headers.contains("access-control-allow-origin"));
  }
}

TEST_F(View, HeadIsGetWithoutTheBody) {
  const Viewer viewer(directory(), {database()});
  for (const std::string path : {"", "api/summary", "api/none"}) {
    const HttpReply whole = viewer.get(path);
    const HttpReply head =
        ask(viewer.port(), "HEAD " + viewer.home() + path + " HTTP/1.1\r\n" + viewer.host());
    EXPECT_EQ(head.status, whole.status) << path;
    EXPECT_EQ(head.headers, whole.headers) << path;
    EXPECT_EQ(head.body, "") << path;
  }
}

TEST_F(View, StrangersAreRefused) {
  const Viewer viewer(directory(), {database()});
  const std::string get = "GET " + viewer.home() + " HTTP/1.1\r\n";
  const auto status = [&](const std::string& head) { return ask(viewer.port(), head).status; };
  EXPECT_EQ(status(get + viewer.host()), 200);
  EXPECT_EQ(status(get + "Host: localhost:" + std::to_string(viewer.port())), 200);
  EXPECT_EQ(status(get + "Host: evil.example"), 421);
  EXPECT_EQ(status(get + "X: y"), 400);
  EXPECT_EQ(status(get + viewer.host() + "\r\n" + viewer.host()), 400);
  EXPECT_EQ(status(get + viewer.host() + "\r\nOrigin: http://evil.example"), 403);
  EXPECT_EQ(status(get + viewer.host() + "\r\norigin: null"), 403);
  EXPECT_EQ(status(get + viewer.host() + "\r\nSec-Fetch-Site: cross-site"), 403);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n" + viewer.host()), 404);
  const HttpReply wrong =
      ask(viewer.port(), "GET /" + std::string(32, '0') + "/ HTTP/1.1\r\n" + viewer.host());
  EXPECT_EQ(wrong.status, 404);
  EXPECT_EQ(wrong.body, R"({"error":"there is nothing here"})");
}

TEST_F(View, NothingCanBeWritten) {
  const Viewer viewer(directory(), {database()});
  const std::string rest = " " + viewer.home() + "api/summary HTTP/1.1\r\n" + viewer.host();
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const HttpReply reply = ask(viewer.port(), method + rest);
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.headers.at("allow"), "GET, HEAD");
  }
  EXPECT_EQ(ask(viewer.port(), "GET" + rest + "\r\nContent-Length: 5", "hello").status, 400);
  EXPECT_EQ(
      ask(viewer.port(), "POST" + rest + "\r\nContent-Length: 99999999", std::string(100'000, 'x'))
          .status,
      405);
}

TEST_F(View, PathTricksAndNoiseAreRefused) {
  const Viewer viewer(directory(), {database()});
  for (const std::string path : {"../", "api/../api/summary", "api/%2e%2e/x", "api%2fsummary",
                                 "api/summary%00", "/etc/passwd", "api\\summary"}) {
    EXPECT_EQ(viewer.get(path).status, 400) << path;
  }
  EXPECT_EQ(viewer.get("favicon").status, 404);
  EXPECT_EQ(viewer.get("api/peak?function=" + std::string(8200, 'a')).status, 414);
  EXPECT_EQ(viewer.get("", "\r\nX: " + std::string(20'000, 'a')).status, 431);
  EXPECT_EQ(ask(viewer.port(), "hello").status, 400);
  EXPECT_EQ(ask(viewer.port(), std::string("\0\xFF\x01", 3)).status, 400);
  EXPECT_EQ(viewer.get("").status, 200);
}

TEST_F(View, FiftyAtOnceAreAllAnswered) {
  const Viewer viewer(directory(), {database()});
  const std::string expected = viewer.get("api/hotspots?limit=20").body;
  std::vector<std::future<HttpReply>> replies;
  replies.reserve(50);
  for (int i = 0; i < 50; ++i) {
    replies.push_back(
        std::async(std::launch::async, [&] { return viewer.get("api/hotspots?limit=20"); }));
  }
  for (auto& reply : replies) {
    const HttpReply got = reply.get();
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(got.body, expected);
  }
  EXPECT_EQ(viewer.children(), "");
}

TEST_F(View, WhoSendsAByteASecondIsSentAway) {
  const Viewer viewer(directory(), {database()});
  const HttpConnection slow(viewer.port());
  const std::string request = "GET " + viewer.home() + " HTTP/1.1\r\n" + viewer.host() + "\r\n";
  std::atomic<bool> answered = false;
  std::jthread sender([&] {
    for (std::size_t i = 0; i < request.size() && !answered; ++i) {
      slow.send(request.substr(i, 1));
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
  });
  EXPECT_EQ(viewer.get("").status, 200);  // others are served meanwhile
  EXPECT_EQ(parse_reply(slow.read_all()).status, 408);
  answered = true;
}

using Clients = std::vector<std::unique_ptr<HttpConnection>>;
Clients connect_all(const Viewer& viewer, int count, const std::string& words) {
  Clients clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<HttpConnection>(viewer.port()));
    clients.back()->send(words);
  }
  return clients;
}

TEST_F(View, WhoSaysNothingOrHalfDelaysNobody) {
  const Viewer viewer(directory(), {database()});
  for (const std::string words : {"", "GET / HTTP/1.1\r\nHost: "}) {
    const Clients slow = connect_all(viewer, 100, words);
    EXPECT_EQ(viewer.get("").status, 200);
    for (const auto& client : slow) EXPECT_TRUE(client->is_waiting()) << "its time had not passed";
  }
}

TEST_F(View, OfTooManyWhoWaitTheOldestGo) {
  const Viewer viewer(directory(), {database()});
  const Clients silent = connect_all(viewer, 300, "");
  EXPECT_EQ(silent.front()->read_all(), "");
  EXPECT_TRUE(silent.back()->is_waiting()) << "its time had not passed";
  EXPECT_EQ(viewer.get("").status, 200);
}

TEST_F(View, WhoClosesEarlyEndsTheReport) {
  const auto viewer = hanging_viewer();
  HttpConnection client(viewer->port());
  client.send("GET " + viewer->home() + "api/summary HTTP/1.1\r\n" + viewer->host() + "\r\n\r\n");
  EXPECT_TRUE(wait_until([&] { return !viewer->children().empty(); }));
  client.close();
  EXPECT_TRUE(wait_until([&] { return viewer->children().empty(); }));
  EXPECT_EQ(viewer->get("").status, 200);
}

TEST_F(View, WhoHasNothingMoreToSayGetsTheAnswer) {
  const auto viewer = hanging_viewer();
  const std::string path = "GET " + viewer->home() + "api/losses HTTP/1.";
  const std::string rest = "\r\n" + viewer->host() + "\r\n\r\n";
  const HttpConnection client(viewer->port());
  const HttpConnection old(viewer->port());
  client.send(path + "1" + rest);
  old.send(path + "0" + rest);
  client.end_output();
  old.end_output();
  // Both have closed their sides for so long that it was tried whether they are there.
  EXPECT_TRUE(wait_until([&] { return !client.is_waiting(); }));
  let_go();
  const std::string answer = client.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_EQ(parse_reply(answer).status, 200);
  const std::string old_answer = old.read_all();
  EXPECT_TRUE(old_answer.starts_with("HTTP/1.1 200 OK\r\n")) << old_answer;
}

TEST_F(View, ASignalEndsItAndLeavesNoChild) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Viewer viewer(directory(), {database()});
    EXPECT_EQ(viewer.get("").status, 200);
    const pid_t group = viewer.pid();
    const Finished finished = viewer.end_by(signal);
    EXPECT_EQ(finished.exit_status, 0) << describe(finished);
    EXPECT_EQ(finished.err, "");
    EXPECT_NE(kill(-group, 0), 0);
  }
}

TEST_F(View, ASignalEndsRunningReportsToo) {
  const auto viewer = hanging_viewer();
  const std::string request =
      "GET " + viewer->home() + "api/summary HTTP/1.1\r\n" + viewer->host() + "\r\n\r\n";
  std::vector<std::unique_ptr<HttpConnection>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<HttpConnection>(viewer->port()));
    clients.back()->send(request);
  }
  const auto running = [&] {
    const std::string pids = viewer->children();
    return std::count(pids.begin(), pids.end(), ' ');
  };
  EXPECT_TRUE(wait_until([&] { return running() == 4; })) << viewer->children();  // no more at once
  const pid_t group = viewer->pid();
  const Finished finished = viewer->end_by(SIGTERM);
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  EXPECT_NE(kill(-group, 0), 0);
}

TEST_F(View, BadInputIsRefusedBeforeAnythingIsServed) {
  const Viewer other(directory(), {database()});
  write_text(file("text.db"), "hello");
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"missing.db"}, "missing.db"},
      {{"text.db"}, "text.db"},
      {{database(), "missing.db"}, "missing.db"},
      {{database(), "--port", "65536"}, "'65536' is not a port"},
      {{database(), "--port", "x"}, "'x' is not a port"},
      {{database(), "--port", std::to_string(other.port())},
       "port " + std::to_string(other.port())},
      {{database(), "--force"}, "--force goes with --static"},
      {{database(), "--static", "a.html", "--port", "1"}, "--port and --static"},
      {{database(), "--static", "no/such/a.html"}, "no/such/a.html"},
      {{database(), "--static", "."}, "'.'"},
      {{database(), "--static", ""}, "'' is no name"}};
  for (const auto& [arguments, words] : wrong) {
    const Finished finished = view(arguments);
    expect_refusal(finished);
    EXPECT_NE(finished.err.find(words), std::string::npos) << describe(finished);
  }
}

TEST_F(View, APortCanBeChosenAndTakenAgain) {
  std::string port;
  {
    const Viewer first(directory(), {database()});
    port = std::to_string(first.port());
    EXPECT_EQ(first.get("").status, 200);
  }
  const Viewer second(directory(), {database(), "--port", port});
  EXPECT_EQ(std::to_string(second.port()), port);
  EXPECT_EQ(second.get("").status, 200);
}

// What the script of a static page would read.
json embedded_in(const std::string& page) {
  const std::string opening = "<script type=\"application/json\" id=\"heapscribe-answers\">";
  const std::size_t begin = page.find(opening) + opening.size();
  return json::parse(page.substr(begin, page.find("</script>", begin) - begin), nullptr, false);
}

TEST_F(View, TheStaticPageHasTheServersAnswers) {
  const Finished finished = view({database(), "--static", "page.html"});
  EXPECT_EQ(finished.exit_status, 0) << describe(finished);
  EXPECT_EQ(finished.out.rfind("page.html is written, ", 0), 0U) << finished.out;
  EXPECT_NE(finished.out.find("filters and time windows"), std::string::npos) << finished.out;
  const json page = embedded_in(read_text(file("page.html")));
  ASSERT_TRUE(page.is_object());
  const Viewer viewer(directory(), {database()});
  EXPECT_EQ(page.at("recording"), viewer.data("api/recording"));
  ASSERT_TRUE(page.at("answers").contains("summary"));
  for (const auto& [key, answer] : page.at("answers").items()) {
    EXPECT_EQ(answer, viewer.data("api/" + key)) << key;
  }
}

TEST_F(View, TheStaticPageIsTheSameEachTimeAndReplacesNothingUnasked) {
  EXPECT_EQ(view({database(), "--static", "a.html"}).exit_status, 0);
  EXPECT_EQ(view({database(), "--static", "b.html"}).exit_status, 0);
  const std::string page = read_text(file("a.html"));
  EXPECT_EQ(page, read_text(file("b.html")));
  write_text(file("b.html"), "mine");
  const Finished refused = view({database(), "--static", "b.html"});
  expect_refusal(refused);
  EXPECT_NE(refused.err.find("'b.html' exists already"), std::string::npos) << refused.err;
  EXPECT_EQ(read_text(file("b.html")), "mine");
  EXPECT_EQ(view({database(), "--static", "b.html", "--force"}).exit_status, 0);
  EXPECT_EQ(read_text(file("b.html")), page);
}

TEST_F(View, AStaticPageNeverReplacesARecording) {
  fs::create_hard_link(database(), file("same.db"));
  for (const fs::path& target : {database(), file("same.db")}) {
    const Finished refused = view({database(), "--static", target, "--force"});
    expect_refusal(refused);
    EXPECT_NE(refused.err.find("itself"), std::string::npos) << refused.err;
  }
  EXPECT_EQ(view({database(), "--static", "a.html"}).exit_status, 0) << "it is still one";
}

TEST_F(View, HostileNamesStayTextInTheStaticPage) {
  const std::string name = "</script><script>alert(1)</script><!--\xE2\x80\xA8\xFF";
  CaptureBuilder().at({name, "main"}).leaked(3, 100).write(file("hostile.db"));
  EXPECT_EQ(view({"hostile.db", "--static", "page.html"}).exit_status, 0);
  const std::string page = read_text(file("page.html"));
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_NE(page.find("\\u003cscript>alert(1)"), std::string::npos);
  EXPECT_TRUE(embedded_in(page).is_object());
}

}  // namespace
}  // namespace heapscribe::tests
