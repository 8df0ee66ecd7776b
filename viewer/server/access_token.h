// The part of the address that only who started the server knows.
#pragma once

#include <string>
#include <string_view>

namespace heapscribe::viewer {

// 128 random bits as 32 hexadecimal digits. Throws std::system_error if the kernel has none.
std::string new_token();

// Takes equally long wherever they differ.
bool same_token(std::string_view left, std::string_view right);

}  // namespace heapscribe::viewer
