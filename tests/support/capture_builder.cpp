#include "tests/support/capture_builder.h"

#include <algorithm>
#include <span>
#include <stdexcept>

namespace heapscribe::tests {
namespace {

constexpr std::int64_t kEventNs = 1'000'000;  // one event a millisecond

bool hands_out_memory(const std::string& function) {
  return function == "xmalloc" || function.rfind("operator new", 0) == 0;
}

bool same(const Call& a, const Call& b) {
  return a.function == b.function && a.file == b.file && a.line == b.line && a.module == b.module &&
         a.inlined == b.inlined;
}

std::vector<std::string> modules_of(const std::vector<Call>& calls) {
  std::vector<std::string> modules;
  for (const Call& call : calls) {
    if (std::find(modules.begin(), modules.end(), call.module) == modules.end()) {
      modules.push_back(call.module);
    }
  }
  return modules;
}

// Number of `name` in `table`, which it is added to if it is new; NULL for no name.
void bind_interned(capture::Database& database, capture::Statement& statement, int index,
                   const std::string& table, const std::string& column, const std::string& name) {
  if (name.empty()) {
    statement.bind_null(index);
    return;
  }
  auto insert = database.prepare("INSERT OR IGNORE INTO " + table + "(" + column + ") VALUES (?1)");
  insert.bind(1, std::string_view(name)).run();
  auto find = database.prepare("SELECT id FROM " + table + " WHERE " + column + " = ?1");
  find.bind(1, std::string_view(name)).step();
  statement.bind(index, find.integer(0));
}

}  // namespace

Call Call::in(const std::string& path) const {
  Call copy = *this;
  copy.module = path;
  return copy;
}

Call Call::with_inlined(std::vector<std::string> names) const {
  Call copy = *this;
  copy.inlined = std::move(names);
  return copy;
}

CaptureBuilder::CaptureBuilder() {
  set("state", "complete").set("program", "/usr/bin/sample").set("command_line", R"(["sample"])");
  set("mode", "full").set("unwinder", "libunwind").set("pid", 4711).set("end_kind", "exited");
  set("end_status", 0);
  threads_[1].name = "main";
}

CaptureBuilder& CaptureBuilder::at(const std::vector<Call>& stack) {
  stack_ = stack_of(stack);
  return *this;
}

CaptureBuilder& CaptureBuilder::on_thread(std::int64_t id, const std::string& name) {
  thread_ = id;
  if (!name.empty()) threads_[id].name = name;
  return *this;
}

CaptureBuilder& CaptureBuilder::alloc(const std::string& block, std::int64_t size,
                                      const std::string& kind) {
  count_allocation(site_of(kind), block, size);
  return *this;
}

CaptureBuilder& CaptureBuilder::free(const std::string& name) {
  const auto found = blocks_.find(name);
  if (found == blocks_.end()) throw std::logic_error("no block " + name);
  const Block block = found->second;
  blocks_.erase(found);
  Site& site = sites_[block.site];
  Thread& thread = threads_[thread_];
  const bool temporary = block.thread == thread_ && thread.counters.allocations == block.number;
  for (Counters* counters : {&site.counters, &site.by_thread[thread_], &thread.counters}) {
    ++counters->frees;
    counters->freed_bytes += block.size;
    counters->temporary += temporary ? 1 : 0;
  }
  live_bytes_ -= block.size;
  ++events_;
  return *this;
}

CaptureBuilder& CaptureBuilder::realloc(const std::string& block, std::int64_t size) {
  free(block);
  const std::size_t site = site_of("realloc");
  ++sites_[site].counters.reallocations;
  ++threads_[thread_].counters.reallocations;
  count_allocation(site, block, size);
  return *this;
}

CaptureBuilder& CaptureBuilder::temporaries(std::int64_t times, std::int64_t size) {
  for (std::int64_t i = 0; i < times; ++i) alloc("(temporary)", size).free("(temporary)");
  return *this;
}

CaptureBuilder& CaptureBuilder::leaked(std::int64_t times, std::int64_t size) {
  for (std::int64_t i = 0; i < times; ++i) {
    alloc("(leaked)", size);
    blocks_.erase("(leaked)");
  }
  return *this;
}

CaptureBuilder& CaptureBuilder::lose(const std::string& kind, std::int64_t events) {
  losses_[kind] = events;
  return *this;
}

CaptureBuilder& CaptureBuilder::set(const std::string& key, const std::string& value) {
  settings_[key] = value;
  return *this;
}

CaptureBuilder& CaptureBuilder::set(const std::string& key, std::int64_t value) {
  return set(key, std::to_string(value));
}

CaptureBuilder& CaptureBuilder::sql(const std::string& statement) {
  statements_.push_back(statement);
  return *this;
}

CaptureBuilder& CaptureBuilder::without_symbols() {
  symbols_ = false;
  return *this;
}

CaptureBuilder& CaptureBuilder::still_recording(std::int64_t target_pid,
                                                std::int64_t collector_pid) {
  finished_ = false;
  return set("state", "recording").set("pid", target_pid).set("collector_pid", collector_pid);
}

std::int64_t CaptureBuilder::address_of(const Call& call) {
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    if (same(addresses_[i], call)) return static_cast<std::int64_t>(i) + 1;
  }
  addresses_.push_back(call);
  return static_cast<std::int64_t>(addresses_.size());
}

