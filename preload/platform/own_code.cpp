#include "preload/platform/own_code.h"

#include <link.h>

#include <algorithm>

namespace heapscribe::platform {
namespace {

constinit std::uintptr_t own_begin = 0;
constinit std::uintptr_t own_end = 0;

int find_own_code(dl_phdr_info* info, std::size_t, void*) {
  const auto here = reinterpret_cast<std::uintptr_t>(&find_own_code);
  std::uintptr_t begin = ~std::uintptr_t{0};
  std::uintptr_t end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    begin = std::min(begin, info->dlpi_addr + header.p_vaddr);
    end = std::max(end, info->dlpi_addr + header.p_vaddr + header.p_memsz);
  }
  if (here < begin || here >= end) return 0;
  own_begin = begin;
  own_end = end;
  return 1;
}

}  // namespace

void note_own_code() {
  dl_iterate_phdr(find_own_code, nullptr);
}

bool is_own_code(std::uintptr_t address) {
  return address - own_begin < own_end - own_begin;
}

}  // namespace heapscribe::platform
