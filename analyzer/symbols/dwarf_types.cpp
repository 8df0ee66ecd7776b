#include "analyzer/symbols/dwarf_types.h"

#include <dwarf.h>

#include <string_view>
#include <utility>

namespace heapscribe::symbols {
namespace {

// Pointers to functions that take pointers to ...: more is not code but an attack.
constexpr int kDeepestType = 16;
constexpr std::size_t kLongestList = 1024;

// GCC's names of integers are not those of the C++ mangling.
std::string base_type_name(std::string_view name) {
  using Spelling = std::pair<std::string_view, std::string_view>;
  static constexpr Spelling kSpellings[] = {
      {"long unsigned int", "unsigned long"},           {"long int", "long"},
      {"short unsigned int", "unsigned short"},         {"short int", "short"},
      {"long long unsigned int", "unsigned long long"}, {"long long int", "long long"},
      {"__int128 unsigned", "unsigned __int128"},
  };
  for (const auto& [dwarf, mangling] : kSpellings) {
    if (name == dwarf) return std::string(mangling);
  }
  return std::string(name);
}

bool type_of(Dwarf_Die* die, Dwarf_Die* type) {
  Dwarf_Attribute value;
  return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &value), type) != nullptr;
}

bool is_artificial(Dwarf_Die* parameter) {
  Dwarf_Attribute value;
  bool artificial = false;
  dwarf_formflag(dwarf_attr_integrate(parameter, DW_AT_artificial, &value), &artificial);
  return artificial;
}

class Speller {
 public:
  explicit Speller(const NameOf& name_of) : name_of_(name_of) {}

  std::string type_in(Dwarf_Die* holder, int depth) {
    Dwarf_Die type;
    if (!type_of(holder, &type)) return "void";
    return spelled(&type, depth);
  }

  // Without brackets.
  std::string parameters(Dwarf_Die* function, int depth) {
    std::string list;
    Dwarf_Die child;
    if (dwarf_child(function, &child) != 0) return list;
    const char* last = nullptr;
    do {
      if (last != nullptr && static_cast<const char*>(child.addr) <= last) break;
      last = static_cast<const char*>(child.addr);
      const std::string parameter = parameter_from(&child, depth);
      if (parameter.empty()) continue;
      if (!list.empty()) list += ", ";
      if (list.size() > kLongestList) return list + "...";
      list += parameter;
    } while (dwarf_siblingof(&child, &child) == 0);
    return list;
  }

 private:
  std::string parameter_from(Dwarf_Die* child, int depth) {
    switch (dwarf_tag(child)) {
      case DW_TAG_formal_parameter:
        return is_artificial(child) ? "" : type_in(child, depth + 1);
      case DW_TAG_unspecified_parameters:
        return "...";
      case DW_TAG_GNU_formal_parameter_pack:
        return depth < kDeepestType ? parameters(child, depth + 1) : "";
      default:
        return "";
    }
  }

  std::string spelled(Dwarf_Die* type, int depth) {
    if (depth > kDeepestType) return "...";
    switch (dwarf_tag(type)) {
      case DW_TAG_typedef:
        return type_in(type, depth + 1);
      case DW_TAG_pointer_type:
        return with_suffix(type, "*", depth);
      case DW_TAG_reference_type:
        return with_suffix(type, "&", depth);
      case DW_TAG_rvalue_reference_type:
        return with_suffix(type, "&&", depth);
      case DW_TAG_const_type:
        return type_in(type, depth + 1) + " const";
      case DW_TAG_volatile_type:
        return type_in(type, depth + 1) + " volatile";
      case DW_TAG_restrict_type:
        return type_in(type, depth + 1) + " restrict";
      case DW_TAG_base_type:
        return base_type_name(named(type));
      case DW_TAG_unspecified_type:
        return named(type);
      case DW_TAG_subroutine_type:
        return type_in(type, depth + 1) + " (" + parameters(type, depth + 1) + ")";
      case DW_TAG_array_type:
        return type_in(type, depth + 1) + " []";
      default:
        return name_of_(type);
    }
  }

  // "int*", but "int (*)(char)".
  std::string with_suffix(Dwarf_Die* type, std::string_view suffix, int depth) {
    std::string target = type_in(type, depth + 1);
    Dwarf_Die target_type;
    if (type_of(type, &target_type) && dwarf_tag(&target_type) == DW_TAG_subroutine_type) {
      const std::size_t list = target.find(" (");
      if (list != std::string::npos) {
        return target.insert(list + 1, "(" + std::string(suffix) + ")");
      }
    }
    return target.append(suffix);
  }

  static std::string named(Dwarf_Die* type) {
    const char* name = dwarf_diename(type);
    return name != nullptr ? name : "?";
  }

  const NameOf& name_of_;
};

// True for a member function whose object is const.
bool is_const_member(Dwarf_Die* function) {
  Dwarf_Attribute value;
  Dwarf_Die object;
  Dwarf_Die type;
  if (dwarf_formref_die(dwarf_attr(function, DW_AT_object_pointer, &value), &object) == nullptr) {
    return false;
  }
  if (!type_of(&object, &type)) return false;
  if (dwarf_tag(&type) == DW_TAG_const_type && !type_of(&type, &type)) return false;
  return dwarf_tag(&type) == DW_TAG_pointer_type && type_of(&type, &type) &&
         dwarf_tag(&type) == DW_TAG_const_type;
}

}  // namespace

std::string parameter_list(Dwarf_Die* function, const NameOf& name_of) {
  return "(" + Speller(name_of).parameters(function, 0) + ")" +
         (is_const_member(function) ? " const" : "");
}

}  // namespace heapscribe::symbols
