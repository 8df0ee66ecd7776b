// What the kernel says about a process, read from the lines it prints.
#include "preload/collector/target_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace heapscribe::collector {
namespace {

// /proc/PID/stat with the given state and fields 26 to 28.
std::string stat_line(const std::string& state, const std::string& image) {
  std::string line = "4711 (a (strange) name) " + state;
  for (int field = 4; field <= 25; ++field) line += " 1";
  line += " " + image;
  for (int field = 29; field <= 52; ++field) line += " 0";
  return line + "\n";
}

TEST(Image, IsWhereTheKernelPutIt) {
  const std::string image = image_of(stat_line("R", "4194304 4198400 140722"));
  EXPECT_FALSE(image.empty());
  EXPECT_EQ(image, image_of(stat_line("S", "4194304 4198400 140722")));
  EXPECT_NE(image, image_of(stat_line("R", "8388608 8392704 140722")));
}

// The kernel frees the memory of a large process for a while before it calls it a zombie.
TEST(Image, OfAProcessThatIsFreeingItsMemoryIsUnknown) {
  EXPECT_EQ(image_of(stat_line("R", "0 0 0")), "");
}

TEST(Image, ThatMayNotBeSeenIsUnknown) {
  EXPECT_EQ(image_of(stat_line("S", "1 1 0")), "");
}

TEST(Image, OfAProcessThatIsGoneIsUnknown) {
  EXPECT_EQ(image_of(stat_line("Z", "4194304 4198400 140722")), "");
  EXPECT_EQ(image_of(""), "");
}

TEST(Image, OfALivingProcessStaysTheSame) {
  const TargetProcess self(getpid());
  EXPECT_FALSE(self.image().empty());
  EXPECT_EQ(self.image(), self.image());
}

}  // namespace
}  // namespace heapscribe::collector
