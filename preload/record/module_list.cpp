#include "preload/record/module_list.h"

#include <elf.h>
#include <link.h>

#include <atomic>
#include <cstring>

#include "preload/platform/kernel.h"
#include "preload/platform/pages.h"
#include "preload/record/pauses.h"
#include "preload/record/session.h"
#include "preload/unwind/rule_cache.h"

namespace heapscribe::record {
namespace {

constexpr std::uint32_t kMaxPresent = 4096;
constexpr std::uint32_t kMaxKnown = 65536;
constexpr std::int32_t kWatchedCaptures = 4096;

struct Range {
  std::uint64_t base = ~std::uint64_t{0};
  std::uint64_t end = 0;
};

// An object that the loader has now.
struct PresentModule {
  Range range;
  std::uint64_t identity;  // hash of place, build id and path
};

// An object as a layout has it; written into the session.
struct KnownModule {
  Range range;
  std::uint64_t identity;
  std::uint32_t layout;
  wire::ModuleRecord* record;
};

// Everything is touched only while `busy` is held, except the atomics.
struct ModuleList {
  std::atomic<bool> busy{false};
  std::atomic<std::int32_t> watched_captures{0};
  std::atomic<bool> unloaded_before{false};
  unsigned long long adds = 0;
  unsigned long long subs = 0;
  std::uint32_t present_count = 0;
  std::uint32_t known_count = 0;
  std::uint32_t layouts = 1;
  PresentModule* present = nullptr;  // kMaxPresent
  KnownModule* known = nullptr;      // kMaxKnown
};
constinit ModuleList list;

std::uint64_t hash_bytes(std::uint64_t hash, const void* bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    hash = (hash ^ static_cast<const unsigned char*>(bytes)[i]) * 0x100'0000'01B3ULL;  // FNV-1a
  }
  return hash;
}

struct BuildId {
  const unsigned char* bytes = nullptr;
  std::uint32_t length = 0;
};

BuildId find_build_id(const dl_phdr_info& info) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info.dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    const auto* at = reinterpret_cast<const unsigned char*>(info.dlpi_addr + header.p_vaddr);
    const auto* end = at + header.p_memsz;
    const std::size_t alignment = header.p_align == 8 ? 8 : 4;
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(at);
      const auto* name = at + sizeof *note;
      const auto* content = name + platform::round_up(note->n_namesz, alignment);
      if (content + note->n_descsz > end) break;
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
          std::memcmp(name, "GNU", 4) == 0) {
        const std::uint32_t longest = sizeof(wire::ModuleRecord::build_id);
        return {content, note->n_descsz < longest ? note->n_descsz : longest};
      }
      at = content + platform::round_up(note->n_descsz, alignment);
    }
  }
  return {};
}

Range mapped_range(const dl_phdr_info& info) {
  Range range;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info.dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    const std::uint64_t begin = info.dlpi_addr + header.p_vaddr;
    if (begin < range.base) range.base = begin;
    if (begin + header.p_memsz > range.end) range.end = begin + header.p_memsz;
  }
  return range;
}

// The executable has no name in the loader's list.
std::size_t path_of(const dl_phdr_info& info, char* buffer, std::size_t capacity) {
  if (info.dlpi_name != nullptr && info.dlpi_name[0] != '\0') {
    std::size_t length = std::strlen(info.dlpi_name);
    if (length > capacity) length = capacity;
    std::memcpy(buffer, info.dlpi_name, length);
    return length;
  }
  const long length =
      platform::system_call(SYS_readlink, platform::as_argument("/proc/self/exe"),
                            platform::as_argument(buffer), static_cast<long>(capacity));
  return length > 0 ? static_cast<std::size_t>(length) : 0;
}

// Room for an object's path, and what was found there.
struct Path {
  char text[1024];
  std::size_t length;
  explicit Path(const dl_phdr_info& info) : length(path_of(info, text, sizeof text)) {}
};

