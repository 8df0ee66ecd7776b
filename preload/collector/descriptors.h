// Descriptors as a helper of somebody else's program has to treat them.
#pragma once

#include <optional>

#include "preload/collector/file_descriptor.h"

namespace heapscribe::collector {

// Occupies those of 0, 1 and 2 that are closed, so that no file of ours is taken for standard
// output. They close again on exec: the program starts with them closed, as it would without us.
void occupy_standard_descriptors();

struct Pipe {
  FileDescriptor read_end, write_end;
};
// Both ends close on exec. Throws std::system_error.
Pipe make_pipe();

// Closes everything that was inherited beyond standard error.
void close_inherited_descriptors();

// A private copy of standard error, out of the way of the program's own numbers.
FileDescriptor copy_standard_error();

// True if descriptor 2 of process `pid` is the file that `copy` is.
bool is_standard_error_of(int pid, const FileDescriptor& copy);

}  // namespace heapscribe::collector
