#include "analyzer/render/printable.h"

#include <gtest/gtest.h>

#include "analyzer/render/format.h"
#include "analyzer/render/sparkline.h"

namespace heapscribe::render {
namespace {

TEST(Printable, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(printable("a\nb\tc"), "a b c");
  EXPECT_EQ(printable("\x1B[31mred"), "\uFFFD[31mred");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)),
            "a\uFFFD"
            "b");
  EXPECT_EQ(printable("\u202Eevil"), "\uFFFDevil");
  EXPECT_EQ(printable("\u009B31m"), "\uFFFD31m");
}

TEST(Printable, InvalidUtf8IsReplacedByteByByte) {
  EXPECT_EQ(printable("\xFF\xFE"), "\uFFFD\uFFFD");
  EXPECT_EQ(printable("a\xC3"), "a\uFFFD");
  EXPECT_EQ(printable("\xC0\x80"), "\uFFFD\uFFFD");
  EXPECT_EQ(printable("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(printable("größe ← 漢"), "größe ← 漢");
}

TEST(Printable, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(text_width("größe"), 5U);
  EXPECT_EQ(text_width("漢字"), 4U);
  EXPECT_EQ(text_width("e\u0301"), 1U);
}

TEST(Printable, FitEndsWithAnEllipsisAndNeverExceedsTheWidth) {
  EXPECT_EQ(fit("abcdef", 6), "abcdef");
  EXPECT_EQ(fit("abcdef", 4), "abc…");
  EXPECT_EQ(fit("漢字漢字", 4), "漢…");
  EXPECT_EQ(fit("abc", 1), "…");
  EXPECT_EQ(fit("abc", 0), "");
  EXPECT_EQ(text_width(fit_foreign(std::string(65536, 'x'), 20)), 20U);
}

TEST(Printable, WrapBreaksLongWordsButNoPaths) {
  const std::vector<std::string> lines = wrap_text("go to " + std::string(25, 'x') + " now", 10);
  EXPECT_EQ(lines, (std::vector<std::string>{"go to", "xxxxxxxxxx", "xxxxxxxxxx", "xxxxx now"}));
  EXPECT_EQ(wrap_text("漢字漢字", 5), (std::vector<std::string>{"漢字", "漢字"}));
  EXPECT_EQ(wrap_text("/a/long/path", 5), std::vector<std::string>{"/a/long/path"});
}

TEST(Format, NumbersForPeople) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(-1234567), "-1,234,567");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(1048575), "1.0 MiB");
  EXPECT_EQ(format_bytes(-2048), "-2.0 KiB");
  EXPECT_EQ(format_share(0.1234), "12.3 %");
  EXPECT_EQ(format_share(0.0001), "<0.1 %");
  EXPECT_EQ(format_duration(1'500'000), "1.5 ms");
  EXPECT_EQ(format_duration(135'000'000'000), "2 min 15 s");
  EXPECT_EQ(format_plural(1, "site"), "1 site");
}

TEST(Sparkline, ShowsTheLowestBarForAnythingAboveNothing) {
  const std::int64_t values[] = {0, 1, 50, 100};
  EXPECT_EQ(sparkline(values, 100), " ▁▄█");
  EXPECT_EQ(sparkline(values, 0), "    ");
}

}  // namespace
}  // namespace heapscribe::render
