#include "tests/preload/record/session_fixture.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <vector>

namespace heapscribe::record {
namespace {

constexpr std::uint64_t kBytes = std::uint64_t{256} << 20;

std::string prepare_file() {
  std::string path = ::testing::TempDir() + "heapscribe-test-" + std::to_string(getpid());
  std::vector<char> page(wire::kHeaderBytes);
  auto* header = reinterpret_cast<wire::SessionHeader*>(page.data());
  header->magic = wire::kSessionMagic;
  header->version = wire::kSessionVersion;
  header->header_bytes = sizeof(wire::SessionHeader);
  header->capacity = kBytes;
  header->committed = wire::kHeaderBytes;
  header->used = wire::kHeaderBytes;
  std::ofstream(path, std::ios::binary).write(page.data(), static_cast<long>(page.size()));
  EXPECT_EQ(truncate(path.c_str(), kBytes), 0);
  return path;
}

}  // namespace

void open_test_session() {
  static const bool opened = [] {
    const std::string path = prepare_file();
    EXPECT_STREQ(session.open(path.c_str()), nullptr);
    std::remove(path.c_str());
    return true;
  }();
  EXPECT_TRUE(opened);
}

}  // namespace heapscribe::record
