#include "viewer/server/static_page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace heapscribe::viewer {
namespace {

using nlohmann::json;

constexpr Page kPage{
    .html = "<html><head><meta charset=\"utf-8\"></head><body><script>run()</script></body></html>",
    .requests = R"([{"report": "summary"},
                    {"report": "peak", "options": {"limit": "5", "function": "a b"}},
                    {"report": "summary", "options": {}}])",
    .scripts = "'sha256-x'",
    .styles = "'none'"};

constexpr std::string_view kOpening =
    "<script type=\"application/json\" id=\"heapscribe-answers\">";

// What the page's script would read.
json answers_in(const std::string& page) {
  const std::size_t begin = page.find(kOpening) + kOpening.size();
  return json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

StaticContent content_with(const std::string& body) {
  return {.recording = R"({"path":"a.db"})", .answer = [body](const ReportRequest&) {
            return Answer{200, body};
          }};
}

TEST(StaticPage, HasTheAnswersUnderTheirKeys) {
  const json read = answers_in(static_page(kPage, content_with(R"({"data":[1]})")));
  EXPECT_EQ(read.at("recording").at("path"), "a.db");
  EXPECT_EQ(read.at("answers").size(), 2U);
  EXPECT_EQ(read.at("answers").at("summary").at("data"), json{1});
  EXPECT_TRUE(read.at("answers").contains("peak?function=a+b&limit=5"));
  EXPECT_EQ(read.at("left_out"), json::array());
}

TEST(StaticPage, TheAnswersComeBeforeTheScriptAndThePolicyFirst) {
  const std::string page = static_page(kPage, content_with("{}"));
  const std::size_t policy = page.find("http-equiv=\"Content-Security-Policy\"");
  EXPECT_LT(policy, page.find("charset"));
  EXPECT_LT(page.find(kOpening), page.find("<script>run()"));
  EXPECT_NE(page.find("default-src 'none'; script-src 'sha256-x'"), std::string::npos);
  EXPECT_EQ(page.find("connect-src"), std::string::npos);
}

TEST(StaticPage, ForeignNamesCannotEndTheScript) {
  const std::string hostile =
      "</script><script>alert(1)</script><!-- <script \xE2\x80\xA8 \xE2\x80\xA9 \xE2\x80\xAA ]]>";
  const std::string body = json{{"data", hostile}}.dump();
  StaticContent content = content_with(body);
  content.recording = body;
  const std::string page = static_page(kPage, content);
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<!--"), std::string::npos);
  EXPECT_EQ(page.find("\xE2\x80\xA8"), std::string::npos);
  EXPECT_EQ(page.find("\xE2\x80\xA9"), std::string::npos);
  EXPECT_EQ(answers_in(page).at("answers").at("summary").at("data"), hostile);
  EXPECT_EQ(answers_in(page).at("recording").at("data"), hostile);
}

TEST(StaticPage, TextThatEndsInsideACharacterIsKept) {
  EXPECT_EQ(escaped_for_script("a\xE2\x80"), "a\xE2\x80");
  EXPECT_EQ(escaped_for_script("\xE2\x80\xA8"), "\\u2028");
  EXPECT_EQ(escaped_for_script(""), "");
}

TEST(StaticPage, WhatDoesNotFitIsLeftOutAndNamed) {
  StaticContent content{.recording = "{}", .answer = [](const ReportRequest& request) {
                          const std::size_t size = request.report == "summary" ? 2'000'000 : 10;
                          return Answer{200, '"' + std::string(size, 'x') + '"'};
                        }};
  content.most_bytes = 1000;
  const json read = answers_in(static_page(kPage, content));
  EXPECT_EQ(read.at("answers").size(), 1U);
  ASSERT_EQ(read.at("left_out").size(), 1U);
  EXPECT_EQ(read.at("left_out")[0],
            "summary is left out: its 1.9 MiB would make the page too large");
}

TEST(StaticPage, IsTheSameForTheSameAnswers) {
  EXPECT_EQ(static_page(kPage, content_with("{}")), static_page(kPage, content_with("{}")));
}

TEST(StaticPage, APageThatAsksForWhatIsNotServedIsRefused) {
  EXPECT_THROW(requests_in("[{\"report\": \"run\"}]"), std::runtime_error);
  EXPECT_THROW(requests_in("[{\"report\": \"peak\", \"options\": {\"limit\": 5}}]"),
               std::runtime_error);
  EXPECT_THROW(requests_in("[{]"), std::runtime_error);
  EXPECT_THROW(requests_in("[{}]"), std::runtime_error);
}

TEST(StaticPage, ARepeatedOptionIsAList) {
  const auto requests =
      requests_in(R"([{"report": "summary", "options": {"rule": ["a=1", "b=2"]}}])");
  EXPECT_EQ(requests.at(0).options, (std::vector<ReportOption>{{"rule", "a=1"}, {"rule", "b=2"}}));
}

TEST(BuiltPage, IsOneFileWhoseRequestsAreServed) {
  const Page& page = built_page();
  EXPECT_NE(page.html.find("<script"), std::string_view::npos);
  EXPECT_FALSE(requests_in(page.requests).empty());
  EXPECT_TRUE(page.scripts.starts_with("'sha256-"));
  const std::string made = static_page(page, content_with("{}"));
  EXPECT_EQ(answers_in(made).at("left_out"), json::array());
}

}  // namespace
}  // namespace heapscribe::viewer
