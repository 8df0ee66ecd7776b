// Names come from binaries and may hold anything.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/analyzer/golden.h"
#include "tests/analyzer/render/report_texts.h"

namespace heapscribe::tests {
namespace {

using nlohmann::json;
using render::Format;

std::vector<std::string> hostile_names() {
  return {"two\nlines\r\n",
          "\x1B[2J\x1B]0;title\x07",
          "pipe|`tick`|<b>html</b>",
          "quote\"comma,'semicolon;",
          "\xFF\xFE invalid \xC3",
          "\u202Eright to left\u202C",
          "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
          "<<<<<<((((({{{{{",
          std::string(65536, 'x'),
          std::string("template<") + std::string(65000, '<'),
          " ",
          "=cmd|' /C calc'!A0"};
}

CaptureBuilder hostile() {
  CaptureBuilder builder;
  std::int64_t size = 100'000;
  for (const std::string& name : hostile_names()) {
    builder
        .at({Call(name, name, 1).in("/lib/" + name).with_inlined({name + "i"}), Call(name + "o"),
             "main"})
        .leaked(2, size += 1000);
  }
  builder.set("program", "/bin/" + hostile_names()[0]);
  builder.set("command_line", json::array({"a\nb", "\x1B[31m"}).dump());
  return builder.on_thread(2, hostile_names()[1]).leaked(1, 5);
}

TEST(HostileNames, TextHasNoControlCharactersAndKeepsTo80Columns) {
  const std::string text = ReportTexts(hostile()).everything();
  expect_width(text, 80);
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F));
  }
  EXPECT_EQ(text.find("\u202E"), std::string::npos);
  EXPECT_NE(text.find("…"), std::string::npos);
}

TEST(HostileNames, JsonStaysValidAndNamesStayWhole) {
  const json rows = json::parse(ReportTexts(hostile(), Format::Json).hotspots());
  bool whole = false;
  for (const json& row : rows) {
    whole = whole || row.at("function").get<std::string>().size() == 65536 + 1;
    EXPECT_FALSE(row.at("stack").empty());
  }
  EXPECT_TRUE(whole);
  for (auto direction : {reports::TreeDirection::TopDown, reports::TreeDirection::BottomUp}) {
    EXPECT_FALSE(json::parse(ReportTexts(hostile(), Format::Json).tree(direction)).empty());
  }
  EXPECT_NO_THROW(json::parse(ReportTexts(hostile(), Format::Json).summary()).size());
  EXPECT_NO_THROW(json::parse(ReportTexts(hostile(), Format::Json).sizes()).size());
}

// Fields of one CSV record, by RFC 4180.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> records(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      records.back().back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      records.back().emplace_back();
    } else if (!quoted && c == '\n') {
      records.push_back({""});
    } else {
      records.back().back() += c;
    }
  }
  records.pop_back();
  return records;
}

TEST(HostileNames, EveryCsvRecordHasAllItsFields) {
  const auto records = parse_csv(ReportTexts(hostile(), Format::Csv).hotspots());
  ASSERT_GT(records.size(), hostile_names().size());
  for (const auto& record : records) EXPECT_EQ(record.size(), records[0].size());
}

TEST(HostileNames, MarkdownTablesKeepTheirCells) {
  const std::string text = ReportTexts(hostile(), Format::Markdown).hotspots();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("| ", 0) != 0) continue;
    int bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i)
      bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    EXPECT_EQ(bars, 6) << line;
  }
}

}  // namespace
}  // namespace heapscribe::tests
