// If the tool itself crashes, it says where.
#pragma once

namespace heapscribe::cli {

// On SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT: prints the stack on stderr, then dies of the same
// signal.
void report_crashes();

}  // namespace heapscribe::cli
