#include "analyzer/symbols/blame.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "preload/capture/stack_chunks.h"

namespace heapscribe::symbols {
namespace {

// Functions that hand out memory, by exact name (without parameters and template arguments).
const std::unordered_set<std::string_view> kAllocationNames = {
    // What takes memory back
    "free",
    "cfree",
    "xfree",
    "zfree",
    "zfree_usable",
    "sh_xfree",
    "safe_free",
    "efree",
    "uv__free",
    "jv_mem_free",
    "Perl_safesysfree",
    "Perl_mfree",
    "sqlite3_free",
    "sqlite3MemFree",
    "sqlite3DbFree",
    "sqlite3DbFreeNN",
    "sqlite3DbNNFreeNN",
    "CRYPTO_free",
    "CRYPTO_clear_free",
    "OPENSSL_free",
    "g_free",
    "g_slice_free1",
    "__rust_dealloc",
    "__rdl_dealloc",
    "__rg_dealloc",
    // C
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "valloc",
    "pvalloc",
    "free",
    "cfree",
    "strdup",
    "strndup",
    "wcsdup",
    "asprintf",
    "vasprintf",
    "getline",
    "getdelim",
    "open_memstream",
    "canonicalize_file_name",
    "realpath",
    "getcwd",
    "get_current_dir_name",
    "fopen",
    "fopen64",
    "fdopen",
    "freopen",
    "popen",
    "opendir",
    "scandir",
    "setlocale",
    "newlocale",
    "qsort",
    "tempnam",
    "_obstack_begin",
    "_obstack_newchunk",
    "_obstack_allocated_p",
    "obstack_alloc_failed_handler",
    // C++
    "operator new",
    "operator new[]",
    "__cxa_allocate_exception",
    "__cxa_get_globals",
    // Rust
    "__rust_alloc",
    "__rust_alloc_zeroed",
    "__rust_realloc",
    "__rdl_alloc",
    "__rdl_alloc_zeroed",
    "__rdl_realloc",
    "__rg_alloc",
    "__rg_alloc_zeroed",
    "__rg_realloc",
    "exchange_malloc",
    "box_new",
    // Checked wrappers that every second project has
    "xmalloc",
    "xcalloc",
    "xrealloc",
    "xreallocarray",
    "xmallocz",
    "xmemdup",
    "xmemdupz",
    "xstrdup",
    "xstrndup",
    "xzalloc",
    "xnmalloc",
    "xnrealloc",
    "x2realloc",
    "x2nrealloc",
    "xasprintf",
    "xvasprintf",
    "xmallocarray",
    "do_xmalloc",
    "memory_limit_check",
    "sh_xmalloc",
    "sh_xrealloc",
    "safe_malloc",
    "safe_calloc",
    "safe_realloc",
    "checked_malloc",
    "checked_realloc",
    "emalloc",
    "erealloc",
    "ecalloc",
    "mem_alloc",
    "xcharalloc",
    "ximalloc",
    "xirealloc",
    "xicalloc",
    // redis
    "zmalloc",
    "zcalloc",
    "zrealloc",
    "ztrymalloc",
    "ztrycalloc",
    "ztryrealloc",
    "zmalloc_usable",
    "zcalloc_num",
    "zcalloc_usable",
    "zrealloc_usable",
    "ztrymalloc_usable",
    "ztrycalloc_usable",
    "ztryrealloc_usable",
    "ztrymalloc_usable_internal",
    "ztrycalloc_usable_internal",
    "ztryrealloc_usable_internal",
    "zstrdup",
    "zmalloc_no_tcache",
    // jq, uv, node, v8, perl, libxml2, zlib
    "uv__malloc",
    "uv__calloc",
    "uv__realloc",
    "uv__strdup",
    "uv__reallocf",
    "node::Malloc",
    "node::Calloc",
    "node::Realloc",
    "node::UncheckedMalloc",
    "node::UncheckedCalloc",
    "node::UncheckedRealloc",
    "v8::internal::Malloced::operator new",
    "v8::internal::AllocWithRetry",
    "v8::internal::AlignedAlloc",
    "v8::internal::NewArray",
    "Perl_safesysmalloc",
    "Perl_safesyscalloc",
    "Perl_safesysrealloc",
    "Perl_savepv",
    "Perl_savepvn",
    "xmlStrdup",
    "xmlStrndup",
    "zcalloc",
    "zlib_alloc",
    // LLVM, Qt
    "llvm::safe_malloc",
    "llvm::safe_calloc",
    "llvm::safe_realloc",
    "llvm::allocate_buffer",
    "QArrayData::allocate",
    "QArrayData::reallocateUnaligned",
    "qMallocAligned",
};

// Families of functions that hand out memory, by how the name begins.
constexpr std::array kAllocationPrefixes = std::to_array<std::string_view>({
    // C++ allocators
    "std::allocator::",
    "std::allocator_traits::",
    "std::__allocator_traits_base",
    "__gnu_cxx::new_allocator",
    "__gnu_cxx::malloc_allocator",
    "__gnu_cxx::__alloc_traits",
    "__gnu_cxx::bitmap_allocator",
    "__gnu_cxx::__pool",
    "std::__new_allocator",
    "std::__allocate_guarded",
    "std::pmr::",
    "std::_Vector_base::_M_allocate",
    "std::__allocate",
    "std::__libcpp_allocate",
    "std::__1::__libcpp_allocate",
    "std::__1::allocator",
    "std::__cxx11::basic_string::_M_create",
    "std::__detail::_Hashtable_alloc::",
    // glibc under its internal names
    "__libc_malloc",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_memalign",
    "__libc_valloc",
    "__libc_pvalloc",
    "__libc_reallocarray",
    "_int_malloc",
    "_int_realloc",
    "_int_memalign",
    "__GI___libc_malloc",
    "__GI___libc_realloc",
    "__strdup",
    "__GI___strdup",
    "__strndup",
    "__vasprintf",
    "__asprintf",
    "__getdelim",
    "_IO_file_doallocate",
    "_IO_doallocbuf",
    "tcache_init",
    "malloc_hook_ini",
    // Allocators and sanitizers that replace malloc
    "je_",
    "jemalloc",
    "imalloc",
    "_rjem_",
    "__je_",
    "tc_malloc",
    "tc_calloc",
    "tc_realloc",
    "tc_new",
    "tc_memalign",
    "tcmalloc::",
    "mi_malloc",
    "mi_calloc",
    "mi_realloc",
    "mi_new",
    "mi_zalloc",
    "mi_heap_",
    "_mi_",
    "rpmalloc",
    "rprealloc",
    "rpcalloc",
    "rpaligned",
    "snmalloc::",
    "scudo::",
    "__interceptor_",
    "__sanitizer",
    "__asan",
    "__wrap_malloc",
    "__wrap_calloc",
    "__wrap_realloc",
    // Rust
    "alloc::alloc::",
    "alloc::raw_vec::",
    "__rustc::__rust_",
    "__rustc::__rdl_",
    "<alloc::alloc::Global",
    "<alloc::raw_vec::",
    "std::sys::alloc::",
    "std::alloc::",
    "<std::alloc::",
    // GLib
    "g_malloc",
    "g_try_malloc",
    "g_realloc",
    "g_try_realloc",
    "g_strdup",
    "g_strndup",
    "g_memdup",
    "g_slice_",
    "g_aligned_alloc",
    "standard_malloc",
    "standard_calloc",
    "standard_realloc",
    "thread_memory_magazine",
    "magazine_",
    "slab_allocator_",
    "allocator_add_slab",
    // CPython
    "PyMem_",
    "_PyMem_",
    "PyObject_Malloc",
    "PyObject_Calloc",
    "PyObject_Realloc",
    "_PyObject_Malloc",
    "_PyObject_Calloc",
    "_PyObject_Realloc",
    "pymalloc_",
    "new_arena",
    "_PyObject_Arena",
    "_PyMem_Arena",
    "allocate_from_new_pool",
    // SQLite
    "sqlite3Malloc",
    "sqlite3MemMalloc",
    "sqlite3MemRealloc",
    "sqlite3DbMalloc",
    "sqlite3DbRealloc",
    "sqlite3DbStrDup",
    "sqlite3DbStrNDup",
    "sqlite3Realloc",
    "sqlite3_malloc",
    "sqlite3_realloc",
    "dbMallocRawFinish",
    "dbReallocFinish",
    "mallocWithAlarm",
    "pcache1Alloc",
    "memdbRealloc",
    // OpenSSL, libxml2, jq, APR, GCC, git, V8 and LLVM
    "CRYPTO_malloc",
    "CRYPTO_zalloc",
    "CRYPTO_calloc",
    "CRYPTO_realloc",
    "CRYPTO_strdup",
    "CRYPTO_strndup",
    "CRYPTO_memdup",
    "CRYPTO_clear_realloc",
    "OPENSSL_malloc",
    "xmlMemMalloc",
    "xmlMemRealloc",
    "xmlMallocLoc",
    "xmlMemStrdup",
    "jv_mem_",
    "apr_palloc",
    "apr_pcalloc",
    "ggc_alloc",
    "ggc_internal_",
    "ggc_round_alloc",
    "memory_block_pool::allocate",
    "v8::internal::MallocFn",
    "v8::base::Malloc",
    "v8::base::AlignedAlloc",
    "v8::base::Calloc",
    "v8::base::Realloc",
    "llvm::SmallVectorBase",
    "llvm::BumpPtrAllocatorImpl",
    "llvm::MallocAllocator",
    "strbuf_grow",
});

// What works for its caller.
constexpr std::array kLibraryPrefixes = std::to_array<std::string_view>({
    "std::",
    "__gnu_cxx::",
    "__cxxabiv1::",
    "__cxa_",
    "alloc::",
    "core::",
    "hashbrown::",
    "<alloc::",
    "<core::",
    "<std::",
    "<hashbrown::",
    "__libc_start",
    "__libc_csu",
    "__GI___libc_start",
    "_dl_",
    "__GI__dl_",
    "call_init",
    "dl_init",
});

const std::unordered_set<std::string_view> kLibraryNames = {
    "_start", "start_thread", "clone",
    "clone3", "__clone",      "__clone3",
    "_init",  "_fini",        "execute_native_thread_routine",
};

// File names of runtime modules up to the version.
constexpr std::array kRuntimeModules = std::to_array<std::string_view>({
    "libc.so",         "libc-2.",       "libm.so",      "libm-2.",      "libpthread",
    "libdl.so",        "libdl-2.",      "librt.so",     "ld-linux",     "ld-2.",
    "ld.so",           "ld-musl",       "libc.musl",    "libresolv.so", "libnsl.so",
    "libstdc++.so",    "libc++.so",     "libc++abi.so", "libgcc_s.so",  "libsupc++",
    "libunwind.so",    "libheapscribe", "libjemalloc",  "libtcmalloc",  "libmimalloc",
    "libsnmallocshim", "libasan",       "libtsan",      "libubsan",     "liblsan",
    "linux-vdso",      "[vdso]",
});

bool begins_with_any(std::string_view text, std::span<const std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [text](std::string_view beginning) { return text.starts_with(beginning); });
}

bool is_word(char character) {
  return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
}

// True where the keyword stands at `at` as a word of its own.
bool is_operator_at(std::string_view name, std::size_t at) {
  static constexpr std::string_view kKeyword = "operator";
  if (name.substr(at, kKeyword.size()) != kKeyword) return false;
  if (at > 0 && is_word(name[at - 1])) return false;
  const std::size_t after = at + kKeyword.size();
  return after >= name.size() || !is_word(name[after]);
}

// The end of a bracketed part that begins at `at`; the end of the name if it is not closed.
std::size_t behind_brackets(std::string_view name, std::size_t at) {
  int depth = 0;
  for (; at < name.size(); ++at) {
    const char character = name[at];
    const bool arrow = character == '>' && at > 0 && name[at - 1] == '-';
    if (character == '<' || character == '(' || character == '[' || character == '{') ++depth;
    if ((character == '>' && !arrow) || character == ')' || character == ']' || character == '}') {
      if (--depth == 0) return at + 1;
    }
  }
  return at;
}

// "operator()(int)" -> "operator()": up to the parameters.
std::string_view operator_name(std::string_view text) {
  static constexpr std::string_view kCall = "operator()";
  const std::size_t symbol = text.starts_with(kCall) ? kCall.size() : 0;
  return text.substr(0, text.find('(', symbol));
}

// "std::vector<int>& a::b<int>::f<char>(int) const" -> "a::b::f": neither return type nor
// parameters nor template arguments.
std::string plain_name(std::string_view name) {
  static constexpr std::string_view kAnonymous = "(anonymous namespace)";
  if (name.starts_with('<')) return std::string(name);  // Rust: "<Type as Trait>::function"
  std::string plain;
  for (std::size_t at = 0; at < name.size();) {
    const std::string_view rest = name.substr(at);
    const char character = rest.front();
    if (is_operator_at(name, at)) return plain.append(operator_name(rest));
    if (rest.starts_with(kAnonymous)) {
      plain += kAnonymous;
      at += kAnonymous.size();
      continue;
    }
    if (character == '(' && !plain.ends_with("decltype")) break;
    if (character == '<' || character == '[' || character == '(') {
      at = behind_brackets(name, at);
      continue;
    }
    ++at;
    if (character != ' ') plain.push_back(character);
    if (character == ' ') plain.clear();  // what stood before it was the return type
  }
  return plain.empty() ? std::string(name) : plain;
}

// "<T as alloc::slice::hack::ConvertVec>::to_vec" belongs to its trait, which works for T.
std::string_view trait_of_rust_generic(std::string_view name) {
  static constexpr std::string_view kGeneric = "<T as ";
  return name.starts_with(kGeneric) ? name.substr(kGeneric.size()) : name;
}

}  // namespace

