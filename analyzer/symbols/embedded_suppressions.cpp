#include "analyzer/symbols/embedded_suppressions.h"

#include <gelf.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace heapscribe::symbols {
namespace {

constexpr std::string_view kFunction = "__lsan_default_suppressions";
constexpr std::size_t kLongest = std::size_t{1} << 20;

using Bytes = std::span<const unsigned char>;

std::optional<GElf_Addr> address_of_function(Dwfl_Module* module) {
  const int count = dwfl_module_getsymtab(module);
  for (int i = 0; i < count; ++i) {
    GElf_Sym symbol;
    GElf_Addr address = 0;
    const char* name =
        dwfl_module_getsym_info(module, i, &symbol, &address, nullptr, nullptr, nullptr);
    if (name == nullptr || name != kFunction || symbol.st_shndx == SHN_UNDEF) continue;
    return address;
  }
  return std::nullopt;
}

// What the file has for `address` and behind.
Bytes loaded_from(Elf* elf, GElf_Addr address) {
  std::size_t size = 0;
  const char* image = elf_rawfile(elf, &size);
  std::size_t headers = 0;
  if (image == nullptr || elf_getphdrnum(elf, &headers) != 0) return {};
  for (std::size_t i = 0; i < headers; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr) continue;
    if (header.p_type != PT_LOAD || address - header.p_vaddr >= header.p_filesz) continue;
    if (header.p_offset > size || header.p_filesz > size - header.p_offset) continue;
    const auto* begin = reinterpret_cast<const unsigned char*>(image) + header.p_offset;
    return Bytes(begin, header.p_filesz).subspan(address - header.p_vaddr);
  }
  return {};
}

// Moves on behind `code` if it comes next.
bool skip(Bytes& rest, std::initializer_list<unsigned char> code) {
  if (rest.size() < code.size() || !std::equal(code.begin(), code.end(), rest.begin()))
    return false;
  rest = rest.subspan(code.size());
  return true;
}

std::optional<std::int32_t> take_number(Bytes& rest) {
  std::int32_t number = 0;
  if (rest.size() < sizeof number) return std::nullopt;
  std::memcpy(&number, rest.data(), sizeof number);
  rest = rest.subspan(sizeof number);
  return number;
}

// Of a function at `address` that returns one: lea N(%rip), %rax or mov $N, %eax, then ret.
std::optional<GElf_Addr> returned_address(Bytes code, GElf_Addr address) {
  const std::size_t all = code.size();
  skip(code, {0xF3, 0x0F, 0x1E, 0xFA});  // endbr64
  if (skip(code, {0x55})) skip(code, {0x48, 0x89, 0xE5});
  std::optional<std::int32_t> number;
  GElf_Addr base = 0;
  if (skip(code, {0x48, 0x8D, 0x05})) {
    number = take_number(code);
    base = address + (all - code.size());
  } else if (skip(code, {0xB8})) {
    number = take_number(code);
  }
  if (!skip(code, {0x5D})) skip(code, {0xC9});
  if (!number || !skip(code, {0xC3})) return std::nullopt;
  return base + static_cast<GElf_Addr>(std::int64_t{*number});
}

bool is_of_system(std::string_view path) {
  return path.starts_with("/lib") || path.starts_with("/usr/lib");
}

}  // namespace

std::string embedded_suppressions(const ModuleFile& file) {
  if (file.module() == nullptr) return {};
  const auto function = address_of_function(file.module());
  GElf_Addr bias = 0;
  Elf* elf = function ? dwfl_module_getelf(file.module(), &bias) : nullptr;
  if (elf == nullptr) return {};
  const GElf_Addr address = *function - bias;
  const auto text_address = returned_address(loaded_from(elf, address), address);
  if (!text_address) return {};
  Bytes text = loaded_from(elf, *text_address);
  text = text.first(std::min(text.size(), kLongest));
  const auto end = std::find(text.begin(), text.end(), 0);
  if (end == text.end()) return {};
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(end - text.begin())};
}

void store_embedded_suppressions(capture::Database& recording, const SearchOptions& options) {
  // Nobody else has a use for them.
  if (recording.integer("SELECT count(*) FROM block_class") == 0) return;
  std::vector<ModuleIdentity> modules;
  auto rows = recording.prepare("SELECT DISTINCT path, build_id FROM module");
  while (rows.step()) {
    if (!is_of_system(rows.text(0))) modules.push_back({rows.text(0), rows.text(1), 0});
  }
  std::string all;
  for (const ModuleIdentity& identity : modules) {
    const std::string text = embedded_suppressions(ModuleFile(identity, options));
    all += text;
    if (!text.empty() && text.back() != '\n') all += '\n';
  }
  if (all.empty()) return;
  auto insert =
      recording.prepare("INSERT OR REPLACE INTO recording(key, value) VALUES ('suppressions', ?)");
  insert.bind(1, std::string_view(all)).run();
}

}  // namespace heapscribe::symbols
