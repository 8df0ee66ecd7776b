#include "analyzer/symbols/dwarf_names.h"

#include <dwarf.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "analyzer/symbols/demangle.h"
#include "analyzer/symbols/dwarf_types.h"

namespace heapscribe::symbols {
namespace {

// Scopes in scopes, and origins of origins: more is not code but an attack.
constexpr int kDeepestScope = 64;
constexpr int kLongestOriginChain = 16;

Dwarf* home_of(Dwarf_Die* die) {
  return dwarf_cu_getdwarf(die->cu);
}

enum class Language { C, Cpp, Other };

Language language_of(Dwarf_Die* die) {
  Dwarf_Die unit;
  if (dwarf_diecu(die, &unit, nullptr, nullptr) == nullptr) return Language::C;
  switch (dwarf_srclang(&unit)) {
    case DW_LANG_C89:
    case DW_LANG_C:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_Mips_Assembler:
      return Language::C;
    case DW_LANG_C_plus_plus:
    case DW_LANG_C_plus_plus_03:
    case DW_LANG_C_plus_plus_11:
    case DW_LANG_C_plus_plus_14:
    case 0x2b:  // C++17
    case 0x2c:  // C++20
      return Language::Cpp;
    default:
      return Language::Other;
  }
}

bool is_external(Dwarf_Die* die) {
  Dwarf_Attribute value;
  bool external = false;
  dwarf_formflag(dwarf_attr(die, DW_AT_external, &value), &external);
  return external;
}

bool follow(Dwarf_Die* die, unsigned attribute, Dwarf_Die* target) {
  Dwarf_Attribute value;
  return dwarf_attr(die, attribute, &value) != nullptr &&
         dwarf_formref_die(&value, target) != nullptr;
}

// The entry that declares what `die` is an instance of: the one that stands in its scope.
Dwarf_Die declaration_of(Dwarf_Die* die) {
  Dwarf_Die current = *die;
  for (int steps = 0; steps < kLongestOriginChain; ++steps) {
    Dwarf_Die next;
    if (!follow(&current, DW_AT_abstract_origin, &next) &&
        !follow(&current, DW_AT_specification, &next)) {
      break;
    }
    current = next;
  }
  return current;
}

const char* linkage_name(Dwarf_Die* die) {
  Dwarf_Attribute value;
  const char* name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &value));
  if (name != nullptr) return name;
  return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &value));
}

bool is_scope(int tag) {
  switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_module:
      return true;
    default:
      return false;
  }
}

std::string absolute_path(Dwarf_Die* unit, const char* path) {
  const char* name = std::max(path, [path] {
    const char* slash = nullptr;
    for (const char* at = path; *at != '\0'; ++at) {
      if (*at == '/') slash = at;
    }
    return slash != nullptr ? slash + 1 : path;
  }());
  if (name[0] == '<') return name;  // "<built-in>", "<artificial>"
  std::filesystem::path whole(path);
  if (whole.is_relative()) {
    Dwarf_Attribute value;
    const char* directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &value));
    if (directory != nullptr) whole = std::filesystem::path(directory) / whole;
  }
  return whole.lexically_normal().string();
}

}  // namespace

