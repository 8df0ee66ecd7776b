#include "analyzer/symbols/symbolize.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "analyzer/symbols/blame.h"
#include "analyzer/symbols/embedded_suppressions.h"
#include "analyzer/symbols/frame_writer.h"
#include "analyzer/symbols/module_symbols.h"
#include "analyzer/symbols/variable_names.h"

namespace heapscribe::symbols {
namespace {

using capture::Database;
using capture::Transaction;

// One row of `address` that wants frames.
struct Wanted {
  std::uint64_t lookup;
  std::int64_t address_id;
  std::int64_t offset;
};

// One file, mapped once or several times, or (without path) code outside of all files.
struct Group {
  ModuleIdentity identity;
  std::vector<std::int64_t> module_ids;
  std::vector<Wanted> wanted;  // by lookup
};

std::string made_up_name(const std::string& path, std::int64_t offset) {
  const auto address = static_cast<std::uint64_t>(offset);
  if (path.empty()) return fmt::format("{:#x}", address);
  return fmt::format("{}+{:#x}", path.substr(path.rfind('/') + 1), address);
}

std::int64_t recorded_until_ns(Database& recording) {
  return recording.integer(
      "SELECT ifnull(sum(value), 0) FROM recording "
      "WHERE key IN ('start_realtime_ns', 'duration_ns') AND EXISTS "
      "(SELECT 1 FROM recording WHERE key = 'duration_ns' AND value IS NOT NULL)");
}

std::vector<Group> groups_of_modules(Database& recording,
                                     std::unordered_map<std::int64_t, std::size_t>& group_of) {
  const std::int64_t until = recorded_until_ns(recording);
  std::vector<Group> groups(1);  // the first is for code in no module
  std::map<std::pair<std::string, std::string>, std::size_t> known;
  auto rows = recording.prepare("SELECT id, path, build_id FROM module ORDER BY id");
  while (rows.step()) {
    const auto key = std::pair(rows.text(1), rows.text(2));
    const auto [place, added] = known.try_emplace(key, groups.size());
    if (added) groups.push_back({{key.first, key.second, until}, {}, {}});
    groups[place->second].module_ids.push_back(rows.integer(0));
    group_of.emplace(rows.integer(0), place->second);
  }
  return groups;
}

// Groups that want something, with what they want, the largest first.
std::vector<Group> wanted_groups(Database& recording, bool again) {
  std::unordered_map<std::int64_t, std::size_t> group_of;
  std::vector<Group> groups = groups_of_modules(recording, group_of);
  auto rows = recording.prepare(
      "SELECT id, ifnull(module_id, 0), offset FROM address "
      "WHERE ?1 OR NOT EXISTS (SELECT 1 FROM frame WHERE address_id = address.id)");
  rows.bind_all(std::int64_t{again});
  while (rows.step()) {
    const auto group = group_of.find(rows.integer(1));
    const std::int64_t offset = rows.integer(2);
    groups[group != group_of.end() ? group->second : 0].wanted.push_back(
        {lookup_address(offset), rows.integer(0), offset});
  }
  std::erase_if(groups, [](const Group& group) { return group.wanted.empty(); });
  for (Group& group : groups) {
    std::sort(group.wanted.begin(), group.wanted.end(),
              [](const Wanted& left, const Wanted& right) { return left.lookup < right.lookup; });
  }
  std::stable_sort(groups.begin(), groups.end(), [](const Group& left, const Group& right) {
    return left.wanted.size() > right.wanted.size();
  });
  return groups;
}

std::vector<std::uint64_t> lookups_of(const Group& group) {
  std::vector<std::uint64_t> lookups;
  for (const Wanted& wanted : group.wanted) lookups.push_back(wanted.lookup);
  return lookups;
}

void store_source(Database& recording, const Group& group, const std::string& source) {
  if (source.empty()) return;
  auto update = recording.prepare("UPDATE module SET symbol_source = ? WHERE id = ?");
  for (const std::int64_t module : group.module_ids) {
    update.bind_all(std::string_view(source), module);
    update.run();
  }
}

ModuleResult store(Database& recording, FrameWriter& writer, const Group& group,
                   const ModuleSymbols& symbols) {
  ModuleResult result{.module = group.identity,
                      .addresses = group.wanted.size(),
                      .with_function = 0,
                      .with_line = 0,
                      .state = symbols.state,
                      .source = symbols.source};
  Transaction transaction(recording);
  for (std::size_t i = 0; i < group.wanted.size(); ++i) {
    const Wanted& wanted = group.wanted[i];
    const Worth worth = writer.write(wanted.address_id, symbols.frames[i], symbols,
                                     made_up_name(group.identity.path, wanted.offset));
    if (worth >= Worth::Function) ++result.with_function;
    if (worth == Worth::Line) ++result.with_line;
  }
  store_source(recording, group, symbols.source);
  transaction.commit();
  return result;
}

void finish(Database& recording, bool again) {
  Transaction transaction(recording);
  if (again) {
    recording.execute(
        "DELETE FROM function WHERE id NOT IN (SELECT function_id FROM frame);"
        "DELETE FROM source_file WHERE id NOT IN "
        "(SELECT file_id FROM frame WHERE file_id IS NOT NULL)");
  }
  assign_blame(recording);
  recording.execute("INSERT OR REPLACE INTO recording(key, value) VALUES ('symbolized', 1)");
  transaction.commit();
}

// Unqualified names mean temporary tables first.
void shadow_tables(Database& recording) {
  std::vector<std::pair<std::string, std::string>> tables;
  auto rows = recording.prepare(
      "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND name IN ('recording', "
      "'module', 'function', 'source_file', 'frame', 'site', 'release', 'pause', 'holder')");
  while (rows.step()) tables.emplace_back(rows.text(0), rows.text(1));
  rows.reset();
  constexpr std::string_view kCreate = "CREATE TABLE ";
  for (const auto& [name, sql] : tables) {
    if (!sql.starts_with(kCreate)) continue;
    recording.execute(("CREATE TEMP TABLE " + sql.substr(kCreate.size())).c_str());
    recording.execute(("INSERT INTO temp." + name + " SELECT * FROM main." + name).c_str());
  }
}

}  // namespace

SymbolizeResult symbolize_for_reading(Database& recording, const SymbolizeOptions& options) {
  shadow_tables(recording);
  return symbolize_recording(recording, options);
}

SymbolizeResult symbolize_recording(Database& recording, const SymbolizeOptions& options) {
  allow_debuginfod(options.debuginfod);
  const SearchOptions search{options.debug_paths, options.debuginfod};
  const std::vector<Group> groups = wanted_groups(recording, options.again);
  SymbolizeResult result;
  for (const Group& group : groups) result.addresses += group.wanted.size();

  FrameWriter writer(recording);
  std::size_t finished = 0;
  for (const Group& group : groups) {
    const auto progress = [&](std::size_t done) {
      if (options.progress) options.progress(finished + done, result.addresses);
    };
    const ModuleSymbols symbols =
        read_module_symbols(group.identity, search, lookups_of(group), progress);
    result.modules.push_back(store(recording, writer, group, symbols));
    result.with_function += result.modules.back().with_function;
    result.with_line += result.modules.back().with_line;
    finished += group.wanted.size();
    progress(0);
  }
  name_holders(recording, search);
  store_embedded_suppressions(recording, {options.debug_paths, false});
  finish(recording, options.again);
  if (debuginfod_gave_up()) {
    result.trouble = "a debuginfod server did not answer in time and was not asked again";
  }
  return result;
}

}  // namespace heapscribe::symbols
