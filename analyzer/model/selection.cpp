#include "analyzer/model/selection.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

#include "analyzer/model/pattern.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::model {
namespace {

using FrameTest = std::function<bool(const Frame&)>;

// Marks every stack node that has, itself or further out, an address with a frame that passes.
std::vector<bool> matching_nodes(CaptureReader& reader, const FrameTest& matches) {
  std::vector<bool> node_matches(static_cast<std::size_t>(reader.stacks().end()), false);
  std::unordered_map<AddressId, bool> address_matches;
  for (const auto& [address, frames] : reader.frames().known()) {
    address_matches[address] = std::any_of(frames.begin(), frames.end(), matches);
  }
  for (std::size_t id = 0; id < node_matches.size(); ++id) {
    const StackNode node = reader.stacks().at(StackId{static_cast<std::int64_t>(id)});
    const bool inherited =
        node.parent.exists() && node_matches[static_cast<std::size_t>(node.parent.value)];
    const auto own = address_matches.find(node.address);
    node_matches[id] = inherited || (own != address_matches.end() && own->second);
  }
  return node_matches;
}

// A name is tested once, however many addresses carry it.
FrameTest test_of(const std::string& expression, std::string Frame::*text) {
  if (expression.empty()) return [](const Frame&) { return true; };
  return [pattern = std::make_shared<Pattern>(expression), text,
          known = std::make_shared<std::unordered_map<std::string, bool>>()](const Frame& frame) {
    const auto [entry, is_new] = known->try_emplace(frame.*text, false);
    if (is_new) entry->second = pattern->found_in(frame.*text);
    return entry->second;
  };
}

void fill_matching_sites(CaptureReader& reader, const SiteFilter& filter) {
  const FrameTest function = test_of(filter.function, &Frame::function);
  const FrameTest module = test_of(filter.module, &Frame::module);
  reader.frames().load_all();
  reader.stacks().load_all();
  const std::vector<bool> by_function = matching_nodes(reader, function);
  const std::vector<bool> by_module = matching_nodes(reader, module);
  auto insert = reader.database().prepare("INSERT INTO temp.matching_site VALUES (?1)");
  auto sites = reader.database().prepare("SELECT id, stack_id FROM site");
  while (sites.step()) {
    const auto stack = static_cast<std::size_t>(sites.integer(1));
    if (stack < by_function.size() && by_function[stack] && by_module[stack]) {
      insert.bind(1, sites.integer(0)).run();
    }
  }
}

}  // namespace

void select_threads(CaptureReader& reader, const std::string& thread) {
  reader.database().execute("CREATE TEMP TABLE selected_thread(thread_id INTEGER PRIMARY KEY)");
  if (thread.empty()) return;
  auto insert = reader.database().prepare(queries::select_threads);
  insert.bind(1, std::string_view(thread)).run();
  if (reader.database().integer("SELECT count(*) FROM temp.selected_thread") > 0) return;
  throw std::runtime_error("'" + reader.path() + "' has no thread '" + thread +
                           "'; list them: heapscribe query DB 'SELECT id, tid, name FROM thread'");
}

bool has_sections(CaptureReader& reader) {
  return reader.database().integer("SELECT count(*) FROM sqlite_master WHERE name = 'section'") !=
         0;
}

namespace {

void select_sections(CaptureReader& reader, const std::string& section) {
  if (has_sections(reader)) {
    auto insert = reader.database().prepare(queries::select_sections);
    insert.bind(1, std::string_view(section)).run();
    if (reader.database().integer("SELECT count(*) FROM temp.selected_section") > 0) return;
  }
  throw std::runtime_error("'" + reader.path() + "' has no section '" + section +
                           "'; list them: heapscribe sections DB");
}

bool has_window(CaptureReader& reader) {
  return reader.database().integer(
             "SELECT count(*) FROM sqlite_temp_master WHERE name = 'window_site'") != 0;
}

const char* view_for(const SiteFilter& filter) {
  if (filter.window) return queries::select_by_window;
  if (!filter.section.empty()) return queries::select_by_section;
  return filter.thread.empty() ? queries::select_matching : queries::select_by_thread;
}

}  // namespace

void select_sites(CaptureReader& reader, const SiteFilter& filter) {
  capture::Database& database = reader.database();
  database.execute(
      "DROP VIEW IF EXISTS temp.selected_site;"
      "DROP TABLE IF EXISTS temp.matching_site;"
      "DROP TABLE IF EXISTS temp.window_site;"
      "DROP TABLE IF EXISTS temp.selected_thread;"
      "DROP TABLE IF EXISTS temp.selected_section;");
  if (filter.empty()) {
    database.execute(queries::select_all);
    return;
  }
  if (filter.window && !(filter.thread.empty() && filter.section.empty())) {
    throw std::runtime_error("what threads and sections did is not recorded over time");
  }
  database.execute(
      "CREATE TEMP TABLE matching_site(site_id INTEGER PRIMARY KEY);"
      "CREATE TEMP TABLE selected_section(section_id INTEGER PRIMARY KEY);");
  const bool by_stack = !filter.function.empty() || !filter.module.empty();
  if (by_stack) {
    fill_matching_sites(reader, filter);
  } else {
    database.execute("INSERT INTO temp.matching_site SELECT id FROM site");
  }
  select_threads(reader, filter.thread);
  if (!filter.section.empty()) select_sections(reader, filter.section);
  if (filter.window) select_window(reader, *filter.window);
  database.execute(view_for(filter));
}

Measures measures_of_all(CaptureReader& reader) {
  if (!has_window(reader)) return reader.totals().measures();
  auto sums = reader.database().prepare(queries::window_sums);
  sums.step();
  Measures all{};
  all.allocations.value = sums.integer(0);
  all.bytes.value = sums.integer(1);
  all.live_blocks.value = sums.integer(2);
  all.live_bytes.value = sums.integer(3);
  all.peak_bytes.value = sums.integer(4);
  return all;
}

}  // namespace heapscribe::model
