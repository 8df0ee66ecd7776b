#include "viewer/server/access_token.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace heapscribe::viewer {

std::string new_token() {
  std::array<std::uint64_t, 2> random{};
  if (getrandom(random.data(), sizeof random, 0) != sizeof random) {
    throw std::system_error(errno, std::generic_category(), "no random numbers for the address");
  }
  return fmt::format("{:016x}{:016x}", random[0], random[1]);
}

bool same_token(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  volatile unsigned difference = 0;  // or the loop might end at the first
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference = difference | static_cast<unsigned char>(left[i] ^ right[i]);
  }
  return difference == 0;
}

}  // namespace heapscribe::viewer
