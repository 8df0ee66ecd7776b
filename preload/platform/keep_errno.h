// For what may change errno, which belongs to the target: the loader's list, general unwinders.
#pragma once

#include <cerrno>

namespace heapscribe::platform {

class KeepErrno {
 public:
  KeepErrno() : value_(errno) {}
  ~KeepErrno() { errno = value_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int value_;
};

}  // namespace heapscribe::platform
