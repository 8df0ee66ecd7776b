#include "viewer/server/request_guard.h"

#include <gtest/gtest.h>

namespace heapscribe::viewer {
namespace {

const Place kPlace{4711, "00112233445566778899aabbccddeeff"};
const std::string kHome = "/" + kPlace.token + "/";

Inquiry page() {
  return {.method = "GET",
          .target = kHome,
          .hosts = {"127.0.0.1:4711"},
          .origins = {},
          .fetch_sites = {},
          .has_body = false};
}

unsigned status_of(const Inquiry& inquiry) {
  const Admission admission = admit(inquiry, kPlace);
  const auto* refused = std::get_if<Refusal>(&admission);
  return refused == nullptr ? 200 : refused->status;
}

unsigned status_at(const std::string& target) {
  Inquiry inquiry = page();
  inquiry.target = target;
  return status_of(inquiry);
}

TEST(RequestGuard, WhoKnowsTheAddressGetsThePage) {
  EXPECT_TRUE(std::holds_alternative<PageWanted>(admit(page(), kPlace)));
  EXPECT_EQ(status_at(kHome + "?view=peak"), 200U);
}

TEST(RequestGuard, ReportsAndTheRecordingAreTold) {
  Inquiry inquiry = page();
  const std::string target = kHome + "api/hotspots?by=peak&limit=5";
  inquiry.target = target;
  const Admission admission = admit(inquiry, kPlace);
  ASSERT_TRUE(std::holds_alternative<ReportWanted>(admission));
  EXPECT_EQ(std::get<ReportWanted>(admission).report, "hotspots");
  EXPECT_EQ(std::get<ReportWanted>(admission).query, "by=peak&limit=5");
  const std::string recording = kHome + "api/recording";
  inquiry.target = recording;
  EXPECT_TRUE(std::holds_alternative<RecordingWanted>(admit(inquiry, kPlace)));
}

TEST(RequestGuard, AtTheUsualPortNobodyNamesIt) {
  const Place usual{80, kPlace.token};
  Inquiry inquiry = page();
  inquiry.hosts = {"localhost"};
  EXPECT_TRUE(std::holds_alternative<PageWanted>(admit(inquiry, usual)));
  EXPECT_EQ(status_of(inquiry), 421U);
}

TEST(RequestGuard, OnlyOurOwnNamesAreAHost) {
  for (const char* host : {"127.0.0.1:4711", "localhost:4711"}) {
    Inquiry inquiry = page();
    inquiry.hosts = {host};
    EXPECT_EQ(status_of(inquiry), 200U) << host;
  }
  for (const char* host : {"", "127.0.0.1", "localhost", "127.0.0.1:80", "127.0.0.1:47110",
                           "evil.example:4711", "127.0.0.1:4711.evil.example", "127.1:4711",
                           "[::1]:4711", "localhost.evil.example:4711", "x@127.0.0.1:4711"}) {
    Inquiry inquiry = page();
    inquiry.hosts = {host};
    EXPECT_EQ(status_of(inquiry), 421U) << host;
  }
}

TEST(RequestGuard, AHostIsNamedOnce) {
  Inquiry inquiry = page();
  inquiry.hosts = {};
  EXPECT_EQ(status_of(inquiry), 400U);
  inquiry.hosts = {"127.0.0.1:4711", "127.0.0.1:4711"};
  EXPECT_EQ(status_of(inquiry), 400U);
}

TEST(RequestGuard, OtherSitesAreRefused) {
  for (const char* origin : {"null", "", "http://evil.example", "https://127.0.0.1:4711",
                             "http://127.0.0.1:8080", "http://127.0.0.1:4711.evil.example"}) {
    Inquiry inquiry = page();
    inquiry.origins = {origin};
    EXPECT_EQ(status_of(inquiry), 403U) << origin;
  }
  for (const char* site : {"cross-site", "same-site", "", "None", "same-origin, cross-site"}) {
    Inquiry inquiry = page();
    inquiry.fetch_sites = {site};
    EXPECT_EQ(status_of(inquiry), 403U) << site;
  }
  Inquiry inquiry = page();
  inquiry.origins = {"http://localhost:4711"};
  inquiry.fetch_sites = {"same-origin"};
  EXPECT_EQ(status_of(inquiry), 200U);
  inquiry.fetch_sites = {"same-origin", "cross-site"};
  EXPECT_EQ(status_of(inquiry), 403U);
}

TEST(RequestGuard, NothingCanBeWritten) {
  for (const char* method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get"}) {
    Inquiry inquiry = page();
    inquiry.method = method;
    EXPECT_EQ(status_of(inquiry), 405U) << method;
  }
  Inquiry inquiry = page();
  inquiry.has_body = true;
  EXPECT_EQ(status_of(inquiry), 400U);
}

TEST(RequestGuard, WithoutTheTokenThereIsNothing) {
  const std::string other = "00112233445566778899aabbccddeefe";
  const std::vector<std::string> targets = {"/",
                                            "",
                                            "*",
                                            "/favicon.ico",
                                            "/api/summary",
                                            "/" + other + "/",
                                            "/" + kPlace.token,
                                            "//" + kPlace.token + "/",
                                            "/x/.." + kHome,
                                            "/" + kPlace.token + "x/",
                                            "/?" + kHome,
                                            "http://127.0.0.1:4711" + kHome};
  for (const std::string& target : targets) {
    EXPECT_EQ(status_at(target), 404U) << target;
  }
}

TEST(RequestGuard, PathsThatLeadElsewhereAreRefused) {
  for (const char* path :
       {"../", "..", "./", "/", "api/../api/summary", "api/%2e%2e", "api//summary", "api/summary/",
        "api%2Fsummary", "api/summary%00", "api\\summary", "api/", "api/Summary", "api/summary;x",
        "api/summary#x"}) {
    EXPECT_EQ(status_at(kHome + path), 400U) << path;
  }
  EXPECT_EQ(status_at(kHome + std::string("api/summary\0", 12)), 400U);
  EXPECT_EQ(status_at(kHome + "index"), 404U);
}

TEST(RequestGuard, AnAddressHasAnEnd) {
  EXPECT_EQ(status_at(kHome + std::string(9000, 'a')), 414U);
  EXPECT_EQ(status_at(kHome + "api/peak?function=" + std::string(9000, 'a')), 414U);
}

}  // namespace
}  // namespace heapscribe::viewer
