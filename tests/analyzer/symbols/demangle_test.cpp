#include "analyzer/symbols/demangle.h"

#include <gtest/gtest.h>

#include <string>

namespace heapscribe::symbols {
namespace {

std::string repeated(const std::string& text, int times) {
  std::string whole;
  for (int i = 0; i < times; ++i) whole += text;
  return whole;
}

TEST(Demangle, CppFunctionHasScopeAndParameters) {
  EXPECT_EQ(demangle("_ZN3app6Widget3setEPKcm"), "app::Widget::set(char const*, unsigned long)");
}

TEST(Demangle, CloneKeepsItsMark) {
  EXPECT_EQ(demangle("_ZN3app3runEi.cold"), "app::run(int) [clone .cold]");
}

TEST(Demangle, RustLegacyNameLosesItsHash) {
  EXPECT_EQ(demangle("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"),
            "core::fmt::Formatter::pad");
  EXPECT_EQ(demangle("_ZN5alloc3vec12Vec$LT$T$GT$4push17h0123456789abcdefE"),
            "alloc::vec::Vec<T>::push");
}

TEST(Demangle, RustV0NameIsRead) {
  EXPECT_EQ(demangle("_RNvCs15kBYyAo9fc_7mycrate7example"), "mycrate::example");
  EXPECT_EQ(demangle("_RINvNtC3std3mem8align_ofdE"), "std::mem::align_of::<f64>");
}

TEST(Demangle, PlainNameStaysAsItIs) {
  EXPECT_EQ(demangle("malloc"), "malloc");
  EXPECT_EQ(demangle("main"), "main");
  EXPECT_EQ(demangle(""), "");
  EXPECT_EQ(demangle("i"), "i");  // not "int"
}

TEST(Demangle, BrokenMangledNameStaysAsItIs) {
  EXPECT_EQ(demangle("_ZN3app"), "_ZN3app");
  EXPECT_EQ(demangle("_R"), "_R");
  EXPECT_EQ(demangle("_Z"), "_Z");
}

TEST(Demangle, SymbolVersionIsDropped) {
  EXPECT_EQ(demangle("malloc@@GLIBC_2.2.5"), "malloc");
  EXPECT_EQ(demangle("memcpy@GLIBC_2.14"), "memcpy");
  EXPECT_EQ(demangle("_ZNSs4swapERSs@@GLIBCXX_3.4"), "std::string::swap(std::string&)");
  EXPECT_EQ(demangle("free@plt"), "free@plt");
  EXPECT_EQ(demangle("@start"), "@start");
}

TEST(Demangle, MarkOfUniqueLocalSymbolIsDropped) {
  EXPECT_EQ(demangle("_ZL3runv.llvm.1234567890"), "run()");
  EXPECT_EQ(demangle("run.llvm.x"), "run.llvm.x");
}

TEST(Demangle, NameTooLongForAnOrdinaryStackIsRead) {
  const std::string symbol = "_ZN" + repeated("9namespace", 900) + "1fEv";
  EXPECT_EQ(demangle(symbol), repeated("namespace::", 900) + "f()");
}

TEST(Demangle, EndlessPointersDoNotExhaustTheStack) {
  const std::string symbol = "_Z1f" + std::string(60'000, 'P') + "i";
  EXPECT_FALSE(demangle(symbol).empty());
}

TEST(Demangle, NameThatExplodesIsCut) {
  // Every parameter is a pair of the one before it: two to the power of 40 characters.
  std::string symbol = "_Z1f1pIiiE";
  for (int i = 0; i < 40; ++i) {
    static constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const int last = i;
    const std::string substitution =
        last == 0 ? "S0_"
                  : std::string("S") +
                        (last < 36 ? std::string(1, kDigits[last])
                                   : "1" + std::string(1, kDigits[last - 36])) +
                        "_";
    symbol += "S_I" + substitution + substitution + "E";
  }
  const std::string name = demangle(symbol);
  EXPECT_LE(name.size(), kLongestName);
}

TEST(Demangle, AbsurdlyLongSymbolIsCut) {
  const std::string name = demangle(std::string(1'000'000, 'x'));
  EXPECT_EQ(name.size(), kLongestName);
  EXPECT_TRUE(name.ends_with("..."));
}

}  // namespace
}  // namespace heapscribe::symbols
