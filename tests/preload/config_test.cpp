#include "preload/config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace heapscribe {
namespace {

// What a program sees of `entries` after the library has cleaned up.
std::vector<std::string> cleaned(std::vector<std::string> entries) {
  std::vector<char*> environment;
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
  EXPECT_EQ(cleaned({"LD_PRELOAD=/opt/lib/libheapscribe.so", "A=1"}), (Entries{"A=1"}));
}

TEST(CleanEnvironment, KeepsTheUsersOwnPreloads) {
  EXPECT_EQ(cleaned({"LD_PRELOAD=/o/libheapscribe.so:/u/mine.so"}),
            (Entries{"LD_PRELOAD=/u/mine.so"}));
  EXPECT_EQ(cleaned({"LD_PRELOAD=/u/mine.so:/o/libheapscribe.so"}),
            (Entries{"LD_PRELOAD=/u/mine.so"}));
  EXPECT_EQ(cleaned({"LD_PRELOAD=/u/a.so /o/libheapscribe.so /u/b.so"}),
            (Entries{"LD_PRELOAD=/u/a.so /u/b.so"}));
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
  EXPECT_STREQ(config.unwinder, "rules");
  config = Config{};
}

}  // namespace
}  // namespace heapscribe
