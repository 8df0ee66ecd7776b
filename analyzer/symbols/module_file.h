// The files that hold a module's symbols: found, checked, opened.
#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace heapscribe::symbols {

// A module as the recording knows it.
struct ModuleIdentity {
  std::string path;
  std::string build_id;  // lower-case hex, empty when the object has none
  std::int64_t recorded_until_ns =
      0;  // since 1970; a file without build id must not be newer. 0 = ?
};

struct SearchOptions {
  std::vector<std::string> debug_paths;  // before /usr/lib/debug
  bool debuginfod = false;               // ask the servers of DEBUGINFOD_URLS
};

// Why there is no file, or what kind of symbols the file has.
enum class SymbolState {
  DebugInformation,  // functions, lines, inlined calls
  SymbolTable,       // functions
  ExportsOnly,       // functions that other modules may call
  Nothing,           // a file without symbols
  Missing,           // no file
  OtherBuild,        // a file, but not the one that ran
  Unreadable,        // not an ELF file, or damaged
  NotAFile,          // the kernel's vdso
};

// An open module, or the reason why there is none.
class ModuleFile {
 public:
  // Finds the file that ran: at its path if the build id is the recorded one, else by build id in
  // the debug directories and from debuginfod.
  ModuleFile(const ModuleIdentity& identity, const SearchOptions& options);

  // Null unless state() is one of the first four.
  Dwfl_Module* module() const { return module_; }
  // Debug information, null if there is none; `bias` goes from the module's addresses to its own.
  Dwarf* debug_information(Dwarf_Addr* bias) const;
  // What is added to a link-time address to get an address of module().
  Dwarf_Addr bias() const { return bias_; }
  SymbolState state() const { return state_; }
  // The file that the symbols come from, empty if there is none.
  const std::string& source() const { return source_; }

 private:
  struct End {
    void operator()(Dwfl* session) const { dwfl_end(session); }
  };
  bool open(const std::string& path, const std::string& build_id);
  bool open_by_build_id(const ModuleIdentity& identity, const SearchOptions& options);
  bool adopt(Dwfl_Module* module);
  void begin_session();
  void classify();

  std::string debuginfo_path_;
  char* debuginfo_path_pointer_ = nullptr;
  Dwfl_Callbacks callbacks_{};
  std::unique_ptr<Dwfl, End> session_;
  Dwfl_Module* module_ = nullptr;
  Dwarf_Addr bias_ = 0;
  SymbolState state_ = SymbolState::Missing;
  std::string source_;
};

// Makes the process ask debuginfod, or not: libdw reads the environment. Without servers in
// DEBUGINFOD_URLS those of /etc/debuginfod are taken. To be called while there is one thread.
void allow_debuginfod(bool allowed);

// True once a server kept us waiting in vain; from then on none is asked.
bool debuginfod_gave_up();

}  // namespace heapscribe::symbols
