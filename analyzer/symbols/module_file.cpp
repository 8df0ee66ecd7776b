#include "analyzer/symbols/module_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace heapscribe::symbols {
namespace {

constexpr const char* kSystemDebugDirectory = "/usr/lib/debug";
constexpr const char* kServerLists = "/etc/debuginfod";
// Seconds without progress after which libdw gives a server up (it tries three times), unless
// DEBUGINFOD_TIMEOUT says.
constexpr const char* kPatience = "10";

// libelf writes to no file and libdw closes the descriptor on success only.
int open_regular_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return -1;
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) return fd;
  ::close(fd);
  return -1;
}

std::string hex(const unsigned char* bytes, int count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 0xF];
  }
  return text;
}

std::vector<unsigned char> bytes_of(const std::string& hex_digits) {
  std::vector<unsigned char> bytes;
  for (std::size_t i = 0; i + 1 < hex_digits.size(); i += 2) {
    const std::string pair = hex_digits.substr(i, 2);
    char* end = nullptr;
    const unsigned long value = std::strtoul(pair.c_str(), &end, 16);
    if (end != pair.c_str() + 2) return {};
    bytes.push_back(static_cast<unsigned char>(value));
  }
  return bytes;
}

std::string build_id_of(Dwfl_Module* module) {
  const unsigned char* bits = nullptr;
  GElf_Addr address = 0;
  const int length = dwfl_module_build_id(module, &bits, &address);
  return length > 0 ? hex(bits, length) : std::string();
}

bool is_newer(const std::string& path, std::int64_t than_ns) {
  struct stat info {};
  if (than_ns == 0 || ::stat(path.c_str(), &info) != 0) return false;
  return info.st_mtim.tv_sec > than_ns / 1'000'000'000;
}

bool is_kernels(const std::string& path) {
  return path.starts_with("linux-vdso") || path.starts_with("linux-gate") || path.starts_with("[");
}

std::string without_deletion_mark(const std::string& path) {
  static constexpr std::string_view kMark = " (deleted)";
  return path.ends_with(kMark) ? path.substr(0, path.size() - kMark.size()) : path;
}

bool has_symbol_table(Elf* elf) {
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_SYMTAB) return true;
  }
  return false;
}

// A server that does not answer would cost its timeout for every module.
class ServerWatch {
 public:
  ~ServerWatch() {
    if (found_ || std::chrono::steady_clock::now() - started_ < kTooLong) return;
    ::unsetenv("DEBUGINFOD_URLS");
    gave_up = true;
  }
  void found() { found_ = true; }

  static inline bool gave_up = false;

 private:
  static constexpr std::chrono::seconds kTooLong{5};
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  bool found_ = false;
};

int find_elf(Dwfl_Module* module, void** user, const char* name, Dwarf_Addr base, char** file,
             Elf** elf) {
  ServerWatch watch;
  const int result = dwfl_build_id_find_elf(module, user, name, base, file, elf);
  if (result >= 0 || *elf != nullptr) watch.found();
  return result;
}

int find_debuginfo(Dwfl_Module* module, void** user, const char* name, Dwarf_Addr base,
                   const char* file, const char* link, GElf_Word checksum, char** debug_file) {
  ServerWatch watch;
  const int result =
      dwfl_standard_find_debuginfo(module, user, name, base, file, link, checksum, debug_file);
  if (result >= 0) watch.found();
  return result;
}

}  // namespace

ModuleFile::ModuleFile(const ModuleIdentity& identity, const SearchOptions& options) {
  for (const std::string& directory : options.debug_paths) debuginfo_path_ += directory + ":";
  debuginfo_path_ += std::string(".debug:") + kSystemDebugDirectory;
  if (identity.path.empty() || is_kernels(identity.path)) {
    state_ = SymbolState::NotAFile;
    return;
  }
  const std::string path = without_deletion_mark(identity.path);
  // What has no build id can only be judged by its age, and a deleted file is another one.
  const bool replaced = identity.build_id.empty() &&
                        (path != identity.path || is_newer(path, identity.recorded_until_ns));
  if (replaced) state_ = SymbolState::OtherBuild;
  if ((!replaced && open(path, identity.build_id)) || open_by_build_id(identity, options)) {
    classify();
  }
}

