#include "viewer/server/report_answer.h"

#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

namespace heapscribe::viewer {
namespace {

using nlohmann::json;

const ReportRequest kPeak{"peak", {}};

Finished exited(int status, std::string output, std::string errors = "") {
  return {Ending::Exited, status, std::move(output), std::move(errors)};
}

std::string error_of(const Answer& answer) {
  return json::parse(answer.body).at("error");
}

TEST(ReportAnswer, HasTheReportsOwnBytes) {
  const Answer answer = answer_of(kPeak, exited(0, "[\n{\"a\": 1.50}\n]\n"));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "{\"data\":[\n{\"a\": 1.50}\n],\"notes\":[],\"status\":0}");
}

TEST(ReportAnswer, OneObjectALineIsAnArray) {
  const ReportRequest trace{"trace", {}};
  EXPECT_EQ(json::parse(answer_of(trace, exited(0, "{\"a\":1}\n{\"a\":2}\n")).body).at("data"),
            json::parse(R"([{"a":1},{"a":2}])"));
  EXPECT_EQ(json::parse(answer_of(trace, exited(0, "")).body).at("data"), json::array());
}

TEST(ReportAnswer, WhatWasSaidBesideIsNotes) {
  const json body = json::parse(
      answer_of(kPeak, exited(1, "[]", "heapscribe: one\nheapscribe: two \"x\"\n")).body);
  EXPECT_EQ(body.at("notes"), (json{"one", "two \"x\""}));
  EXPECT_EQ(body.at("status"), 1);
}

TEST(ReportAnswer, ARefusalIsItsSentence) {
  const Answer answer = answer_of(kPeak, exited(2, "", "heapscribe: 'x' is no number\n"));
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(answer.body, R"({"error":"'x' is no number"})");
}

TEST(ReportAnswer, ACriticalProgramIsNoRefusal) {
  EXPECT_EQ(answer_of({"health", {}}, exited(2, "{}")).body,
            R"({"data":{},"notes":[],"status":2})");
  EXPECT_EQ(answer_of({"health", {}}, exited(2, "", "heapscribe: no\n")).status, 400U);
}

TEST(ReportAnswer, EveryOtherEndIsASentence) {
  EXPECT_EQ(answer_of(kPeak, {Ending::TooLarge, 0, "[", ""}).status, 400U);
  EXPECT_EQ(answer_of(kPeak, {Ending::TooSlow, 0, "[", ""}).status, 504U);
  EXPECT_EQ(error_of(answer_of(kPeak, {Ending::Crashed, SIGSEGV, "[", ""})),
            "'peak' was ended by signal 11");
}

TEST(ReportAnswer, ForeignBytesStayText) {
  EXPECT_EQ(error_of(refusal(400, "there is no '\xFF\"\n'")), "there is no '\xEF\xBF\xBD\"\n'");
}

TEST(ReportAnswer, ARecordingThatCannotBeReadIsNotLive) {
  const json body = json::parse(describe({"/no/such.db", "b.db"}, "1.2").body);
  EXPECT_EQ(body, (json{{"path", "/no/such.db"},
                        {"other", "b.db"},
                        {"baseline", nullptr},
                        {"version", "1.2"},
                        {"live", false},
                        {"lacks", json::array()}}));
  EXPECT_TRUE(json::parse(describe({"/no/such.db", {}}, "1.2").body).at("other").is_null());
}

}  // namespace
}  // namespace heapscribe::viewer
