#include "viewer/server/access_token.h"

#include <gtest/gtest.h>

#include <set>

namespace heapscribe::viewer {
namespace {

TEST(AccessToken, Has128BitsAndIsNewEachTime) {
  std::set<std::string> tokens;
  for (int i = 0; i < 100; ++i) {
    const std::string token = new_token();
    EXPECT_EQ(token.size(), 32U);
    EXPECT_EQ(token.find_first_not_of("0123456789abcdef"), std::string::npos);
    tokens.insert(token);
  }
  EXPECT_EQ(tokens.size(), 100U);
}

TEST(AccessToken, IsTheSameOnlyAsAWhole) {
  EXPECT_TRUE(same_token("0123", "0123"));
  EXPECT_FALSE(same_token("0123", "0124"));
  EXPECT_FALSE(same_token("0123", "1123"));
  EXPECT_FALSE(same_token("0123", "012"));
  EXPECT_FALSE(same_token("0123", ""));
}

}  // namespace
}  // namespace heapscribe::viewer
