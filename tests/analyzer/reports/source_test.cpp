#include "analyzer/reports/source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "analyzer/model/selection.h"
#include "analyzer/reports/timeline.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::reports {
namespace {

using tests::Call;
using tests::CaptureBuilder;

class Source : public ::testing::Test {
 protected:
  Source() {
    std::filesystem::create_directories(folder_);
    std::ofstream(path()) << "int a;\n\tmake();\n\n\n\n\n\n\n\n  call();\n";
  }
  ~Source() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name = "shop.cpp") const { return (folder_ / name).string(); }
  CaptureBuilder capture() const {
    return CaptureBuilder()
        .at({Call("make", path(), 2), Call("call", path(), 10), Call("call", path(), 10), "main"})
        .leaked(3, 100)
        .at({Call("make", path("other.cpp"), 7), Call("call", path(), 10), "main"})
        .temporaries(2, 10);
  }
  static const SourceLine& at(const SourceText& source, std::int64_t line) {
    for (const SourceLine& row : source.lines) {
      if (row.line == line) return row;
    }
    ADD_FAILURE() << "line " << line << " is not there";
    return source.lines.front();
  }
  static SourceText read(model::CaptureReader& reader, const std::string& file,
                         std::optional<std::int64_t> line = {}) {
    model::select_sites(reader, {});
    return read_source(reader, file, line);
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("source_test." + std::to_string(getpid()));
};

TEST_F(Source, ALineHasWhatIsBlamedOnItAndWhatGoesThroughIt) {
  model::CaptureReader reader(capture().build());
  const SourceText source = read(reader, "shop.cpp");
  EXPECT_EQ(source.path, path());
  EXPECT_EQ(at(source, 2).text, "\tmake();");
  EXPECT_EQ(at(source, 2).own.bytes.value, 300);
  EXPECT_EQ(at(source, 10).own.bytes.value, 0);
  EXPECT_EQ(at(source, 10).through.bytes.value, 320) << "recursion counts once";
}

TEST_F(Source, LinesAroundThoseThatAllocateAreShown) {
  model::CaptureReader reader(capture().build());
  std::vector<std::int64_t> lines;
  for (const SourceLine& row : read(reader, "shop.cpp").lines) lines.push_back(row.line);
  EXPECT_EQ(lines, (std::vector<std::int64_t>{1, 2, 3, 4, 5, 7, 8, 9, 10}));
  EXPECT_EQ(read(reader, "shop.cpp", 5).lines.size(), 10U);
}

TEST_F(Source, AFileThatCannotBeReadHasFiguresAlone) {
  model::CaptureReader reader(capture().build());
  const SourceText source = read(reader, "other.cpp");
  EXPECT_NE(source.unreadable, "");
  ASSERT_EQ(source.lines.size(), 1U);
  EXPECT_EQ(source.lines[0].own.allocations.value, 2);
}

TEST_F(Source, WhatIsNotNamedAsASourceFileIsNotRead) {
  model::CaptureReader reader(
      CaptureBuilder().at({Call("f", "/etc/passwd", 1)}).leaked(1, 8).build());
  const SourceText source = read(reader, "/etc/passwd");
  EXPECT_EQ(source.unreadable, "it is not named as a source file is");
  EXPECT_EQ(source.lines[0].text, "");
  model::CaptureReader tricky(
      CaptureBuilder().at({Call("f", "/usr/include/../../etc/passwd", 1)}).leaked(1, 8).build());
  EXPECT_NE(read(tricky, "/usr/include/../../etc/passwd").unreadable, "");
}

TEST_F(Source, ANewerFileIsToldSo) {
  model::CaptureReader reader(capture().set("start_realtime_ns", 1'000'000'000).build());
  EXPECT_TRUE(read(reader, "shop.cpp").is_newer);
}

TEST_F(Source, UnknownAndAmbiguousFilesAreRefused) {
  model::CaptureReader reader(
      capture().at({Call("g", "/elsewhere/shop.cpp", 1)}).leaked(1, 8).build());
  EXPECT_THROW(read(reader, "none.cpp"), std::runtime_error);
  EXPECT_THROW(read(reader, "shop.cpp"), std::runtime_error);
  EXPECT_THROW(read(reader, "hop.cpp"), std::runtime_error) << "names of files are whole";
}

TEST_F(Source, FilesComeWithMostBytesFirst) {
  model::CaptureReader reader(capture().build());
  model::select_sites(reader, {});
  const auto files = list_source_files(reader);
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].path, path());
  EXPECT_EQ(files[0].own.bytes.value, 300);
  EXPECT_EQ(files[1].own.allocations.value, 2);
}

TEST(TimelinePoints, ThinnedTheyKeepTheFullestOfEachPart) {
  CaptureBuilder builder;
  builder.at({"f"}).leaked(1, 8).sql("DELETE FROM timeline");
  for (int second = 1; second <= 10; ++second) {
    builder.sql("INSERT INTO timeline VALUES (" + std::to_string(second) + "000000000, " +
                std::to_string(second == 3 ? 99 : second) + ", 1, 1, 1, 0, 0)");
  }
  model::CaptureReader reader(builder.build());
  EXPECT_EQ(timeline_points(reader, std::nullopt).size(), 10U);
  const auto two = timeline_points(reader, 2);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].live.value, 99);
  EXPECT_EQ(two[1].live.value, 10);
}

}  // namespace
}  // namespace heapscribe::reports
