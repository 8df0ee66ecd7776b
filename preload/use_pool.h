// The size-class pool in the place of the allocator underneath.
#pragma once

namespace heapscribe {

// From now on the real functions are the pool's, which leave to the former ones what they made and
// what the pool cannot serve. Call between resolving them and recording, with the session open.
// False: there is no address space for a pool.
bool use_pool();

bool pool_is_used();

}  // namespace heapscribe
