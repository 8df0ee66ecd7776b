#include "analyzer/reports/suppressions.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace heapscribe::reports {
namespace {

model::SiteStack stack_of(const std::vector<model::Frame>& frames) {
  model::SiteStack stack;
  for (const model::Frame& frame : frames) stack.frames.push_back(&frame);
  return stack;
}

TEST(Suppressions, PatternsAreLeakSanitizers) {
  EXPECT_TRUE(matches_pattern("parse", "int parse_line(char*)"));
  EXPECT_FALSE(matches_pattern("^parse", "int parse_line(char*)"));
  EXPECT_TRUE(matches_pattern("^int*line(*)$", "int parse_line(char*)"));
  EXPECT_FALSE(matches_pattern("parse$", "parse_line"));
  EXPECT_TRUE(matches_pattern("^a*b*c$", "a_b_b_c"));
  EXPECT_FALSE(matches_pattern("^a*b*c$", "a_c_b"));
  EXPECT_TRUE(matches_pattern("*", ""));
}

TEST(Suppressions, PatternForANameFitsItAlone) {
  const std::string name = "a(int*, char*)";
  EXPECT_EQ(pattern_for(name), "^a(int\\*, char\\*)$");
  EXPECT_EQ(pattern_for("parse"), "^parse$");
  EXPECT_TRUE(matches_pattern(pattern_for(name), name));
  EXPECT_FALSE(matches_pattern(pattern_for(name), "a(int, long, char*)"));
  EXPECT_FALSE(matches_pattern(pattern_for(name), "a(int* const*, char*)"));
  EXPECT_TRUE(matches_pattern("^a(int*, char*)$", "a(int, long, char*)"));
}

TEST(Suppressions, EndMayBeginInsideWhatWasFound) {
  EXPECT_TRUE(matches_pattern("ab$", "abab"));
  EXPECT_TRUE(matches_pattern("^a*ab$", "aabab"));
  EXPECT_FALSE(matches_pattern("^aba*ba$", "aba"));
  EXPECT_TRUE(matches_pattern("^aba$", "aba"));
  EXPECT_FALSE(matches_pattern("^aba$", "abaa"));
  EXPECT_TRUE(matches_pattern("^a*", "ab"));
  EXPECT_TRUE(matches_pattern("*b$", "ab"));
}

// 2^30 ways to deal the stars out would never end.
TEST(Suppressions, ManyStarsAreMatchedInOnePass) {
  std::string stars;
  for (int i = 0; i < 30; ++i) stars += "a*";
  EXPECT_FALSE(matches_pattern("^" + stars + "b$", std::string(5000, 'a')));
  EXPECT_TRUE(matches_pattern("^" + stars + "b$", std::string(5000, 'a') + "b"));
}

TEST(Suppressions, NoNameFitsNothing) {
  const std::vector<model::Frame> nameless = {{.function = {}, .file = {}, .module = {}}};
  for (const char* pattern : {"leak:^$", "leak:*"}) {
    Suppressions suppressions;
    suppressions.add(pattern, "test");
    EXPECT_EQ(suppressions.find(stack_of(nameless)), nullptr) << pattern;
  }
}

TEST(Suppressions, OfSeveralTheFirstInTheListCounts) {
  const std::vector<model::Frame> frames = {{.function = "inner", .file = {}, .module = {}},
                                            {.function = "outer", .file = {}, .module = {}}};
  Suppressions suppressions;
  suppressions.add("leak:outer\nleak:inner", "test");
  EXPECT_EQ(suppressions.find(stack_of(frames))->pattern, "outer");
}

TEST(Suppressions, AFolderIsNoFile) {
  Suppressions suppressions;
  try {
    suppressions.add_file("/tmp");
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("is a folder"), std::string::npos) << error.what();
  }
}

TEST(Suppressions, MatchFunctionFileAndModuleOfAnyFrame) {
  const std::vector<model::Frame> frames = {
      {.function = "malloc", .file = {}, .module = "/lib/libc.so.6"},
      {.function = "load", .file = "/src/plugin.c", .module = "/opt/app"}};
  for (const char* pattern :
       {"leak:^load$", "leak:plugin.c", "leak:libc.so", "# no\n\n leak:app \n"}) {
    Suppressions suppressions;
    suppressions.add(pattern, "test");
    EXPECT_NE(suppressions.find(stack_of(frames)), nullptr) << pattern;
  }
  Suppressions other;
  other.add("leak:unload", "test");
  EXPECT_EQ(other.find(stack_of(frames)), nullptr);
}

TEST(Suppressions, WhatIsNoneIsNamed) {
  Suppressions suppressions;
  try {
    suppressions.add("leak:fine\nrace:other", "file.txt");
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("file.txt:2"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("race:other"), std::string::npos) << error.what();
  }
  EXPECT_THROW(suppressions.add_file("/nowhere/at/all"), std::runtime_error);
}

}  // namespace
}  // namespace heapscribe::reports
