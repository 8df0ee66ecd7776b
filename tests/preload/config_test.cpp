#include "preload/config.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace heapscribe {
namespace {

// What a program sees of `entries` after the library has cleaned up.
std::vector<std::string> cleaned(std::vector<std::string> entries) {
  std::vector<char*> environment;
  environment.reserve(entries.size() + 1);
  for (std::string& entry : entries) environment.push_back(entry.data());
  environment.push_back(nullptr);
  clean_environment(environment.data());
  std::vector<std::string> seen;
  for (char** entry = environment.data(); *entry != nullptr; ++entry) seen.emplace_back(*entry);
  return seen;
}

using Entries = std::vector<std::string>;

TEST(CleanEnvironment, RemovesItsOwnVariables) {
  EXPECT_EQ(cleaned({"A=1", "HEAPSCRIBE_MODE=full", "B=2", "HEAPSCRIBE_SESSION=/x"}),
            (Entries{"A=1", "B=2"}));
}

TEST(CleanEnvironment, RemovesAnLdPreloadThatNamesOnlyTheLibrary) {
  EXPECT_EQ(cleaned({"LD_PRELOAD=/opt/lib/libheapscribe.so", "HEAPSCRIBE_MODE=full", "A=1"}),
            (Entries{"A=1"}));
}

TEST(CleanEnvironment, KeepsTheUsersOwnPreloads) {
  EXPECT_EQ(cleaned({"LD_PRELOAD=/o/libheapscribe.so:/u/mine.so"}),
            (Entries{"LD_PRELOAD=/u/mine.so"}));
  EXPECT_EQ(cleaned({"LD_PRELOAD=/u/mine.so:/o/libheapscribe.so"}),
            (Entries{"LD_PRELOAD=/u/mine.so"}));
  EXPECT_EQ(cleaned({"LD_PRELOAD=/u/a.so /o/libheapscribe.so /u/b.so"}),
            (Entries{"LD_PRELOAD=/u/a.so /u/b.so"}));
}

// Some programs find the auxiliary vector behind the environment's first null.
TEST(CleanEnvironment, TheVectorBehindItIsFoundAsBefore) {
  for (const Entries& entries :
       {Entries{"A=1", "HEAPSCRIBE_MODE=full", "LD_PRELOAD=/o/libheapscribe.so"},
        Entries{"LD_PRELOAD=/o/libheapscribe.so", "A=1"}, Entries{"HEAPSCRIBE_MODE=full", "A=1"}}) {
    Entries copy = entries;
    std::vector<std::uintptr_t> stack;
    for (std::string& entry : copy) stack.push_back(reinterpret_cast<std::uintptr_t>(entry.data()));
    stack.insert(stack.end(), {0, AT_PAGESZ, 4096, AT_NULL, 0});
    clean_environment(reinterpret_cast<char**>(stack.data()));
    const std::uintptr_t* at = stack.data();
    while (*at != 0) ++at;
    ++at;
    while (*at == AT_IGNORE) at += 2;
    EXPECT_EQ(at[0], AT_PAGESZ);
    EXPECT_EQ(at[1], 4096U);
  }
}

TEST(CleanEnvironment, AnOddVariableStaysAsAnEmptyPreload) {
  EXPECT_EQ(cleaned({"LD_PRELOAD=/opt/lib/libheapscribe.so", "A=1"}),
            (Entries{"LD_PRELOAD=", "A=1"}));
}

TEST(CleanEnvironment, LeavesForeignValuesAlone) {
  const Entries foreign{"LD_PRELOAD=/u/libheapscribe.so.bak:/u/mylibheapscribe.so", "LD_PRELOAD="};
  EXPECT_EQ(cleaned(foreign), foreign);
}

TEST(ReadConfig, TakesValuesAndIgnoresEmptyOnes) {
  std::string mode = "HEAPSCRIBE_MODE=counts";
  std::string unwinder = "HEAPSCRIBE_UNWINDER=";
  char* environment[] = {mode.data(), unwinder.data(), nullptr};
  config = Config{};
  read_config(environment);
  EXPECT_STREQ(config.mode, "counts");
  EXPECT_STREQ(config.unwinder, "auto");
  config = Config{};
}

}  // namespace
}  // namespace heapscribe
