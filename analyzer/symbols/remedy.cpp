#include "analyzer/symbols/remedy.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace heapscribe::symbols {
namespace {

constexpr const char* kPackageLists = "/var/lib/dpkg/info";

bool lists_file(const std::filesystem::path& list, const std::string& path,
                const std::string& other) {
  std::ifstream file(list, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return text.find("\n" + path + "\n") != std::string::npos ||
         text.find("\n" + other + "\n") != std::string::npos;
}

// Debian's package of a file, empty if it belongs to none. Packages list what is now below /usr
// with or without that prefix.
std::string package_of(const std::string& path) {
  if (!path.starts_with('/')) return {};
  const std::string other = path.starts_with("/usr/") ? path.substr(4) : "/usr" + path;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kPackageLists, error)) {
    if (entry.path().extension() != ".list") continue;
    if (!lists_file(entry.path(), path, other)) continue;
    const std::string package = entry.path().stem().string();
    return package.substr(0, package.find(':'));
  }
  return {};
}

std::string debug_package_of(const std::string& path) {
  const std::string package = package_of(path);
  if (package.empty()) return {};
  return package == "libc6" ? "libc6-dbg" : package + "-dbgsym";
}

std::string get_debug_information(const ModuleIdentity& module) {
  const std::string package = debug_package_of(module.path);
  if (!package.empty()) return "install " + package + " or use --debuginfod";
  return module.build_id.empty() ? "rebuild it with -g and -Wl,--build-id" : "rebuild it with -g";
}

}  // namespace

std::string describe(SymbolState state, const ModuleIdentity& module) {
  switch (state) {
    case SymbolState::DebugInformation:
      return "debug information";
    case SymbolState::SymbolTable:
      return "symbol table, no debug information";
    case SymbolState::ExportsOnly:
      return "exported symbols only";
    case SymbolState::Nothing:
      return "no symbols";
    case SymbolState::Missing:
      return "file not found";
    case SymbolState::OtherBuild:
      return module.build_id.empty() ? "file was replaced since the recording"
                                     : "file has another build id than the one recorded";
    case SymbolState::Unreadable:
      return "not a readable ELF file";
    case SymbolState::NotAFile:
      return "part of the kernel";
  }
  return {};
}

std::string remedy(SymbolState state, const ModuleIdentity& module) {
  switch (state) {
    case SymbolState::SymbolTable:
    case SymbolState::ExportsOnly:
    case SymbolState::Nothing:
      return get_debug_information(module);
    case SymbolState::Missing:
    case SymbolState::OtherBuild:
    case SymbolState::Unreadable:
      return "give the directory of the original with --debug-path";
    case SymbolState::DebugInformation:
    case SymbolState::NotAFile:
      return {};
  }
  return {};
}

}  // namespace heapscribe::symbols
