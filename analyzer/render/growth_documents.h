// growth, snapshots, diff and compare as documents.
#pragma once

#include "analyzer/render/document.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/reports/growth.h"
#include "analyzer/reports/held.h"
#include "analyzer/reports/snapshots.h"

namespace heapscribe::render {

struct GrowthDetail {
  bool wanted = true;                 // lines below a row, in text
  bool quiet_ones = false;            // places that are stable too; data always has them
  std::optional<std::int64_t> limit;  // rows; none = all
};

Document growth_document(const reports::GrowthReport& report, const Context& context,
                         const GrowthDetail& detail);
// Of one moment, by site.
Document held_document(const reports::HeldReport& report, const Context& context,
                       bool with_details);
Document snapshots_document(const reports::SnapshotsReport& report, const Context& context);

// Why, in one sentence without a full stop.
std::string evidence_of(const reports::GrowthRow& row);

}  // namespace heapscribe::render
