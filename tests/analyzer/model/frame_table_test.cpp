#include "analyzer/model/frame_table.h"

#include <gtest/gtest.h>

#include "analyzer/model/stack_table.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::model {
namespace {

using tests::Call;
using tests::CaptureBuilder;

TEST(FrameTable, InlinedCallsOfAnAddressAreFramesInnermostFirst) {
  auto database = CaptureBuilder()
                      .at({Call("outer", "a.cc", 7).with_inlined({"innermost", "middle"}), "main"})
                      .leaked(1, 8)
                      .build();
  FrameTable table(database);
  StackTable stacks(database);
  const SiteStack stack = site_stack(stacks, table, StackId{2}, AddressId{}, 0);
  ASSERT_EQ(stack.frames.size(), 4U);
  EXPECT_EQ(stack.frames[0]->function, "innermost");
  EXPECT_TRUE(stack.frames[1]->inlined);
  EXPECT_EQ(stack.frames[2]->function, "outer");
  EXPECT_FALSE(stack.frames[2]->inlined);
  EXPECT_EQ(stack.frames[2]->line, 7);
  EXPECT_EQ(stack.frames[3]->function, "main");
}

TEST(FrameTable, AnAddressWithoutSymbolsIsModulePlusOffset) {
  auto database = CaptureBuilder()
                      .without_symbols()
                      .at({Call("f").in("/usr/lib/libz.so.1"), Call("g").in("")})
                      .leaked(1, 8)
                      .build();
  FrameTable table(database);
  EXPECT_EQ(table.at(AddressId{2}).front().function, "libz.so.1+0x1020");
  EXPECT_EQ(table.at(AddressId{2}).front().module, "/usr/lib/libz.so.1");
  EXPECT_EQ(table.at(AddressId{1}).front().function, "0x1010");
  EXPECT_FALSE(table.at(AddressId{1}).front().named);
}

// The look-up of symbols stores a function for every address.
TEST(FrameTable, ModulePlusOffsetIsNoNameWhenItIsStoredEither) {
  auto database = CaptureBuilder()
                      .at({Call("libz.so.1+0x1020").in("/usr/lib/libz.so.1"), Call("main")})
                      .leaked(1, 8)
                      .build();
  FrameTable table(database);
  EXPECT_EQ(table.at(AddressId{2}).front().function, "libz.so.1+0x1020");
  EXPECT_FALSE(table.at(AddressId{2}).front().named);
  EXPECT_TRUE(table.at(AddressId{1}).front().named);
}

TEST(FrameTable, RemembersWhatItReadOnce) {
  auto database = CaptureBuilder().at({"f", "main"}).leaked(1, 8).build();
  FrameTable table(database);
  const Frame* first = &table.at(AddressId{1}).front();
  database.execute("DELETE FROM frame; DELETE FROM address");
  EXPECT_EQ(table.at(AddressId{1}).front().function, "main");
  EXPECT_EQ(&table.at(AddressId{1}).front(), first);
}

TEST(FrameTable, FramesStayWhereTheyAreWhenEverythingIsLoaded) {
  auto database = CaptureBuilder().at({"f", "main"}).leaked(1, 8).build();
  FrameTable table(database);
  const Frame* first = &table.at(AddressId{1}).front();
  table.load_all();
  EXPECT_EQ(&table.at(AddressId{1}).front(), first);
  EXPECT_EQ(table.known().size(), 2U);
  EXPECT_EQ(table.at(AddressId{1}).size(), 1U);
}

TEST(StackTable, AStackThatCallsItselfIsDamage) {
  auto database = CaptureBuilder().at({"f", "main"}).leaked(1, 8).build();
  database.execute("UPDATE stack_chunk SET nodes = '[[1,1],2]'");
  StackTable stacks(database);
  EXPECT_THROW(stacks.at(StackId{1}), std::runtime_error);
}

}  // namespace
}  // namespace heapscribe::model
