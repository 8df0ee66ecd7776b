// leaks, where the leak check told lost blocks from reachable ones.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/short_name.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using reports::BlockClass;
using reports::LeakCheck;
using reports::LeakRow;

constexpr std::size_t kDetailWidth = kTextWidth - 4;

std::string name_of(BlockClass block_class) {
  return std::string(wire::kBlockClassNames[static_cast<std::size_t>(block_class)]);
}

const reports::ClassSums& sums_of(const LeakCheck& check, BlockClass block_class) {
  return check.classes[static_cast<std::size_t>(block_class)];
}

// "site 3: new at cache.cpp:15 · 16 B to 2.0 KiB · 11 ms old · 38 % likely to be a leak"
std::vector<std::string> details_of(const LeakRow& leak, const SiteDetail& detail) {
  std::string line = site_heading(leak.site, leak.kind, leak.stack.blamed());
  line += leak.min_size == leak.max_size
              ? " · size " + format_bytes(leak.max_size.value)
              : fmt::format(" · {} to {}", format_bytes(leak.min_size.value),
                            format_bytes(leak.max_size.value));
  line += " · " + format_seconds(leak.age_seconds) + " old";
  if (leak.block_class == BlockClass::Possible) {
    line += fmt::format(" · {:.0f} % likely to be a leak", 100 * leak.confidence);
  }
  std::vector<std::string> lines = wrap_text(line, kDetailWidth);
  append(lines, detail.frames ? frame_list(leak.stack, *detail.frames, kDetailWidth)
                              : caller_chain(leak.stack, kDetailWidth));
  if (!leak.retainer.empty()) {
    append_wrapped(lines, printable("held by " + leak.retainer), kDetailWidth);
    if (leak.retained_bytes > leak.bytes) {
      lines.push_back("with it would go " + format_bytes(leak.retained_bytes.value));
    }
  }
  return lines;
}

std::string when_empty(const LeakCheck& check) {
  const bool are_others =
      std::any_of(check.classes.begin(), check.classes.end(),
                  [](const reports::ClassSums& sums) { return sums.blocks.value > 0; });
  return are_others ? "no such blocks (--classes all shows the rest)" : "no such blocks";
}