FunctionRole role_of_function(std::string_view name) {
  const std::string plain = plain_name(name);
  const std::string_view known = trait_of_rust_generic(plain);
  if (kAllocationNames.contains(known) || begins_with_any(known, kAllocationPrefixes)) {
    return FunctionRole::Allocation;
  }
  if (kLibraryNames.contains(known) || begins_with_any(known, kLibraryPrefixes)) {
    return FunctionRole::Library;
  }
  return FunctionRole::Program;
}

bool is_runtime_module(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string_view file = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return begins_with_any(file, kRuntimeModules);
}

namespace {

constexpr int kNoFrame = -1;

// The frames of one address that qualify: the innermost of each kind.
struct Candidates {
  int program = kNoFrame;
  int not_allocating = kNoFrame;
};

// A frame of a stack; address 0 = none.
struct Place {
  std::int64_t address = 0;
  int depth = kNoFrame;
};

// The best frames of a stack from some frame on outwards.
struct Verdict {
  Place program;
  Place not_allocating;
};

using CandidatesByAddress = std::unordered_map<std::int64_t, Candidates>;
using VerdictByStack = std::vector<Verdict>;

std::unordered_map<std::int64_t, FunctionRole> roles_of_functions(capture::Database& recording) {
  std::unordered_map<std::int64_t, FunctionRole> roles;
  auto rows = recording.prepare("SELECT id, name FROM function");
  while (rows.step()) roles.emplace(rows.integer(0), role_of_function(rows.text(1)));
  return roles;
}

std::unordered_set<std::int64_t> runtime_modules(capture::Database& recording) {
  std::unordered_set<std::int64_t> modules;
  auto rows = recording.prepare("SELECT id, path FROM module");
  while (rows.step()) {
    if (is_runtime_module(rows.text(1))) modules.insert(rows.integer(0));
  }
  return modules;
}

CandidatesByAddress candidates_of_addresses(capture::Database& recording) {
  const auto roles = roles_of_functions(recording);
  const auto runtime = runtime_modules(recording);
  CandidatesByAddress result;
  auto rows = recording.prepare(
      "SELECT f.address_id, f.depth, f.function_id, ifnull(a.module_id, 0) "
      "FROM frame f JOIN address a ON a.id = f.address_id ORDER BY f.address_id, f.depth");
  while (rows.step()) {
    Candidates& candidates = result[rows.integer(0)];
    const int depth = static_cast<int>(rows.integer(1));
    const FunctionRole role = roles.at(rows.integer(2));
    const bool program = role == FunctionRole::Program && !runtime.contains(rows.integer(3));
    if (program && candidates.program == kNoFrame) candidates.program = depth;
    if (role != FunctionRole::Allocation && candidates.not_allocating == kNoFrame) {
      candidates.not_allocating = depth;
    }
  }
  return result;
}

// Callers have smaller ids than what they call, so one pass suffices.
VerdictByStack verdicts_of_stacks(capture::Database& recording,
                                  const std::vector<capture::StackNode>& stacks) {
  const CandidatesByAddress candidates = candidates_of_addresses(recording);
  VerdictByStack verdicts(stacks.size());
  for (std::size_t id = 1; id < stacks.size(); ++id) {
    Verdict& verdict = verdicts[id];
    verdict = verdicts[stacks[id].parent];
    const auto own = candidates.find(stacks[id].address);
    if (own == candidates.end()) continue;
    const Candidates& found = own->second;
    if (found.program != kNoFrame) verdict.program = {own->first, found.program};
    if (found.not_allocating != kNoFrame) {
      verdict.not_allocating = {own->first, found.not_allocating};
    }
  }
  return verdicts;
}

Place place_to_blame(const Verdict& verdict, std::int64_t innermost) {
  if (verdict.program.address != 0) return verdict.program;
  if (verdict.not_allocating.address != 0) return verdict.not_allocating;
  return {innermost, 0};
}

}  // namespace

