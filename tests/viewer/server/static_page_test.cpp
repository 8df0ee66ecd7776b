#include "viewer/server/static_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "viewer/server/report_request.h"

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
  return {.recording = R"({"path":"a.db"})", .answer = [body](const std::string&) {
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
  StaticContent content{.recording = "{}", .answer = [](const std::string& key) {
                          const std::size_t size = key == "summary" ? 2'000'000 : 10;
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

TEST(StaticPage, RequestsAreKeysOrTheirParts) {
  EXPECT_EQ(requests_in(R"(["summary", "peak?limit=5"])").keys,
            (std::vector<std::string>{"summary", "peak?limit=5"}));
  EXPECT_EQ(requests_in(R"([{"report": "peak", "options": {"limit": "5", "by": "x"}}])").keys,
            std::vector<std::string>{"peak?by=x&limit=5"});
  EXPECT_EQ(requests_in(R"([{"report": "summary", "options": {"rule": ["a=1", "b=2"]}}])").keys,
            std::vector<std::string>{"summary?rule=a%3D1&rule=b%3D2"});
}

TEST(StaticPage, TheFirstRowsOfAnAnswerLeadToMore) {
  Page page = kPage;
  page.requests = R"(["source", {"each": {"of": "source", "report": "source", "option": "file",
                                          "most": 3, "most_bytes": 20}}])";
  StaticContent content{.recording = "{}", .answer = [](const std::string& key) {
                          if (key == "source") {
                            return Answer{200, R"({"data":[{"file":"/a b.c"},{"line":1},5,
                                {"file":"/large.c"},{"file":"/b.c"},{"file":"/c.c"}]})"};
                          }
                          return Answer{200, key.ends_with("large.c") ? std::string(21, '1') : "1"};
                        }};
  const json read = answers_in(static_page(page, content));
  EXPECT_EQ(read.at("answers").size(), 3U);
  EXPECT_TRUE(read.at("answers").contains("source?file=%2Fa+b.c"));
  EXPECT_TRUE(read.at("answers").contains("source?file=%2Fb.c"));
  ASSERT_EQ(read.at("left_out").size(), 1U);
  EXPECT_NE(read.at("left_out").at(0).get<std::string>().find("large.c"), std::string::npos);
}

TEST(StaticPage, ARefusalLeadsToNothing) {
  Page page = kPage;
  page.requests = R"(["source", {"each": {"of": "source", "report": "source", "option": "file",
                                          "most": 3, "most_bytes": 20}}])";
  for (const char* body :
       {R"({"error":"no"})", R"({"data":null})", "1", R"({"data":{"file":"/a"}})"}) {
    EXPECT_EQ(answers_in(static_page(page, content_with(body))).at("answers").size(), 1U) << body;
  }
}

TEST(StaticPage, AListThatIsNoneIsRefused) {
  for (const char* list : {"[{]", "[{}]", "[1]", "[{\"each\": {}}]",
                           "[{\"report\": \"a\", \"options\": {\"b\": 5}}]"}) {
    EXPECT_THROW(requests_in(list), std::runtime_error) << list;
  }
}

TEST(BuiltPage, IsOneFileWhoseRequestsAreServed) {
  const Page& page = built_page();
  EXPECT_NE(page.html.find("<script"), std::string_view::npos);
  EXPECT_FALSE(requests_in(page.requests).keys.empty());
  for (const std::string& key : requests_in(page.requests).keys) {
    const std::size_t mark = std::min(key.find('?'), key.size());
    EXPECT_NO_THROW(parse_request(key.substr(0, mark), key.substr(std::min(mark + 1, key.size()))))
        << key;
  }
  EXPECT_TRUE(page.scripts.starts_with("'sha256-"));
  const std::string made = static_page(page, content_with("{}"));
  EXPECT_EQ(answers_in(made).at("left_out"), json::array());
}

}  // namespace
}  // namespace heapscribe::viewer