std::int64_t CaptureBuilder::stack_of(const std::vector<Call>& calls) {
  std::uint32_t parent = 0;
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
    const capture::StackNode node{parent, static_cast<std::uint32_t>(address_of(*call))};
    const auto known = std::find_if(stacks_.begin(), stacks_.end(), [&](const auto& other) {
      return other.parent == node.parent && other.address == node.address;
    });
    parent = static_cast<std::uint32_t>(known - stacks_.begin()) + 1;
    if (known == stacks_.end()) stacks_.push_back(node);
  }
  return parent;
}

std::size_t CaptureBuilder::site_of(const std::string& kind) {
  const auto known = std::find_if(sites_.begin(), sites_.end(), [&](const Site& site) {
    return site.stack == stack_ && site.kind == kind;
  });
  if (known != sites_.end()) return static_cast<std::size_t>(known - sites_.begin());
  Site site;
  site.stack = stack_;
  site.kind = kind;
  sites_.push_back(site);
  return sites_.size() - 1;
}

void CaptureBuilder::count_allocation(std::size_t index, const std::string& block,
                                      std::int64_t size) {
  Site& site = sites_[index];
  Thread& thread = threads_[thread_];
  const std::int64_t usable = std::max<std::int64_t>(24, (size + 8 + 15) / 16 * 16 - 8);
  site.min_size = site.counters.allocations == 0 ? size : std::min(site.min_size, size);
  site.max_size = std::max(site.max_size, size);
  for (Counters* counters : {&site.counters, &site.by_thread[thread_], &thread.counters}) {
    ++counters->allocations;
    counters->bytes += size;
    counters->usable_bytes += usable;
  }
  ++sizes_[size];
  blocks_[block] = {index, size, thread_, thread.counters.allocations};
  live_bytes_ += size;
  ++events_;
  note_peak();
}

void CaptureBuilder::note_peak() {
  if (live_bytes_ <= peak_bytes_) return;
  peak_bytes_ = live_bytes_;
  peak_event_ = events_;
  for (Site& site : sites_) {
    site.peak_blocks = site.counters.allocations - site.counters.frees;
    site.peak_bytes = site.counters.bytes - site.counters.freed_bytes;
  }
}

capture::Database CaptureBuilder::build() const {
  capture::Database database = capture::Database::in_memory();
  database.execute(capture::kSchemaSql);
  fill(database);
  return database;
}

void CaptureBuilder::write(const std::string& path) const {
  capture::Database database = capture::create_recording(path);
  fill(database);
  database.execute("PRAGMA journal_mode = DELETE");
}

void CaptureBuilder::fill(capture::Database& database) const {
  capture::Transaction transaction(database);
  fill_code(database);
  fill_stacks(database);
  fill_sites(database);
  fill_threads(database);
  fill_series(database);
  fill_recording(database);
  for (const std::string& statement : statements_) database.execute(statement.c_str());
  transaction.commit();
}

void CaptureBuilder::fill_code(capture::Database& database) const {
  const std::vector<std::string> modules = modules_of(addresses_);
  auto module = database.prepare(
      "INSERT INTO module(id, path, bias, base, end, load_ns) VALUES (?1, ?2, 0, 0, 0, 0)");
  for (std::size_t i = 0; i < modules.size(); ++i) {
    module.bind_all(static_cast<std::int64_t>(i) + 1, std::string_view(modules[i])).run();
  }
  auto address = database.prepare("INSERT INTO address VALUES (?1, ?2, ?3)");
  auto frame = database.prepare("INSERT INTO frame VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    const Call& call = addresses_[i];
    const auto id = static_cast<std::int64_t>(i) + 1;
    const auto found = std::find(modules.begin(), modules.end(), call.module);
    address.bind_all(id, found - modules.begin() + 1, 0x1000 + 16 * id);
    if (call.module.empty()) address.bind_null(2);
    address.run();
    std::vector<std::string> names = call.inlined;
    names.push_back(call.function);
    for (std::size_t depth = 0; symbols_ && depth < names.size(); ++depth) {
      frame.bind(1, id).bind(2, static_cast<std::int64_t>(depth));
      bind_interned(database, frame, 3, "function", "name", names[depth]);
      bind_interned(database, frame, 4, "source_file", "path", call.file);
      frame.bind(5, call.line).bind(6, std::int64_t{depth + 1 < names.size()});
      frame.run();
    }
  }
}

void CaptureBuilder::fill_stacks(capture::Database& database) const {
  auto chunk = database.prepare("INSERT INTO stack_chunk VALUES (?1, ?2)");
  for (std::size_t first = 0; first < stacks_.size(); first += capture::kChunkNodes) {
    const std::size_t count = std::min(capture::kChunkNodes, stacks_.size() - first);
    const std::string nodes =
        capture::pack_stacks(first + 1, std::span(stacks_).subspan(first, count));
    chunk.bind_all(static_cast<std::int64_t>(first) + 1, std::string_view(nodes)).run();
  }
}

