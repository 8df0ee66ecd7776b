// pools.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/render/document_parts.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using reports::PoolClass;
using reports::PoolsReport;

std::string name_of(const PoolClass& size) {
  return size.block.value == 0 ? "huge" : format_bytes(size.block.value);
}

std::string not_used(const PoolsReport& report) {
  const bool known = !report.allocator.empty() && report.allocator != "system";
  return fmt::format(
      "This program did not run on the pool but on {}. To see how the pool would serve it:",
      known ? report.allocator : "the allocator it always uses");
}

std::string verdict(const PoolsReport& report) {
  const reports::PoolAdvice advice = reports::advise(report);
  switch (advice.verdict) {
    case reports::PoolVerdict::Exhausted:
      return fmt::format(
          "{} of the allocations were left to the system's allocator: the pool ran out of address "
          "space. Raise ulimit -v.",
          format_share(advice.share));
    case reports::PoolVerdict::ListsRunEmpty:
      return fmt::format(
          "{} of the small allocations found their thread's list empty, most of them at {}: blocks "
          "live long or are freed by other threads. Allocate fewer and larger ones there.",
          format_share(advice.share), name_of(advice.worst));
    case reports::PoolVerdict::RoundingCosts:
      return fmt::format(
          "Rounding up costs {}, most of it at {}, where {} are asked for on average. `heapscribe "
          "sizes` names the sites.",
          format_share(advice.share), name_of(advice.worst),
          format_bytes(advice.worst.requested.value /
                       std::max<std::int64_t>(advice.worst.allocations.value, 1)));
    case reports::PoolVerdict::Fits:
      break;
  }
  return "The pool fits this program: there is nothing to do.";
}

std::string service_sentence(const PoolsReport& report) {
  const PoolClass& all = report.all;
  return fmt::format("{}: {} from the thread's own list, {} in memory used before",
                     format_plural(all.allocations.value, "allocation"),
                     format_share(model::share(all.hits(), all.allocations)),
                     format_share(model::share(all.reused(), all.allocations)));
}

std::string memory_sentence(const PoolsReport& report) {
  return fmt::format(
      "slabs and huge blocks: at most {}, at the end {} and {} kept; {} went back to the system",
      format_bytes(report.peak_held.value), format_bytes(report.held.value),
      format_bytes(report.kept.value), format_bytes(report.returned.value));
}

std::string overhead_sentence(const PoolsReport& report) {
  return fmt::format("lost to rounding: {} ({}); the pool's own tables: {} ({} of the most held)",
                     format_bytes(report.all.slack().value),
                     format_share(model::share(report.all.slack(), report.all.served)),
                     format_bytes(report.metadata.value),
                     format_share(model::share(report.metadata, report.peak_held)));
}

std::string time_sentence(const PoolsReport& report) {
  if (!report.times) return "time of an allocation: no sample, one in 1,024 of each size is timed";
  return fmt::format(
      "time of an allocation, from {}: {} ns on average, half below {} ns, 99 % below {} ns",
      format_plural(report.times->timed.value, "sample"), format_count(report.times->mean.value),
      format_count(report.times->half.value), format_count(report.times->most.value));
}

std::vector<Fact> facts_of(const PoolsReport& report) {
  std::vector<Fact> facts = {{"allocator", report.allocator}, {"used", report.used}};
  if (!report.used) return facts;
  const PoolClass& all = report.all;
  const std::vector<Fact> more = {
      {"allocations", all.allocations.value},
      {"foreign_allocations", report.foreign.value},
      {"list_hit_share", model::share(all.hits(), all.allocations)},
      {"slow_path_share", model::share(all.refills, all.allocations)},
      {"reused_share", model::share(all.reused(), all.allocations)},
      {"created", all.created.value},
      {"requested_bytes", all.requested.value},
      {"served_bytes", all.served.value},
      {"internal_fragmentation_share", model::share(all.slack(), all.served)},
      {"metadata_bytes", report.metadata.value},
      {"metadata_share", model::share(report.metadata, report.peak_held)},
      {"held_bytes", report.held.value},
      {"peak_held_bytes", report.peak_held.value},
      {"kept_bytes", report.kept.value},
      {"returned_bytes", report.returned.value},
      {"heaps", report.heaps.value}};
  facts.insert(facts.end(), more.begin(), more.end());
  if (report.times) {
    facts.push_back({"timed_allocations", report.times->timed.value});
    facts.push_back({"mean_ns", report.times->mean.value});
    facts.push_back({"p50_below_ns", report.times->half.value});
    facts.push_back({"p99_below_ns", report.times->most.value});
  }
  facts.push_back({"verdict", verdict(report)});
  return facts;
}

Table class_table(const PoolsReport& report) {
  Table table;
  table.key = "classes";
  table.when_empty = "no size class served anything";
  table.columns = {{"", "size", Unit::Text, Shown::InText},
                   {"block_bytes", "", Unit::Bytes, Shown::InData},
                   {"slab_bytes", "", Unit::Bytes, Shown::InData},
                   {"allocations", "allocations", Unit::Count},
                   {"list_hit_share", "from list", Unit::Share},
                   {"reused_share", "reused", Unit::Share},
                   {"peak_blocks", "most at once", Unit::Count},
                   {"received", "taken over", Unit::Count},
                   {"slack_bytes", "rounding", Unit::Bytes},
                   {"requested_bytes", "", Unit::Bytes, Shown::InData},
                   {"served_bytes", "", Unit::Bytes, Shown::InData},
                   {"refills", "", Unit::Count, Shown::InData},
                   {"spills", "", Unit::Count, Shown::InData},
                   {"created", "", Unit::Count, Shown::InData},
                   {"given", "", Unit::Count, Shown::InData},
                   {"blocks", "", Unit::Count, Shown::InData},
                   {"slabs", "", Unit::Count, Shown::InData}};
  for (const PoolClass& size : report.classes) {
    Row row;
    row.values = {name_of(size),
                  size.block.value,
                  size.slab.value,
                  size.allocations.value,
                  model::share(size.hits(), size.allocations),
                  model::share(size.reused(), size.allocations),
                  size.peak_blocks.value,
                  size.received.value,
                  size.slack().value,
                  size.requested.value,
                  size.served.value,
                  size.refills.value,
                  size.spills.value,
                  size.created.value,
                  size.given.value,
                  size.blocks.value,
                  size.slabs.value};
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<std::string> wrapped(const std::vector<std::string>& sentences) {
  std::vector<std::string> lines;
  for (const std::string& sentence : sentences) {
    append_wrapped(lines, sentence);
  }
  return lines;
}

}  // namespace

Document pools_document(const PoolsReport& report, const Context& context) {
  Document document;
  document.shape = DataShape::Object;
  document.title = "Pool of " + context.program;
  document.facts = facts_of(report);
  document.notes = context.notes;
  if (!report.used) {
    document.lead = wrapped({not_used(report)});
    document.lead.emplace_back("  heapscribe run --allocator pool -- PROGRAM ARGUMENTS");
    return document;
  }
  document.lead = wrapped({service_sentence(report), memory_sentence(report),
                           overhead_sentence(report), time_sentence(report)});
  document.tables = {class_table(report)};
  document.closing = wrapped({verdict(report)});
  return document;
}

}  // namespace heapscribe::render
