#include "analyzer/symbols/module_symbols.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <random>
#include <vector>

#include "tests/analyzer/symbols/places.h"

namespace heapscribe::symbols {
namespace {

using places::Answer;
using places::ask;
using places::Place;
using places::Workshop;

// Every fixture program must give the same answers, however it was compiled.
class CompiledAs : public ::testing::TestWithParam<const char*> {
 protected:
  CompiledAs()
      : path_(places::program(GetParam())),
        module_{path_, places::build_id(path_), 0},
        places_(places::run(GetParam())) {}

  Answer at(const std::string& label) { return ask(module_, places_.at(label).offset); }
  std::uint32_t line(const std::string& label) {
    return static_cast<std::uint32_t>(places_.at(label).line);
  }
  void expect(const std::string& label, const std::string& function) {
    const Answer answer = at(label);
    ASSERT_EQ(answer.frames(), 1U) << label;
    EXPECT_EQ(answer.function(), function);
    EXPECT_EQ(answer.file(), std::string(FIXTURE_SOURCES) + "/places.cpp");
    EXPECT_EQ(answer.frame(0).line, line(label));
    EXPECT_FALSE(answer.frame(0).inlined);
  }

  std::string path_;
  ModuleIdentity module_;
  std::map<std::string, Place> places_;
};

TEST_P(CompiledAs, FunctionHasNameFileAndLine) {
  expect("plain", "app::plain(int)");
}
TEST_P(CompiledAs, CFunctionHasItsPlainName) {
  expect("extern-c", "with_c_name");
}
TEST_P(CompiledAs, ConstructorIsNamed) {
  expect("constructor", "app::Widget::Widget(int)");
}
TEST_P(CompiledAs, TemplateHasItsArguments) {
  expect("template", "void app::Widget::set<double>(double) const");
}
TEST_P(CompiledAs, CallThatNeverReturnsBelongsToItsFunction) {
  expect("noreturn", "app::ends_in_call()");
}

TEST_P(CompiledAs, FunctionWithoutLinkageNameHasItsScopes) {
  EXPECT_EQ(at("anonymous").function(),
            "app::(anonymous namespace)::hidden(char const*, unsigned long)");
  EXPECT_EQ(at("lambda").function(), "app::with_lambda(int)::{lambda(int)}::operator()(int) const");
}

TEST_P(CompiledAs, InlinedCallsAreFramesOfTheirOwn) {
  const Answer answer = at("inlined");
  ASSERT_EQ(answer.frames(), 3U);
  EXPECT_EQ(answer.function(0), "app::innermost(int)");
  EXPECT_EQ(answer.function(1), "app::middle(int)");
  EXPECT_EQ(answer.function(2), "app::outer(int)");
  EXPECT_EQ(answer.frame(0).line, line("inlined"));
  EXPECT_EQ(answer.frame(1).line, places::line_with("// call: innermost"));
  EXPECT_EQ(answer.frame(2).line, places::line_with("// call: middle"));
  EXPECT_TRUE(answer.frame(0).inlined);
  EXPECT_TRUE(answer.frame(1).inlined);
  EXPECT_FALSE(answer.frame(2).inlined);
}

TEST_P(CompiledAs, SharedObjectIsReadLikeAProgram) {
  const std::string library = places::program("lib" + std::string(GetParam()) + "_library.so");
  const Answer answer = ask({library, places::build_id(library), 0}, places_.at("library").offset);
  EXPECT_TRUE(answer.function().starts_with("deep_in_library"));
  EXPECT_EQ(answer.file(), std::string(FIXTURE_SOURCES) + "/places_library.cpp");
}

INSTANTIATE_TEST_SUITE_P(Ways, CompiledAs,
                         ::testing::Values("places_dwarf5", "places_dwarf4", "places_compressed",
                                           "places_without_build_id"));

class ModuleSymbolsTest : public ::testing::Test {
 protected:
  ModuleSymbolsTest() {
    if (std::string(OBJCOPY).empty()) std::abort();
  }

  // A stripped copy; its debug information goes to `debug`.
  std::string stripped(const std::string& name, const std::string& debug) {
    std::filesystem::create_directories(std::filesystem::path(debug).parent_path());
    std::string copy = workshop_.path(name);
    EXPECT_TRUE(Workshop::objcopy("--only-keep-debug '" + original_ + "' '" + debug + "'"));
    EXPECT_TRUE(Workshop::objcopy("--strip-all '" + original_ + "' '" + copy + "'"));
    return copy;
  }
  ModuleIdentity recorded_as(const std::string& path) const {
    return {path, places::build_id(original_), 0};
  }
  Answer inlined(const ModuleIdentity& module, const SearchOptions& options = {}) const {
    return ask(module, places_.at("inlined").offset, options);
  }
  std::string build_id_place(const std::string& directory) const {
    const std::string id = places::build_id(original_);
    return directory + "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
  }

