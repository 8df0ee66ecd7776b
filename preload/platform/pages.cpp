#include "preload/platform/pages.h"

#include <sys/mman.h>

#include "preload/platform/kernel.h"

namespace heapscribe::platform {

void* map_pages(std::size_t bytes) {
  const long result = system_call(SYS_mmap, 0, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return failed(result) ? nullptr : reinterpret_cast<void*>(result);
}

void unmap_pages(void* pages, std::size_t bytes) {
  system_call(SYS_munmap, as_argument(pages), static_cast<long>(bytes));
}

}  // namespace heapscribe::platform