void CaptureBuilder::fill_sites(capture::Database& database) const {
  auto insert = database.prepare(
      "INSERT INTO site(id, stack_id, kind, first_ns, allocations, bytes, frees, freed_bytes,"
      " peak_blocks, peak_bytes, temporary, reallocations, usable_bytes, min_size, max_size,"
      " address_id, frame_depth)"
      " VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    const Site& site = sites_[i];
    const Counters& c = site.counters;
    std::uint32_t blamed = static_cast<std::uint32_t>(site.stack);
    const auto node = [&](std::uint32_t id) { return stacks_[id - 1]; };
    const auto call = [&](std::uint32_t id) { return addresses_[node(id).address - 1]; };
    while (blamed != 0 && hands_out_memory(call(blamed).function)) blamed = node(blamed).parent;
    insert.bind_all(static_cast<std::int64_t>(i) + 1, site.stack, std::string_view(site.kind),
                    c.allocations, c.bytes, c.frees, c.freed_bytes, site.peak_blocks,
                    site.peak_bytes, c.temporary, c.reallocations, c.usable_bytes, site.min_size,
                    site.max_size);
    if (blamed == 0 || !symbols_) {
      insert.bind_null(15).bind_null(16);
    } else {
      insert.bind(15, std::int64_t{node(blamed).address}).bind(16, std::int64_t{0});
    }
    insert.run();
  }
}

void CaptureBuilder::fill_threads(capture::Database& database) const {
  auto thread =
      database.prepare("INSERT INTO thread VALUES (?1, ?2, ?3, 0, NULL, ?4, ?5, ?6, ?7, ?8, ?9)");
  for (const auto& [id, data] : threads_) {
    const Counters& c = data.counters;
    thread.bind_all(id, 1000 + id, std::string_view(data.name), c.allocations, c.bytes, c.frees,
                    c.freed_bytes, c.reallocations, c.temporary);
    thread.run();
  }
  auto insert = database.prepare("INSERT INTO shared_site VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    for (const auto& [id, c] : sites_[i].by_thread) {
      insert.bind_all(id, static_cast<std::int64_t>(i) + 1, c.allocations, c.bytes, c.frees,
                      c.freed_bytes, c.temporary);
      insert.run();
    }
  }
}

void CaptureBuilder::fill_series(capture::Database& database) const {
  auto point = database.prepare("INSERT INTO timeline VALUES (?1, ?2, 0, 0, 0, 0, ?3)");
  point.bind_all(peak_event_ * kEventNs, peak_bytes_, peak_bytes_ + 4096).run();
  if (events_ != peak_event_) {
    point.bind_all(events_ * kEventNs, live_bytes_, peak_bytes_ + 4096).run();
  }
  auto size = database.prepare("INSERT INTO size_class VALUES (?1, ?1, ?2)");
  for (const auto& [bytes, calls] : sizes_) size.bind_all(bytes, calls).run();
  auto kind = database.prepare(
      "INSERT INTO call_kind SELECT kind, sum(allocations), sum(bytes) FROM site GROUP BY kind");
  kind.run();
  auto loss = database.prepare("INSERT INTO loss VALUES (?1, ?2, 'for the test')");
  for (const auto& [name, events] : losses_) loss.bind_all(std::string_view(name), events).run();
}

void CaptureBuilder::fill_recording(capture::Database& database) const {
  auto insert = database.prepare("INSERT OR REPLACE INTO recording VALUES (?1, ?2)");
  for (const auto& [key, value] : settings_) {
    insert.bind_all(std::string_view(key), std::string_view(value)).run();
  }
  if (!finished_) return;
  database.execute(
      "INSERT INTO recording SELECT 'allocations', sum(allocations) FROM site;"
      "INSERT INTO recording SELECT 'allocated_bytes', sum(bytes) FROM site;"
      "INSERT INTO recording SELECT 'frees', sum(frees) FROM site;"
      "INSERT INTO recording SELECT 'freed_bytes', sum(freed_bytes) FROM site;"
      "INSERT INTO recording SELECT 'reallocations', sum(reallocations) FROM site;"
      "INSERT INTO recording SELECT 'temporary', sum(temporary) FROM site;"
      "INSERT INTO recording SELECT 'usable_bytes', sum(usable_bytes) FROM site;"
      "INSERT INTO recording SELECT 'live_blocks', sum(live_blocks) FROM site;"
      "INSERT INTO recording SELECT 'live_bytes', sum(live_bytes) FROM site;"
      "INSERT INTO recording SELECT 'threads', count(*) FROM thread;");
  const auto put = [&](std::string_view key, std::int64_t value) {
    insert.bind(1, key).bind(2, value).run();
  };
  put("peak_bytes", peak_bytes_);
  put("peak_ns", peak_event_ * kEventNs);
  put("peak_error_bytes", 0);
  put("duration_ns", events_ * kEventNs);
  put("symbolized", symbols_ ? 1 : 0);
}

}  // namespace heapscribe::tests