void assign_blame(capture::Database& recording) {
  const std::vector<capture::StackNode> stacks = capture::read_stacks(recording);
  const VerdictByStack verdicts = verdicts_of_stacks(recording, stacks);
  const auto assign = [&](const char* select, const char* update_text) {
    auto rows = recording.prepare(select);
    auto update = recording.prepare(update_text);
    std::vector<std::array<std::int64_t, 3>> changes;
    while (rows.step()) {
      const auto stack = static_cast<std::size_t>(rows.integer(1));
      if (stack == 0 || stack >= stacks.size()) continue;
      const Place place = place_to_blame(verdicts[stack], stacks[stack].address);
      changes.push_back({place.address, place.depth, rows.integer(0)});
    }
    for (const auto& [address, depth, row] : changes) {
      update.bind_all(address, depth, row);
      update.run();
    }
  };
  assign("SELECT id, stack_id FROM site",
         "UPDATE site SET address_id = ?, frame_depth = ? WHERE id = ?");
  assign("SELECT DISTINCT stack_id, stack_id FROM release",
         "UPDATE release SET address_id = ?, frame_depth = ? WHERE stack_id = ?");
  assign("SELECT DISTINCT stack_id, stack_id FROM pause",
         "UPDATE pause SET address_id = ?, frame_depth = ? WHERE stack_id = ?");
}

}  // namespace heapscribe::symbols
