// Descriptors as a helper of somebody else's program has to treat them.
#pragma once

#include <string>
#include <vector>

#include "preload/collector/file_descriptor.h"

namespace heapscribe::collector {

// Occupies those of 0, 1 and 2 that are closed, so that no file of ours is taken for standard
// output. They close again on exec: the program starts with them closed, as it would without us.
void occupy_standard_descriptors();

// Everything up to the end, or up to an error: files under /proc vanish while they are read.
std::string read_all(const FileDescriptor& file);
std::string read_file(const std::string& path);

struct Pipe {
  FileDescriptor read_end, write_end;
};
// Both ends close on exec. Throws std::system_error.
Pipe make_pipe();

// What was inherited beyond standard error; call before opening anything.
std::vector<int> inherited_descriptors();
// Gives up what only the program shall hold open: standard input and output, and `inherited`. Else
// a pipeline would wait for us after the program has closed its end.
void leave_to_program(const std::vector<int>& inherited);

// Closes everything that was inherited beyond standard error.
void close_inherited_descriptors();

// A private copy of standard error, out of the way of the program's own numbers.
FileDescriptor copy_standard_error();

// True if descriptor 2 of process `pid` is the file that `copy` is.
bool is_standard_error_of(int pid, const FileDescriptor& copy);

}  // namespace heapscribe::collector
