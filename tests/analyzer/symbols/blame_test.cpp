#include "analyzer/symbols/blame.h"

#include <gtest/gtest.h>

#include <string>

#include "preload/capture/database.h"

namespace heapscribe::symbols {
namespace {

using capture::Database;

TEST(Role, MallocFamilyAllocates) {
  for (const char* name :
       {"malloc", "calloc", "__libc_malloc", "operator new(unsigned long)",
        "operator new[](unsigned long, std::align_val_t)", "strdup", "xmalloc", "g_malloc0",
        "PyMem_RawMalloc", "_PyObject_Malloc", "sqlite3MemMalloc", "je_malloc", "__rust_alloc",
        "alloc::alloc::exchange_malloc", "alloc::raw_vec::RawVec<T,A>::reserve_for_push",
        "<alloc::raw_vec::RawVecInner>::grow_amortized",
        "std::allocator<int>::allocate(unsigned long)",
        "std::__new_allocator<char>::allocate(unsigned long, void const*)",
        "std::_Vector_base<int, std::allocator<int> >::_M_allocate(unsigned long)"}) {
    EXPECT_EQ(role_of_function(name), FunctionRole::Allocation) << name;
  }
}

TEST(Role, StandardLibraryWorksForItsCaller) {
  for (const char* name :
       {"void std::vector<int>::_M_realloc_insert<int const&>(int*, int const&)",
        "std::__cxx11::basic_string<char>::append(char const*)",
        "std::map<int, app::Thing>::operator[](int&&)",
        "std::ostream& std::operator<< <std::char_traits<char> >(std::ostream&, char const*)",
        "alloc::vec::Vec<T>::push", "<alloc::vec::Vec<u8>>::extend_from_slice",
        "<T as alloc::slice::hack::ConvertVec>::to_vec", "core::iter::traits::collect",
        "__libc_start_main", "_start"}) {
    EXPECT_EQ(role_of_function(name), FunctionRole::Library) << name;
  }
}

TEST(Role, ReturnTypeAndParametersDoNotCount) {
  for (const char* name :
       {"std::vector<int> app::make<int>(std::allocator<int>)", "app::run(std::string)",
        "void app::each<std::function<void ()> >(std::function<void ()>)",
        "(anonymous namespace)::load(std::istream&)", "main", "main::{lambda}::operator()(int)",
        "app::operator<<(std::ostream&, app::Thing const&)", "mallocate", "app::malloc_things()",
        "app::Matrix app::operator*<double>(app::Matrix const&, double)",
        "decltype(auto) app::pick<int>(std::vector<int>&)",
        "app::Thing::operator std::vector<int>() const", "myapp::main"}) {
    EXPECT_EQ(role_of_function(name), FunctionRole::Program) << name;
  }
}

TEST(Role, RuntimeModulesAreKnownByFileName) {
  for (const char* path : {"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2",
                           "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", "libjemalloc.so.2"}) {
    EXPECT_TRUE(is_runtime_module(path)) << path;
  }
  for (const char* path :
       {"/usr/bin/python3", "/opt/libc.so.6/program", "/usr/lib/libcurl.so.4", ""}) {
    EXPECT_FALSE(is_runtime_module(path)) << path;
  }
}

// A recording with one stack: frames are added from the outermost inwards.
class StackOf {
 public:
  StackOf() : recording_(Database::in_memory()) {
    recording_.execute(capture::kSchemaSql);
    recording_.execute(
        "INSERT INTO module(id, path, bias, base, end, load_ns) VALUES"
        " (1, '/usr/bin/program', 0, 0, 0, 0), (2, '/lib/libc.so.6', 0, 0, 0, 0)");
  }

  StackOf& program(std::initializer_list<const char*> functions) { return add(1, functions); }
  StackOf& libc(std::initializer_list<const char*> functions) { return add(2, functions); }

  // "FUNCTION" of the frame to blame.
  std::string blamed() {
    recording_.execute(
        "INSERT INTO site(id, stack_id, kind, first_ns) SELECT 1, max(id), 'malloc', 0 "
        "FROM stack");
    assign_blame(recording_);
    auto row = recording_.prepare("SELECT function FROM hotspots");
    return row.step() ? row.text(0) : "";
  }

 private:
  // Functions of one address, innermost first.
  StackOf& add(std::int64_t module, std::initializer_list<const char*> functions) {
    ++last_;
    recording_.prepare("INSERT INTO address VALUES (?, ?, ?)").bind_all(last_, module, last_).run();
    recording_.prepare("INSERT INTO stack_chunk VALUES (?1, json_array(json_array(?1 - 1, ?1)))")
        .bind_all(last_)
        .run();
    std::int64_t depth = 0;
    for (const char* function : functions) {
      recording_.prepare("INSERT OR IGNORE INTO function(name) VALUES (?)")
          .bind_all(std::string_view(function))
          .run();
      recording_
          .prepare("INSERT INTO frame SELECT ?, ?, id, NULL, NULL, 0 FROM function WHERE name = ?")
          .bind_all(last_, depth++, std::string_view(function))
          .run();
    }
    return *this;
  }

  Database recording_;
  std::int64_t last_ = 0;
};

TEST(Blame, GoesToTheInnermostProgramFunction) {
  EXPECT_EQ(StackOf().program({"main"}).program({"load"}).libc({"malloc"}).blamed(), "load");
}

TEST(Blame, PassesOverInlinedLibraryFrames) {
  EXPECT_EQ(StackOf()
                .program({"main"})
                .program({"std::allocator<int>::allocate(unsigned long)",
                          "std::vector<int>::push_back(int)", "fill(int)"})
                .blamed(),
            "fill(int)");
}

TEST(Blame, PassesOverTheRestOfLibc) {
  EXPECT_EQ(StackOf().program({"main"}).libc({"some_internal_function"}).libc({"malloc"}).blamed(),
            "main");
}

TEST(Blame, WithoutSymbolsGoesToTheInnermostFrameOutsideTheRuntime) {
  EXPECT_EQ(StackOf()
                .program({"program+0x100"})
                .program({"program+0x200"})
                .libc({"libc.so.6+0x300"})
                .blamed(),
            "program+0x200");
}

TEST(Blame, RuntimeOnItsOwnIsBlamedWhereItDecided) {
  EXPECT_EQ(StackOf().libc({"_dl_init"}).libc({"setup_pool"}).libc({"malloc"}).blamed(),
            "setup_pool");
}

TEST(Blame, NothingButAllocatorsFallsToTheInnermost) {
  EXPECT_EQ(StackOf().libc({"calloc"}).libc({"malloc"}).blamed(), "malloc");
}

TEST(Blame, UnrecordedStackHasNoOneToBlame) {
  Database recording = Database::in_memory();
  recording.execute(capture::kSchemaSql);
  recording.execute("INSERT INTO site(id, stack_id, kind, first_ns) VALUES (1, 0, 'malloc', 0)");
  assign_blame(recording);
  EXPECT_EQ(recording.integer("SELECT count(*) FROM site WHERE address_id IS NULL"), 1);
}

}  // namespace
}  // namespace heapscribe::symbols
