#include "preload/bootstrap/thread_state.h"

namespace heapscribe::bootstrap {

constinit thread_local ThreadState thread_state{};
static_assert(sizeof(ThreadState) <= 64, "static TLS is shared by all libraries of the target");

}  // namespace heapscribe::bootstrap