  Workshop workshop_;
  std::string original_ = places::program("places_dwarf5");
  std::map<std::string, Place> places_ = places::run("places_dwarf5");
};

TEST_F(ModuleSymbolsTest, DebugLinkBesideTheFileIsFollowed) {
  const std::string debug = workshop_.path("places.debug");
  const std::string program = stripped("places", debug);
  ASSERT_TRUE(Workshop::objcopy("--add-gnu-debuglink='" + debug + "' '" + program + "'"));
  const Answer answer = inlined(recorded_as(program));
  EXPECT_EQ(answer.frames(), 3U);
  EXPECT_EQ(answer.symbols.source, debug);
  EXPECT_EQ(answer.symbols.state, SymbolState::DebugInformation);
}

TEST_F(ModuleSymbolsTest, DebugFileIsFoundByBuildIdInAGivenDirectory) {
  const std::string debug = build_id_place(workshop_.path("debug"));
  const std::string program = stripped("places", debug);
  EXPECT_EQ(inlined(recorded_as(program)).frames(), 1U);
  const Answer answer = inlined(recorded_as(program), {{workshop_.path("debug")}, false});
  EXPECT_EQ(answer.frames(), 3U);
  EXPECT_EQ(answer.symbols.source, debug);
}

TEST_F(ModuleSymbolsTest, DebugFileIsFoundByNameInAGivenDirectory) {
  std::filesystem::create_directories(workshop_.path("debug"));
  const std::string debug = workshop_.path("debug/places.debug");
  const std::string program = stripped("places", debug);
  ASSERT_TRUE(Workshop::objcopy("--add-gnu-debuglink='" + debug + "' '" + program + "'"));
  EXPECT_EQ(inlined(recorded_as(program), {{workshop_.path("debug")}, false}).frames(), 3U);
}

TEST_F(ModuleSymbolsTest, VanishedProgramIsReadFromItsDebugFile) {
  stripped("places", build_id_place(workshop_.path("debug")));
  const Answer answer =
      inlined(recorded_as("/nonexistent/places"), {{workshop_.path("debug")}, false});
  EXPECT_EQ(answer.frames(), 3U);
}

TEST_F(ModuleSymbolsTest, OriginalIsFoundByNameInAGivenDirectory) {
  workshop_.copy(original_, "originals/places");
  const Answer answer =
      inlined(recorded_as("/nonexistent/places"), {{workshop_.path("originals")}, false});
  EXPECT_EQ(answer.frames(), 3U);
}

TEST_F(ModuleSymbolsTest, RebuiltProgramIsNotMistakenForTheRecordedOne) {
  const std::string program = workshop_.copy(places::program("places_other_build"), "places");
  const Answer answer = inlined(recorded_as(program));
  EXPECT_EQ(answer.frames(), 0U);
  EXPECT_EQ(answer.symbols.state, SymbolState::OtherBuild);

  stripped("unused", build_id_place(workshop_.path("debug")));
  EXPECT_EQ(inlined(recorded_as(program), {{workshop_.path("debug")}, false}).frames(), 3U);
}

TEST_F(ModuleSymbolsTest, ProgramWithoutBuildIdMustNotBeNewerThanTheRecording) {
  const std::string name = "places_without_build_id";
  const std::string path = places::program(name);
  const auto offset = places::run(name).at("plain").offset;
  EXPECT_EQ(ask({path, "", INT64_MAX}, offset).function(), "app::plain(int)");
  EXPECT_EQ(ask({path, "", 1}, offset).symbols.state, SymbolState::OtherBuild);
  EXPECT_EQ(ask({path + " (deleted)", "", 0}, offset).symbols.state, SymbolState::OtherBuild);
}

TEST_F(ModuleSymbolsTest, DeletedFileIsReadIfTheOneInItsPlaceIsTheSame) {
  EXPECT_EQ(inlined(recorded_as(original_ + " (deleted)")).frames(), 3U);
  EXPECT_EQ(inlined(recorded_as("/nonexistent/places (deleted)")).symbols.state,
            SymbolState::Missing);
}

TEST_F(ModuleSymbolsTest, SymbolTableNamesFunctionsWithoutDebugInformation) {
  const std::string program = workshop_.path("places");
  ASSERT_TRUE(Workshop::objcopy("--strip-debug '" + original_ + "' '" + program + "'"));
  const Answer answer = inlined(recorded_as(program));
  ASSERT_EQ(answer.frames(), 1U);
  EXPECT_EQ(answer.function(), "app::outer(int)");
  EXPECT_EQ(answer.symbols.state, SymbolState::SymbolTable);
  EXPECT_EQ(ask(recorded_as(program), places_.at("noreturn").offset).function(),
            "app::ends_in_call()");
}

TEST_F(ModuleSymbolsTest, ExportsNameOnlyWhatIsExported) {
  const std::string program = workshop_.path("places");
  ASSERT_TRUE(Workshop::objcopy("--strip-all '" + original_ + "' '" + program + "'"));
  EXPECT_EQ(inlined(recorded_as(program)).symbols.state, SymbolState::ExportsOnly);
  EXPECT_EQ(inlined(recorded_as(program)).function(), "app::outer(int)");
  EXPECT_EQ(ask(recorded_as(program), places_.at("anonymous").offset).frames(), 0U);
}

TEST_F(ModuleSymbolsTest, CompressedMiniSymbolTableIsRead) {
  const std::string table = workshop_.path("mini");
  ASSERT_TRUE(
      Workshop::objcopy("--strip-debug --only-keep-debug '" + original_ + "' '" + table + "'"));
  if (std::system(("xz -f '" + table + "' 2>/dev/null").c_str()) != 0) GTEST_SKIP() << "no xz";
  const std::string program = workshop_.path("places");
  ASSERT_TRUE(Workshop::objcopy("--strip-all --add-section .gnu_debugdata='" + table + ".xz' '" +
                                original_ + "' '" + program + "'"));
  const Answer answer = ask(recorded_as(program), places_.at("anonymous").offset);
  EXPECT_EQ(answer.function(), "app::(anonymous namespace)::hidden(char const*, unsigned long)");
}

TEST_F(ModuleSymbolsTest, WhatIsNoFileHasNoSymbols) {
  for (const char* path : {"linux-vdso.so.1", "[vdso]", ""}) {
    EXPECT_EQ(ask({path, "", 0}, 0x1000).symbols.state, SymbolState::NotAFile) << path;
  }
  EXPECT_EQ(ask({"/nonexistent", "", 0}, 0x1000).symbols.state, SymbolState::Missing);
  EXPECT_EQ(ask({"/tmp", "", 0}, 0x1000).symbols.state, SymbolState::Missing);
}

TEST_F(ModuleSymbolsTest, WaitingForAPipeIsNoOption) {
  const std::string pipe = workshop_.path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ask({pipe, "", 0}, 0x1000).symbols.state, SymbolState::Missing);
}

TEST_F(ModuleSymbolsTest, TextIsNotAModule) {
  const std::string path = workshop_.path("script");
  std::ofstream(path) << "#!/bin/sh\n";
  EXPECT_EQ(ask({path, "", 0}, 0x1000).symbols.state, SymbolState::Unreadable);
}

TEST_F(ModuleSymbolsTest, AddressOutsideAllCodeHasNoFrames) {
  EXPECT_EQ(ask(recorded_as(original_), 0).frames(), 0U);
  EXPECT_EQ(ask(recorded_as(original_), INT64_MAX).frames(), 0U);
  EXPECT_EQ(ask(recorded_as(original_), -1).frames(), 0U);
}

// Damaged anywhere, cut anywhere: whatever comes out, it comes out.
TEST_F(ModuleSymbolsTest, DamagedFilesAreSurvived) {
  std::ifstream file(original_, std::ios::binary);
  const std::string sound{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<std::uint64_t> lookups;
  for (const auto& [label, place] : places_) lookups.push_back(lookup_address(place.offset));
  std::sort(lookups.begin(), lookups.end());
  std::mt19937 random(20);
  const std::string path = workshop_.path("damaged");
  for (int round = 0; round < 300; ++round) {
    std::string damaged = sound;
    for (int i = 0; i < 1 + round % 40; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (round % 5 == 0) damaged.resize(random() % damaged.size());
    std::ofstream(path, std::ios::binary) << damaged;
    const auto symbols =
        read_module_symbols({path, places::build_id(original_), 0}, {}, lookups, {});
    EXPECT_EQ(symbols.frames.size(), lookups.size());
  }
}

}  // namespace
}  // namespace heapscribe::symbols