std::uint64_t identity_of(const Range& range, const Path& path, const BuildId& build_id) {
  std::uint64_t hash = hash_bytes(0xCBF2'9CE4'8422'2325ULL, path.text, path.length);
  hash = hash_bytes(hash, build_id.bytes, build_id.length);
  hash = hash_bytes(hash, &range.base, sizeof range.base);
  return hash_bytes(hash, &range.end, sizeof range.end);
}

wire::ModuleRecord* write_record(const dl_phdr_info& info, const Range& range, const Path& path,
                                 const BuildId& build_id, std::uint32_t layout) {
  auto* record = static_cast<wire::ModuleRecord*>(
      session.allocate(sizeof(wire::ModuleRecord) + path.length, wire::kUnit));
  if (record == nullptr) return nullptr;
  record->first_layout = layout;
  record->last_layout.store(layout, std::memory_order_relaxed);
  record->bias = info.dlpi_addr;
  record->base = range.base;
  record->end = range.end;
  record->load_ns = session.now();
  record->path_length = static_cast<std::uint32_t>(path.length);
  record->build_id_length = build_id.length;
  if (build_id.length > 0) std::memcpy(&record->build_id[0], build_id.bytes, build_id.length);
  std::memcpy(reinterpret_cast<char*>(record + 1), path.text, path.length);
  session.push(session.header().first_module, record);
  return record;
}

int note_present(dl_phdr_info* info, std::size_t, void*) {
  list.adds = info->dlpi_adds;
  list.subs = info->dlpi_subs;
  if (list.present_count == kMaxPresent) return 1;
  const Range range = mapped_range(*info);
  list.present[list.present_count++] = {range,
                                        identity_of(range, Path(*info), find_build_id(*info))};
  return 0;
}

bool is_present(std::uint64_t identity) {
  for (std::uint32_t i = 0; i < list.present_count; ++i) {
    if (list.present[i].identity == identity) return true;
  }
  return false;
}

KnownModule* find_known(std::uint64_t identity, std::uint32_t layout) {
  for (std::uint32_t i = 0; i < list.known_count; ++i) {
    KnownModule& known = list.known[i];
    if (known.layout == layout && known.identity == identity) return &known;
  }
  return nullptr;
}

// An address means the same in `layout` and now, as far as both know it.
bool agrees_with_present(std::uint32_t layout) {
  for (std::uint32_t i = 0; i < list.known_count; ++i) {
    const KnownModule& known = list.known[i];
    if (known.layout != layout) continue;
    for (std::uint32_t j = 0; j < list.present_count; ++j) {
      const PresentModule& present = list.present[j];
      const bool overlap =
          present.range.base < known.range.end && known.range.base < present.range.end;
      if (overlap && present.identity != known.identity) return false;
    }
  }
  return true;
}

// The present layout if it still holds, else an older one that does, else a new one.
std::uint32_t choose_layout() {
  const std::uint32_t current = session.header().layout.load(std::memory_order_relaxed);
  if (agrees_with_present(current)) return current;
  for (std::uint32_t layout = 0; layout < list.layouts; ++layout) {
    if (agrees_with_present(layout)) return layout;
  }
  return list.layouts++;
}

int add_to_layout(dl_phdr_info* info, std::size_t, void* layout_number) {
  const std::uint32_t layout = *static_cast<const std::uint32_t*>(layout_number);
  if (list.known_count == kMaxKnown) return 1;
  const Range range = mapped_range(*info);
  const Path path(*info);
  const BuildId build_id = find_build_id(*info);
  const std::uint64_t identity = identity_of(range, path, build_id);
  if (find_known(identity, layout) != nullptr) return 0;
  wire::ModuleRecord* record = write_record(*info, range, path, build_id, layout);
  if (record != nullptr) list.known[list.known_count++] = {range, identity, layout, record};
  return 0;
}

void note_unloaded() {
  for (std::uint32_t i = 0; i < list.known_count; ++i) {
    std::atomic<std::uint64_t>& unload_ns = list.known[i].record->unload_ns;
    const bool present = is_present(list.known[i].identity);
    const bool was_present = unload_ns.load(std::memory_order_relaxed) == 0;
    if (present == was_present) continue;
    unload_ns.store(present ? 0 : session.now() + 1, std::memory_order_relaxed);
    if (!present) list.unloaded_before.store(true, std::memory_order_relaxed);
  }
}

int has_changed(dl_phdr_info* info, std::size_t, void*) {
  return info->dlpi_adds != list.adds || info->dlpi_subs != list.subs ? 2 : 1;
}

bool reserve_lists() {
  if (list.known != nullptr) return true;
  list.present =
      static_cast<PresentModule*>(platform::map_pages(kMaxPresent * sizeof(PresentModule)));
  list.known = static_cast<KnownModule*>(platform::map_pages(kMaxKnown * sizeof(KnownModule)));
  return list.present != nullptr && list.known != nullptr;
}

void rebuild() {
  const OwnPause pause(wire::OwnCause::Modules);
  list.present_count = 0;
  dl_iterate_phdr(note_present, nullptr);
  std::uint32_t layout = choose_layout();
  dl_iterate_phdr(add_to_layout, &layout);
  note_unloaded();
  session.header().layout.store(layout, std::memory_order_relaxed);
  unwind::forget_rules(!session.is_restricted());
}

}  // namespace

void refresh_modules() {
  if (list.busy.exchange(true, std::memory_order_acquire)) return;
  if (reserve_lists() && dl_iterate_phdr(has_changed, nullptr) == 2) {
    rebuild();
    list.watched_captures.store(0, std::memory_order_relaxed);
  }
  list.busy.store(false, std::memory_order_release);
}

void expect_new_modules() {
  if (!list.unloaded_before.load(std::memory_order_relaxed)) return;
  list.watched_captures.store(kWatchedCaptures, std::memory_order_relaxed);
}

bool new_modules_expected() {
  if (list.watched_captures.load(std::memory_order_relaxed) <= 0) return false;
  list.watched_captures.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

}  // namespace heapscribe::record
