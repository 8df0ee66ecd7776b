// Whether a program can be recorded, found out before it is started.
#pragma once

#include <stdexcept>
#include <string>

namespace heapscribe::collector {

// what() is one sentence that names the file, the reason and a way out.
class UnfitTarget : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The file that execvp would run for `name`. Throws UnfitTarget.
std::string find_program(const std::string& name);

// Throws UnfitTarget unless the dynamic linker will load our library into `path`, or into the
// interpreter of that script. A file that may be run but not read is given the benefit of doubt.
void check_target(const std::string& path);

// What `--allocator` names, fit for LD_PRELOAD: the library's absolute path; nothing for `system`
// and `pool`. Throws UnfitTarget.
std::string find_allocator(const std::string& name);

}  // namespace heapscribe::collector
