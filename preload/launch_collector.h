// Under a bare LD_PRELOAD, the library's first act: starting the collector.
#pragma once

namespace heapscribe {

// Runs `heapscribe collect`, which prepares a session and leaves a daemon that reads it. Returns
// the session's path (static storage), or nullptr after a notice. The target sees no child: no
// SIGCHLD, nothing that its wait() would return.
const char* launch_collector(char** environment);

}  // namespace heapscribe