Table table_of(const LeakCheck& check, const SiteDetail& detail) {
  Table table;
  table.key = "leaks";
  table.when_empty = when_empty(check);
  table.columns = {{"class", "class", Unit::Text},
                   {"", "bytes", Unit::Bytes, Shown::InText},
                   {"", "blocks", Unit::Count, Shown::InText},
                   {"", "function", Unit::Name, Shown::InText},
                   data("blocks", Unit::Count),
                   data("bytes", Unit::Bytes),
                   data("age_seconds", Unit::Share),
                   data("youngest_age_seconds", Unit::Share),
                   data("oldest_age_seconds", Unit::Share),
                   data("confidence", Unit::Share),
                   data("retained_bytes", Unit::Bytes),
                   data("retainer", Unit::Name),
                   data("site", Unit::Number),
                   data("kind", Unit::Text),
                   data("function", Unit::Name),
                   data("file", Unit::Name),
                   data("line", Unit::Number),
                   data("module", Unit::Name),
                   data("live_blocks", Unit::Count),
                   data("live_bytes", Unit::Bytes),
                   data("allocations", Unit::Count),
                   data("frees", Unit::Count),
                   data("peak_bytes", Unit::Bytes),
                   data("temporary", Unit::Count),
                   data("stack", Unit::Stack)};
  for (const LeakRow& leak : check.rows) {
    const model::Frame& blamed = leak.stack.blamed();
    const bool reachable = leak.block_class == BlockClass::Reachable;
    Row row;
    row.values = {name_of(leak.block_class),
                  leak.bytes.value,
                  leak.blocks.value,
                  short_name(blamed.function),
                  leak.blocks.value,
                  leak.bytes.value,
                  rounded(leak.age_seconds),
                  rounded(leak.youngest_age_seconds),
                  rounded(leak.oldest_age_seconds),
                  rounded(leak.confidence),
                  reachable ? Value{leak.retained_bytes.value} : Value{},
                  reachable ? Value{leak.retainer} : Value{},
                  leak.site.value,
                  leak.kind,
                  blamed.function,
                  blamed.file,
                  blamed.line,
                  blamed.module,
                  leak.blocks.value,
                  leak.bytes.value,
                  leak.allocations.value,
                  leak.frees.value,
                  leak.peak_bytes.value,
                  leak.temporary.value,
                  leak.stack.frames};
    if (detail.wanted) row.details = details_of(leak, detail);
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string sum_line(const LeakCheck& check, BlockClass block_class, const char* meaning) {
  const reports::ClassSums& sums = sums_of(check, block_class);
  return fmt::format("{:<10}{:>12} in {:<16}{}", name_of(block_class),
                     format_bytes(sums.bytes.value), format_plural(sums.blocks.value, "block"),
                     meaning);
}

std::string verdict(const LeakCheck& check) {
  if (check.worst_blocks.value > 0) {
    return fmt::format(
        "Begin with {}: no pointer to {} of its blocks is left, so nothing can free them. Free "
        "them, or give them an owner, where the last pointer goes.",
        short_name(check.worst_function), format_count(check.worst_blocks.value));
  }
  if (sums_of(check, BlockClass::Definite).blocks.value > 0) return "";
  if (sums_of(check, BlockClass::Possible).blocks.value > 0) {
    return "No block is certainly lost. Possible ones are mostly pools and trees whose pointers "
           "lead "
           "into the middle of a block: look at those that grow.";
  }
  return "No block is lost. What grows although it is reachable, `heapscribe growth` shows.";
}

// "  leak:known_leak (known.txt:3) · 33 B in 1 block"
std::vector<std::string> hits_of(const std::vector<reports::Suppression>& suppressions) {
  constexpr std::size_t kMost = 10;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(kMost, suppressions.size()); ++i) {
    const reports::Suppression& one = suppressions[i];
    append_wrapped(lines, fmt::format("  leak:{} ({}) · {} in {}", printable(one.pattern),
                                      printable(one.origin), format_bytes(one.bytes),
                                      format_plural(one.blocks, "block")));
  }
  if (suppressions.size() > kMost) {
    lines.push_back(fmt::format("  and {} more", suppressions.size() - kMost));
  }
  return lines;
}

std::vector<std::string> closing_of(const LeakCheck& check) {
  std::vector<std::string> lines;
  if (check.suppressed.blocks.value > 0) {
    append_wrapped(lines,
                   fmt::format("Suppressed: {} in {}.", format_bytes(check.suppressed.bytes.value),
                               format_plural(check.suppressed.blocks.value, "block")));
    append(lines, hits_of(check.suppressions));
  }
  if (check.threads_unseen.value > 0) {
    append_wrapped(
        lines, fmt::format("The registers of {} of {} threads are not known, and may hold what "
                           "seems lost: sites with {} blocks or fewer are only possible.",
                           check.threads_unseen.value, check.threads.value,
                           std::int64_t{wire::kPreservedRegisters} * check.threads_unseen.value));
  }
  append_wrapped(lines, fmt::format("{} {} in a copy of the program, in {}; the program stood "
                                    "still for {}.",
                                    check.at_end ? "Looked at"
                                                 : "As of " + format_duration(check.taken.value) +
                                                       ", when it was asked for: looked at",
                                    format_plural(check.blocks.value, "block"),
                                    format_duration(check.marking.value),
                                    format_duration(check.stopped.value)));
  if (const std::string text = verdict(check); !text.empty()) append_wrapped(lines, text);
  return lines;
}

}  // namespace

Document leak_check_document(const LeakCheck& check, const Context& context,
                             const SiteDetail& detail) {
  Document document;
  document.title = "Leaks of " + context.program;
  document.notes = context.notes;
  add_selection(document, context);
  append(document.lead, {sum_line(check, BlockClass::Definite, "no pointer to them is left"),
                         sum_line(check, BlockClass::Indirect, "only lost blocks point to them"),
                         sum_line(check, BlockClass::Possible, "pointers into their middle only"),
                         sum_line(check, BlockClass::Reachable, "not lost")});
  document.tables = {table_of(check, detail)};
  document.closing = closing_of(check);
  return document;
}

}  // namespace heapscribe::render
