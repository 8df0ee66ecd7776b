#include "preload/capture/stack_chunks.h"

#include <gtest/gtest.h>

#include "tests/support/session_builder.h"

namespace heapscribe::capture {
namespace {

TEST(StackChunks, HoldWhatWasPacked) {
  const std::vector<StackNode> nodes = {{0, 7}, {11, 8}, {12, 9}, {11, 4'000'000'000}, {0, 7}};
  const std::string text = pack_stacks(11, nodes);
  EXPECT_EQ(text, "[[0,7],8,9,[11,4000000000],[0,7]]");
  std::vector<StackNode> read;
  EXPECT_TRUE(unpack_stacks(11, text, read));
  EXPECT_EQ(read, nodes);
}

TEST(StackChunks, ASingleNodeIsAChunkToo) {
  std::vector<StackNode> read;
  EXPECT_TRUE(unpack_stacks(1, pack_stacks(1, std::vector<StackNode>{{0, 5}}), read));
  EXPECT_EQ(read, (std::vector<StackNode>{{0, 5}}));
}

TEST(StackChunks, WhatIsNoTreeIsRefused) {
  for (const char* text :
       {"", "[", "[]", "[5", "[5]x", "[5,]", "[[5]]", "[[0,5]", "[[0;5]]", "[-5]", "[5.5]",
        "[\"5\"]", "[[1,5]]", "[[2,5]]", "[99999999999]", "[[0,5,6]]", "{}", "null"}) {
    std::vector<StackNode> read;
    EXPECT_FALSE(unpack_stacks(1, text, read)) << text;
  }
}

class StacksInDatabase : public ::testing::Test {
 protected:
  bool damaged() {
    try {
      read_stacks(database_);
      return false;
    } catch (const DatabaseError&) {
      return true;
    }
  }
  Database database_ = tests::empty_recording();
};

TEST_F(StacksInDatabase, AreNumberedAcrossChunks) {
  database_.execute("INSERT INTO stack_chunk VALUES (1, '[[0,5],6]'), (3, '[[1,7]]')");
  EXPECT_EQ(read_stacks(database_), (std::vector<StackNode>{{0, 0}, {0, 5}, {1, 6}, {1, 7}}));
  // The view says the same.
  EXPECT_EQ(database_.integer("SELECT count(*) FROM stack"), 4);
  EXPECT_EQ(database_.integer("SELECT count(*) FROM stack WHERE parent_id IS NULL"), 2);
  EXPECT_EQ(database_.integer("SELECT parent_id FROM stack WHERE id = 2"), 1);
  EXPECT_EQ(database_.integer("SELECT parent_id * 100 + address_id FROM stack WHERE id = 3"), 107);
}

TEST_F(StacksInDatabase, WithGapsAreDamage) {
  database_.execute("INSERT INTO stack_chunk VALUES (1, '[[0,5],6]'), (4, '[[1,7]]')");
  EXPECT_TRUE(damaged());
}

TEST_F(StacksInDatabase, ThatAreNoListAreDamage) {
  database_.execute("INSERT INTO stack_chunk VALUES (1, 'nonsense')");
  EXPECT_TRUE(damaged());
}

}  // namespace
}  // namespace heapscribe::capture
