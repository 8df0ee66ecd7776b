#include "viewer/server/report_request.h"

#include <gtest/gtest.h>

namespace heapscribe::viewer {
namespace {

using Words = std::vector<std::string>;

Words command_for(std::string_view report, std::string_view query,
                  const Recordings& recordings = {"run.db", {}}) {
  return command_of(parse_request(report, query), recordings);
}

std::string refusal_of(std::string_view report, std::string_view query) {
  try {
    parse_request(report, query);
  } catch (const BadRequest& bad) {
    return bad.what();
  }
  return "";
}

TEST(ReportRequest, BecomesACommandLine) {
  EXPECT_EQ(command_for("summary", ""),
            (Words{"heapscribe", "summary", "run.db", "--format=json"}));
  EXPECT_EQ(command_for("hotspots", "by=peak&limit=5"),
            (Words{"heapscribe", "hotspots", "run.db", "--format=json", "--by=peak", "--limit=5"}));
}

TEST(ReportRequest, AValueIsDecodedAndStaysOneWord) {
  EXPECT_EQ(command_for("peak", "function=a+b%3D%26%2F%C3%A4").back(), "--function=a b=&/\xC3\xA4");
  EXPECT_EQ(command_for("peak", "function=--format%3Dtext").back(), "--function=--format=text");
  EXPECT_EQ(command_for("peak", "function=-x%20; rm").back(), "--function=-x ; rm");
}

TEST(ReportRequest, AnOptionIsRepeatedAsOftenAsItIsGiven) {
  const Words command = command_for("summary", "rule=a=1&rule=b=2");
  EXPECT_EQ(Words(command.end() - 2, command.end()), (Words{"--rule=a=1", "--rule=b=2"}));
}

TEST(ReportRequest, AFlagIsThereOrNot) {
  EXPECT_EQ(command_for("diff", "all").back(), "--all");
  EXPECT_EQ(command_for("diff", "all=").back(), "--all");
  EXPECT_EQ(command_for("diff", "all=true").back(), "--all");
  EXPECT_EQ(refusal_of("diff", "all=false"), "option 'all' is there or not, and takes no 'false'");
}

TEST(ReportRequest, ADifferenceIsBetweenBothRecordingsUnlessMomentsAreGiven) {
  const Recordings both{"a.db", "b.db"};
  EXPECT_EQ(command_for("diff", "", both),
            (Words{"heapscribe", "diff", "a.db", "b.db", "--format=json"}));
  EXPECT_EQ(command_for("compare", "", both)[3], "b.db");
  EXPECT_EQ(command_for("diff", "from=start", both)[3], "--format=json");
  EXPECT_EQ(command_for("diff", "to=2.5s", both)[3], "--format=json");
  EXPECT_EQ(command_for("summary", "", both)[3], "--format=json");
}

TEST(ReportRequest, AQuestionInSqlIsOneWordThatIsNoOption) {
  EXPECT_EQ(
      command_for("query", "sql=--help+--%3E+1&limit=5"),
      (Words{"heapscribe", "query", "run.db", "--format=json", "--limit=5", "--", "--help --> 1"}));
}

TEST(ReportRequest, OnlyAQuestionHasAWordThatCouldBeAFile) {
  EXPECT_EQ(refusal_of("compare", "sql=/etc/passwd"), "'compare' takes no option 'sql'");
  EXPECT_EQ(refusal_of("check", "sql=other.db"), "'check' takes no option 'sql'");
}

TEST(ReportRequest, ACheckIsAgainstTheBaselineOfTheServerOnly) {
  EXPECT_EQ(command_for("check", "", {"run.db", std::nullopt, "-b.toml"}),
            (Words{"heapscribe", "check", "run.db", "--format=json", "--baseline=-b.toml"}));
  EXPECT_NE(refusal_of("check", "baseline=/etc/passwd"), "");
  EXPECT_NE(refusal_of("check", "update=true"), "");
}

TEST(ReportRequest, AFileIsNeverAnOptionOrAList) {
  EXPECT_EQ(command_for("summary", "", {"-x.db", {}})[2], "./-x.db");
  EXPECT_EQ(command_for("summary", "", {"[a,b].db", {}})[2], "./[a,b].db");
  EXPECT_EQ(command_for("summary", "", {"../a.db", {}})[2], "../a.db");
  EXPECT_EQ(command_for("summary", "", {"/a b.db", {}})[2], "/a b.db");
}

TEST(ReportRequest, WhatIsNotListedIsRefused) {
  EXPECT_EQ(refusal_of("run", ""), "there is no report 'run' here");
  EXPECT_EQ(refusal_of("recover", ""), "there is no report 'recover' here");
  EXPECT_EQ(refusal_of("", ""), "there is no report '' here");
  EXPECT_EQ(refusal_of("leaks", "suppressions=/etc/passwd"),
            "there is no option 'suppressions' here");
  EXPECT_EQ(refusal_of("summary", "format=text"), "there is no option 'format' here");
  EXPECT_EQ(refusal_of("summary", "=1"), "there is no option '' here");
  EXPECT_EQ(refusal_of("peak", "by"), "option 'by' has no value");
  EXPECT_EQ(refusal_of("peak", "by="), "option 'by' has no value");
}

TEST(ReportRequest, TooMuchIsRefused) {
  std::string many = "rule=a";
  for (int i = 1; i < 16; ++i) many += "&rule=a";
  EXPECT_EQ(refusal_of("summary", many), "");
  EXPECT_EQ(refusal_of("summary", many + "&rule=a"), "more than 16 options are too many");
  EXPECT_EQ(refusal_of("peak", "function=" + std::string(4096, 'x')), "");
  EXPECT_EQ(refusal_of("peak", "function=" + std::string(4097, 'x')),
            "option 'function' has 4097 bytes, and 4096 are the most");
  EXPECT_LT(refusal_of(std::string(5000, 'x'), "").size(), 100U);
}

TEST(ReportRequest, WhatIsNoAddressIsRefused) {
  for (const char* query : {"by=%", "by=%4", "by=%zz", "%=1", "by=a%"}) {
    EXPECT_NE(refusal_of("hotspots", query).find("is not encoded as an address is"),
              std::string::npos)
        << query;
  }
  EXPECT_EQ(refusal_of("hotspots", "by=a%00b"), "option 'by' has a zero byte");
}

TEST(ReportRequest, TheKeyIsWhatABrowserMakesOfIt) {
  EXPECT_EQ(key_of({"summary", {}}), "summary");
  EXPECT_EQ(key_of({"peak", {{"limit", "5"}, {"by", "x"}}}), "peak?by=x&limit=5");
  EXPECT_EQ(key_of({"peak", {{"rule", "b"}, {"all", "true"}, {"rule", "a"}}}),
            "peak?all=true&rule=b&rule=a");
  EXPECT_EQ(key_of({"peak", {{"function", "a b*-._~!'()<&=\xC3\xA4"}}}),
            "peak?function=a+b*-._%7E%21%27%28%29%3C%26%3D%C3%A4");
}

TEST(ReportRequest, TheKeyReadsBackAsTheRequest) {
  const ReportRequest request{"peak", {{"function", "operator<<(a, b)%20+ "}, {"limit", "5"}}};
  const std::string key = key_of(request);
  const std::size_t mark = key.find('?');
  EXPECT_EQ(parse_request(key.substr(0, mark), key.substr(mark + 1)), request);
}

}  // namespace
}  // namespace heapscribe::viewer
