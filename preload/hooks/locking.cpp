// mlockall: the program wants all of its memory in RAM.
//
// The kernel would take that of ours too and fill it: 64 GiB of session, tables of the recorder and
// the pool that are touched only here and there. And it would count them against RLIMIT_MEMLOCK. So
// we do what the kernel does, mapping by mapping, and leave out what is ours. Blocks of the pool
// are the program's, but most of their range is unused: it is locked and not filled.
#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>

#include "preload/entry.h"
#include "preload/hooks/record.h"
#include "preload/memory/range.h"
#include "preload/memory/size_classes.h"
#include "preload/platform/kernel.h"
#include "preload/platform/mappings.h"
#include "preload/platform/pages.h"

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

namespace {

namespace memory = heapscribe::memory;
using heapscribe::bootstrap::real;
using heapscribe::platform::as_argument;
using heapscribe::platform::Mapping;
using heapscribe::platform::Mappings;
using heapscribe::platform::OwnPages;
using heapscribe::platform::system_call;

constexpr std::uintptr_t kProgramEnd = std::uintptr_t{1} << 47;  // the kernel's own come after it

enum class Fill { Now, WhenTouched };

// What we have mapped. A stack may be small, so the list lies elsewhere; what does not fit is
// locked with the program's.
class OwnList {
 public:
  OwnList() : pages_(static_cast<OwnPages*>(heapscribe::platform::map_pages(kBytes))) {
    if (pages_ == nullptr) return;
    count_ = heapscribe::platform::list_own_pages(pages_, kBytes / sizeof(OwnPages));
  }
  ~OwnList() {
    if (pages_ != nullptr) heapscribe::platform::unmap_pages(pages_, kBytes);
  }
  OwnList(const OwnList&) = delete;
  OwnList& operator=(const OwnList&) = delete;
  explicit operator bool() const { return pages_ != nullptr; }

  // Of those that end after `from` the one that begins first, or nothing before `end`.
  OwnPages first_after(std::uintptr_t from, std::uintptr_t end) const {
    OwnPages first{end, end};
    for (std::size_t i = 0; i < count_; ++i) {
      if (pages_[i].end > from && pages_[i].begin < first.begin) first = pages_[i];
    }
    return first;
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{64} << 10;
  OwnPages* pages_;
  std::size_t count_ = 0;
};

// The parts of a mapping that are not ours: it may have merged with its neighbours.
template <typename Visit>
void visit_parts(const Mapping& mapping, const OwnList& own, Visit visit) {
  for (std::uintptr_t from = mapping.range.begin; from < mapping.range.end;) {
    const OwnPages ours = own.first_after(from, mapping.range.end);
    if (ours.begin > from) visit(from, ours.begin, Fill::Now);
    from = ours.end;
  }
}

// Slabs and huge blocks that are in use; or, where nobody counts, the whole range: what is touched
// later is locked then.
template <typename Visit>
void visit_blocks(bool all, Visit visit) {
  const auto& range = memory::range;
  if (all) return visit(range.base, range.base + range.bytes, Fill::WhenTouched);
  for (std::size_t unit = 0; unit < memory::opened_units(); ++unit) {
    const std::size_t offset = unit << memory::kUnitShift;
    const std::uint8_t size_class = memory::class_at(offset);
    if (size_class == 0) continue;
    const std::uintptr_t begin = range.base + offset;
    std::size_t bytes = memory::kUnitBytes;
    if (size_class == memory::kHuge) bytes = range.units[unit].bytes.load();
    visit(begin, begin + bytes, Fill::WhenTouched);
  }
}

// Calls visit(begin, end, fill) for all that is the program's. False: the kernel does not tell.
template <typename Visit>
bool visit_program(const OwnList& own, bool all_blocks, Visit visit) {
  Mappings mappings;
  if (!mappings || !own) return false;
  for (Mapping mapping{}; mappings.next(mapping) && mapping.range.begin < kProgramEnd;) {
    visit_parts(mapping, own, visit);
  }
  if (memory::range.bytes != 0) visit_blocks(all_blocks, visit);
  return true;
}

bool may_lock_without_limit() {
  constexpr std::uint32_t kVersion = 0x2008'0522;
  constexpr unsigned kIpcLock = 14;
  struct {
    std::uint32_t version;
    int pid;
  } header{kVersion, 0};
  struct {
    std::uint32_t effective, permitted, inheritable;
  } sets[2] = {};
  system_call(SYS_capget, as_argument(&header), as_argument(sets));
  return (sets[0].effective >> kIpcLock & 1U) != 0;
}

// What the kernel would answer; 0 = it may be done.
int refusal(std::size_t bytes) {
  struct {
    std::uint64_t soft, hard;
  } limit{};
  system_call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, 0, as_argument(&limit));
  if (limit.soft == 0) return EPERM;
  return bytes > limit.soft ? ENOMEM : 0;
}

// Errors are passed over, as the kernel does: pages without access cannot be filled.
void lock_part(std::uintptr_t begin, std::uintptr_t end, Fill fill) {
  const auto address = static_cast<long>(begin);
  const auto length = static_cast<long>(end - begin);
  if (fill == Fill::Now) {
    system_call(SYS_mlock, address, length);
  } else {
    system_call(SYS_mlock2, address, length, MLOCK_ONFAULT);
  }
}

int fail_with(int error) {
  errno = error;
  return -1;
}

// MCL_FUTURE first: what another thread maps meanwhile is locked as well.
int lock_program(int flags) {
  const OwnList own;
  const bool unlimited = may_lock_without_limit();
  const bool future = (flags & MCL_FUTURE) != 0;
  std::size_t bytes = 0;
  const auto add = [&](std::uintptr_t begin, std::uintptr_t end, Fill) { bytes += end - begin; };
  if (!visit_program(own, false, add)) return real.mlockall(flags | MCL_ONFAULT);
  const int error = unlimited ? 0 : refusal(bytes);
  if (error != 0) return fail_with(error);
  if (future && real.mlockall(MCL_FUTURE) != 0) return -1;
  visit_program(own, unlimited && future, lock_part);
  return 0;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

// Under a seccomp filter our questions could be deadly: there pages are locked as they are touched.
// MCL_ONFAULT and flags that we do not know are the kernel's own affair.
int mlockall(int flags) noexcept {
  if (real.mlockall == nullptr) heapscribe::start();
  const auto& session = heapscribe::record::session;
  const bool wants_all = (flags & ~MCL_FUTURE) == MCL_CURRENT;
  if (!wants_all || !session.is_open()) return real.mlockall(flags);
  return session.is_restricted() ? real.mlockall(flags | MCL_ONFAULT) : lock_program(flags);
}
}
#pragma GCC visibility pop
