#include "analyzer/render/short_name.h"

#include <gtest/gtest.h>

namespace heapscribe::render {
namespace {

TEST(ShortName, LeavesNamesOfOtherLanguagesAlone) {
  EXPECT_EQ(short_name("sqlite3MemMalloc"), "sqlite3MemMalloc");
  EXPECT_EQ(short_name("alloc::vec::Vec"), "alloc::vec::Vec");
  EXPECT_EQ(short_name("libjq.so.1+0x1bd87"), "libjq.so.1+0x1bd87");
  EXPECT_EQ(short_name("(stack not recorded)"), "(stack not recorded)");
  EXPECT_EQ(short_name("_PyObject_Call.localalias"), "_PyObject_Call.localalias");
}

TEST(ShortName, DropsParametersAndTemplateArguments) {
  EXPECT_EQ(short_name("parse(char const*, int)"), "parse");
  EXPECT_EQ(short_name("void std::vector<int, std::allocator<int> >::push_back(int const&)"),
            "std::vector<>::push_back");
  EXPECT_EQ(short_name("ns::Class<a>::Inner<b<c> >::run() const"), "ns::Class<>::Inner<>::run");
  EXPECT_EQ(short_name("std::enable_if<((x)>(2)), int>::type f<int>(int)"), "f<>");
}

TEST(ShortName, DropsAReturnTypeThatIsAnExpression) {
  EXPECT_EQ(short_name("decltype (::new ((void*)(0)) A<b>((declval<b>)())) std::construct_at<A<b>, "
                       "b>(A<b>*, b&&)"),
            "std::construct_at<>");
}

TEST(ShortName, KeepsOperators) {
  EXPECT_EQ(short_name("operator new(unsigned long)"), "operator new");
  EXPECT_EQ(short_name("operator new[](unsigned long)"), "operator new[]");
  EXPECT_EQ(short_name("A::operator()(int) const"), "A::operator()");
  EXPECT_EQ(short_name("A::operator<<(int)"), "A::operator<<");
  EXPECT_EQ(short_name("A::operator->()"), "A::operator->");
  EXPECT_EQ(short_name("bool operator< <int>(A<int> const&, A<int> const&)"), "operator< <>");
}

TEST(ShortName, KeepsWhatIsLocalToAFunction) {
  EXPECT_EQ(short_name("(anonymous namespace)::helper(int)"), "(anonymous namespace)::helper");
  EXPECT_EQ(short_name("main::{lambda(int)#1}::operator()(int) const"),
            "main::{lambda(int)#1}::operator()");
  EXPECT_EQ(short_name("run(int)::{lambda()#2}::operator()() const"),
            "run::{lambda()#2}::operator()");
}

TEST(ShortName, IsNeverEmptyAndReadsOnlyTheBeginningOfHugeNames) {
  EXPECT_FALSE(short_name("<<<<").empty());
  EXPECT_FALSE(short_name("((((").empty());
  EXPECT_LE(short_name(std::string(65536, 'a')).size(), 4096U);
}

}  // namespace
}  // namespace heapscribe::render