// Names hold names: of enclosing functions, of types of parameters. Each is made once and, while it
// is being made, counts as unknown, so that names cannot hold themselves.
class DwarfNames::Nesting {
 public:
  explicit Nesting(DwarfNames& names) : names_(names) { ++names_.nesting_; }
  ~Nesting() { --names_.nesting_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  bool too_deep() const { return names_.nesting_ > kDeepestScope; }

 private:
  DwarfNames& names_;
};

std::uint32_t DwarfNames::function(Dwarf_Die* die) {
  Dwarf_Die origin = *die;
  // Inlined copies share the entry they were made from; a function proper may know more itself.
  if (dwarf_tag(die) == DW_TAG_inlined_subroutine) {
    follow(die, DW_AT_abstract_origin, &origin);
  }
  const auto [place, unknown] = function_numbers_.try_emplace(origin.addr, StringTable::kNone);
  std::uint32_t& number = place->second;
  const Nesting nesting(*this);
  if (unknown && !nesting.too_deep()) {
    const std::string name = spelled(&origin);
    if (!name.empty()) number = functions_.intern(name);
  }
  return number;
}

std::string DwarfNames::spelled(Dwarf_Die* die) {
  const char* linkage = linkage_name(die);
  if (linkage != nullptr && linkage[0] != '\0') return demangle(linkage);
  return qualified(die);
}

std::string DwarfNames::qualified(Dwarf_Die* die) {
  const char* name = dwarf_diename(die);
  if (name == nullptr || name[0] == '\0') return {};
  Dwarf_Die declaration = declaration_of(die);
  const Language language = language_of(&declaration);
  if (language == Language::C) return demangle(name);
  std::string whole = scope_prefix(&declaration) + name;
  // main and extern "C" functions are known by their name alone, and so is what runs constructors.
  const bool plain = whole == name && (is_external(&declaration) || whole.starts_with("_GLOBAL_"));
  if (language == Language::Cpp && !plain) whole += parameters_of(&declaration);
  if (whole.size() > kLongestName) whole.resize(kLongestName);
  return whole;
}

std::string DwarfNames::parameters_of(Dwarf_Die* declaration) {
  return parameter_list(declaration,
                        [this](Dwarf_Die* type) { return scope_prefix(type) + scope_name(type); });
}

// "namespace::Class::" of an entry. Entries do not know their parents, but lie behind them: the way
// down from the unit leads at each level through the last entry that does not lie behind the goal.
std::string DwarfNames::scope_prefix(Dwarf_Die* die) {
  std::string prefix;
  Dwarf_Die current;
  if (dwarf_diecu(die, &current, nullptr, nullptr) == nullptr) return prefix;
  for (int level = 0; level < kDeepestScope; ++level) {
    const std::vector<void*>& below = children(&current);
    const auto after = std::upper_bound(below.begin(), below.end(), die->addr);
    if (after == below.begin() || *std::prev(after) == die->addr) break;
    if (dwarf_die_addr_die(home_of(die), *std::prev(after), &current) == nullptr) break;
    const int tag = dwarf_tag(&current);
    if (is_scope(tag)) prefix += scope_name(&current) + "::";
    if (tag == DW_TAG_subprogram) {
      // What is local to a function: all scopes so far are the function's own.
      const std::uint32_t number = function(&current);
      if (number != StringTable::kNone) prefix = functions_.at(number) + "::";
    }
    if (prefix.size() > kLongestName) break;
  }
  return prefix;
}

const std::string& DwarfNames::scope_name(Dwarf_Die* scope) {
  const auto [place, unknown] = scope_names_.try_emplace(scope->addr, "{unnamed}");
  std::string& known = place->second;
  const Nesting nesting(*this);
  if (!unknown || nesting.too_deep()) return known;
  const char* name = dwarf_diename(scope);
  if (name != nullptr && name[0] != '\0') {
    known = name;
  } else if (dwarf_tag(scope) == DW_TAG_namespace) {
    known = "(anonymous namespace)";
  } else {
    Dwarf_Die call;
    if (find_call_operator(scope, &call)) known = "{lambda" + parameters_of(&call) + "}";
    if (known.ends_with(" const}")) known.erase(known.size() - 7, 6);
  }
  return known;
}

bool DwarfNames::find_call_operator(Dwarf_Die* type, Dwarf_Die* call) {
  for (void* entry : children(type)) {
    if (dwarf_die_addr_die(home_of(type), entry, call) == nullptr) continue;
    const char* name = dwarf_diename(call);
    if (dwarf_tag(call) != DW_TAG_subprogram || name == nullptr) continue;
    if (std::string_view(name) == "operator()") return true;
  }
  return false;
}

const std::vector<void*>& DwarfNames::children(Dwarf_Die* parent) {
  const auto [place, unknown] = children_.try_emplace(parent->addr);
  std::vector<void*>& below = place->second;
  if (!unknown) return below;
  Dwarf_Die child;
  if (dwarf_child(parent, &child) != 0) return below;
  do {
    // In order, unless the file is damaged: then the walk could go round in circles.
    if (!below.empty() && std::less_equal<>()(child.addr, below.back())) break;
    below.push_back(child.addr);
  } while (dwarf_siblingof(&child, &child) == 0);
  remembered_children_ += below.size();
  return below;
}

std::uint32_t DwarfNames::file(Dwarf_Die* unit, const char* path) {
  if (path == nullptr || path[0] == '\0') return StringTable::kNone;
  const auto [place, unknown] = file_numbers_.try_emplace(path, StringTable::kNone);
  if (unknown) place->second = files_.intern(absolute_path(unit, path));
  return place->second;
}

}  // namespace heapscribe::symbols
