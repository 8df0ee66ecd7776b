#include "analyzer/symbols/variable_names.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/symbols/demangle.h"
#include "analyzer/symbols/elf_symbols.h"

namespace heapscribe::symbols {
namespace {

struct Holder {
  std::int64_t site;
  std::uint64_t offset;
};

struct Module {
  ModuleIdentity identity;
  std::vector<Holder> holders;
};

std::map<std::int64_t, Module> modules_with_holders(capture::Database& recording) {
  std::map<std::int64_t, Module> modules;
  auto rows = recording.prepare(
      "SELECT m.id, m.path, m.build_id, h.site_id, h.offset "
      "FROM holder h JOIN module m ON m.id = h.module_id WHERE h.name IS NULL");
  while (rows.step()) {
    Module& module = modules[rows.integer(0)];
    module.identity = {rows.text(1), rows.text(2), 0};
    module.holders.push_back({rows.integer(3), static_cast<std::uint64_t>(rows.integer(4))});
  }
  return modules;
}

}  // namespace

void name_holders(capture::Database& recording, const SearchOptions& options) {
  std::vector<std::pair<std::int64_t, std::string>> names;  // by site
  for (const auto& [id, module] : modules_with_holders(recording)) {
    const ModuleFile file(module.identity, options);
    if (file.module() == nullptr) continue;
    const ElfSymbols variables(file.module(), SymbolsOf::Variables);
    for (const Holder& holder : module.holders) {
      const std::string_view name = variables.covering(holder.offset + file.bias());
      if (!name.empty()) names.emplace_back(holder.site, demangle(name));
    }
  }
  if (names.empty()) return;
  capture::Transaction transaction(recording);
  auto update = recording.prepare("UPDATE holder SET name = ? WHERE site_id = ?");
  for (const auto& [site, name] : names) {
    update.bind_all(std::string_view(name), site);
    update.run();
  }
  transaction.commit();
}

}  // namespace heapscribe::symbols
