#include "preload/use_pool.h"

#include <dlfcn.h>

#include <bit>
#include <cstring>

#include "preload/bootstrap/real_functions.h"
#include "preload/memory/pool.h"
#include "preload/platform/pages.h"
#include "preload/record/session.h"
#include "preload/record/thread_id.h"

namespace heapscribe {
namespace {

using bootstrap::real;

constinit bootstrap::RealFunctions former{};
constinit bool used = false;

// What the pool does not serve
// -------------------------------------------------------------------------------------

template <typename Call>
[[gnu::noinline]] auto leave_to_former(Call call) {
  memory::pool_record().foreign_allocations.fetch_add(1, std::memory_order_relaxed);
  return call();
}

[[gnu::noinline]] void* allocate_slowly(std::size_t size) {
  if (void* block = memory::allocate(size)) return block;
  return leave_to_former([=] { return former.malloc(size); });
}

// The pool takes powers of two; about the rest the former allocator has its own opinion.
void* allocate_aligned(std::size_t alignment, std::size_t size) {
  return std::has_single_bit(alignment) ? memory::allocate_aligned(alignment, size) : nullptr;
}

// A block of the pool that the pool cannot make larger.
void* move_to_former(void* block, std::size_t size) {
  void* moved = leave_to_former([=] { return former.malloc(size); });
  if (moved == nullptr) return nullptr;
  const std::size_t old_size = memory::usable_size(block);
  std::memcpy(moved, block, old_size < size ? old_size : size);
  memory::release(block);
  return moved;
}

// The real functions from now on
// -----------------------------------------------------------------------------------

void* pool_malloc(std::size_t size) {
  if (void* block = memory::allocate_quickly(size)) [[likely]]
    return block;
  return allocate_slowly(size);
}

void* pool_calloc(std::size_t count, std::size_t size) {
  std::size_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(count, size, &bytes);
  if (void* block = overflow ? nullptr : memory::allocate_zeroed(bytes)) return block;
  return leave_to_former([=] { return former.calloc(count, size); });
}

void pool_free(void* block) {
  if (memory::owns(block)) [[likely]]
    return memory::release(block);
  former.free(block);
}

void* pool_realloc(void* block, std::size_t size) {
  if (block == nullptr) return pool_malloc(size);
  if (!memory::owns(block)) return former.realloc(block, size);
  if (size == 0) {
    memory::release(block);
    return nullptr;
  }
  if (void* resized = memory::resize(block, size)) return resized;
  return move_to_former(block, size);
}

void* pool_memalign(std::size_t alignment, std::size_t size) {
  if (void* block = allocate_aligned(alignment, size)) return block;
  return leave_to_former([=] { return former.memalign(alignment, size); });
}

int pool_posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  if (alignment % sizeof(void*) == 0) {
    if (void* block = allocate_aligned(alignment, size)) {
      *result = block;
      return 0;
    }
  }
  return leave_to_former([=] { return former.posix_memalign(result, alignment, size); });
}

void* pool_aligned_alloc(std::size_t alignment, std::size_t size) {
  if (void* block = allocate_aligned(alignment, size)) return block;
  return leave_to_former([=] { return former.aligned_alloc(alignment, size); });
}

void* pool_valloc(std::size_t size) {
  if (void* block = memory::allocate_aligned(platform::kPageSize, size)) return block;
  return leave_to_former([=] { return former.valloc(size); });
}

void* pool_pvalloc(std::size_t size) {
  const std::size_t pages = platform::round_up(size, platform::kPageSize);
  if (void* block =
          pages >= size ? memory::allocate_aligned(platform::kPageSize, pages) : nullptr) {
    return block;
  }
  return leave_to_former([=] { return former.pvalloc(size); });
}

std::size_t pool_usable_size(void* block) {
  return memory::owns(block) ? memory::usable_size(block) : former.malloc_usable_size(block);
}

void pool_free_sized(void* block, std::size_t size) {
  if (memory::owns(block)) return memory::release(block);
  former.free_sized(block, size);
}

void pool_free_aligned_sized(void* block, std::size_t alignment, std::size_t size) {
  if (memory::owns(block)) return memory::release(block);
  former.free_aligned_sized(block, alignment, size);
}

// An allocator that brings its own operator new would go on serving C++ behind the pool's back.
// Without it our operator new asks malloc.
void take_operator_new_away() {
#define REAL(field, symbol, result, parameters) \
  if (symbol[0] == '_' && symbol[1] == 'Z') real.field = nullptr;
#include "preload/bootstrap/functions.def"
#undef REAL
  bootstrap::plain_operator_new = false;
}

bool come_from_one_object(const void* one, const void* other) {
  Dl_info first{};
  Dl_info second{};
  return dladdr(one, &first) != 0 && dladdr(other, &second) != 0 &&
         first.dli_fbase == second.dli_fbase;
}

void replace_functions() {
  former = real;
  if (real.op_new != nullptr && come_from_one_object(reinterpret_cast<const void*>(real.op_new),
                                                     reinterpret_cast<const void*>(real.malloc))) {
    take_operator_new_away();
  }
  real.malloc = pool_malloc;
  real.calloc = pool_calloc;
  real.realloc = pool_realloc;
  real.free = pool_free;
  real.memalign = pool_memalign;
  real.posix_memalign = pool_posix_memalign;
  real.aligned_alloc = pool_aligned_alloc;
  real.valloc = pool_valloc;
  real.pvalloc = pool_pvalloc;
  real.malloc_usable_size = pool_usable_size;
  if (real.free_sized != nullptr) real.free_sized = pool_free_sized;
  if (real.free_aligned_sized != nullptr) real.free_aligned_sized = pool_free_aligned_sized;
}

// Where the pool counts
// --------------------------------------------------------------------------------------------

void* session_memory(std::size_t bytes) {
  return record::session.allocate(bytes);
}
std::uint32_t number_in_session(const void* place) {
  return record::session.ref(place);
}
std::atomic<std::uint32_t>* first_thread() {
  return &memory::pool_record().first_thread;
}

// Without space in the session the pool works all the same, and nobody sees its numbers.
void count_in_session() {
  auto* shown = static_cast<wire::PoolRecord*>(record::session.allocate(sizeof(wire::PoolRecord)));
  if (shown == nullptr) return;
  memory::count_into(shown);
  memory::set_surroundings(
      {session_memory, number_in_session, first_thread, record::current_thread_id});
  record::session.header().first_pool.store(record::session.ref(shown), std::memory_order_release);
}

}  // namespace

bool use_pool() {
  record::learn_thread_id_place();
  if (!memory::start_pool(true)) return false;
  count_in_session();
  replace_functions();
  used = true;
  return true;
}

bool pool_is_used() {
  return used;
}

}  // namespace heapscribe
