// The last part of a path.
#pragma once

#include <string>

namespace heapscribe::model {

inline std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace heapscribe::model