void ModuleFile::begin_session() {
  debuginfo_path_pointer_ = debuginfo_path_.data();
  callbacks_ = {.find_elf = find_elf,
                .find_debuginfo = find_debuginfo,
                .section_address = dwfl_offline_section_address,
                .debuginfo_path = &debuginfo_path_pointer_};
  module_ = nullptr;
  session_.reset(dwfl_begin(&callbacks_));
  if (session_) dwfl_report_begin(session_.get());
}

bool ModuleFile::open(const std::string& path, const std::string& build_id) {
  const int fd = open_regular_file(path);
  if (fd < 0) return false;
  begin_session();
  Dwfl_Module* module =
      session_ ? dwfl_report_elf(session_.get(), path.c_str(), path.c_str(), fd, 0, false)
               : nullptr;
  if (module == nullptr) {
    ::close(fd);
    state_ = SymbolState::Unreadable;
    return false;
  }
  dwfl_report_end(session_.get(), nullptr, nullptr);
  if (build_id_of(module) != build_id) {
    state_ = SymbolState::OtherBuild;
    return false;
  }
  return adopt(module);
}

bool ModuleFile::open_by_build_id(const ModuleIdentity& identity, const SearchOptions& options) {
  const std::string& id = identity.build_id;
  const std::vector<unsigned char> bits = bytes_of(id);
  if (bits.size() < 2) return false;
  const SymbolState reason = state_;
  std::vector<std::string> directories = options.debug_paths;
  directories.emplace_back(kSystemDebugDirectory);
  const std::string place = "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2);
  for (const std::string& directory : directories) {
    for (const std::string& file :
         {directory + place, directory + place + ".debug",
          directory + "/" + std::filesystem::path(identity.path).filename().string()}) {
      if (open(file, id)) return true;
    }
  }
  state_ = reason;
  if (!options.debuginfod) return false;
  begin_session();
  Dwfl_Module* module =
      session_ ? dwfl_report_module(session_.get(), identity.path.c_str(), 1, UINT32_MAX) : nullptr;
  if (module == nullptr) return false;
  dwfl_module_report_build_id(module, bits.data(), bits.size(), 0);
  dwfl_report_end(session_.get(), nullptr, nullptr);
  return adopt(module);
}

bool ModuleFile::adopt(Dwfl_Module* module) {
  if (dwfl_module_getelf(module, &bias_) == nullptr) return false;
  module_ = module;
  return true;
}

Dwarf* ModuleFile::debug_information(Dwarf_Addr* bias) const {
  return module_ != nullptr ? dwfl_module_getdwarf(module_, bias) : nullptr;
}

void ModuleFile::classify() {
  Dwarf_Addr ignored = 0;
  const bool debug_information = dwfl_module_getdwarf(module_, &ignored) != nullptr;
  const int symbols = dwfl_module_getsymtab(module_);
  const char* main_file = nullptr;
  const char* debug_file = nullptr;
  dwfl_module_info(module_, nullptr, nullptr, nullptr, nullptr, nullptr, &main_file, &debug_file);
  const char* source = debug_file != nullptr ? debug_file : main_file;
  if (source != nullptr) source_ = source;
  if (debug_information) {
    state_ = SymbolState::DebugInformation;
  } else if (symbols <= 1) {
    state_ = SymbolState::Nothing;
  } else {
    const bool whole =
        debug_file != nullptr || has_symbol_table(dwfl_module_getelf(module_, &ignored));
    state_ = whole ? SymbolState::SymbolTable : SymbolState::ExportsOnly;
  }
}

namespace {

std::string servers_of_the_system() {
  std::string servers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kServerLists, error)) {
    if (entry.path().extension() != ".urls") continue;
    std::ifstream list(entry.path());
    for (std::string url; list >> url;) servers += url + " ";
  }
  return servers;
}

}  // namespace

void allow_debuginfod(bool allowed) {
  ServerWatch::gave_up = false;
  if (!allowed) {
    ::unsetenv("DEBUGINFOD_URLS");
    return;
  }
  const char* servers = std::getenv("DEBUGINFOD_URLS");
  if (servers == nullptr || *servers == '\0') {
    ::setenv("DEBUGINFOD_URLS", servers_of_the_system().c_str(), 1);
  }
  ::setenv("DEBUGINFOD_TIMEOUT", kPatience, 0);
}

bool debuginfod_gave_up() {
  return ServerWatch::gave_up;
}

}  // namespace heapscribe::symbols
