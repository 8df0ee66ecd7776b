// Rows of the reports laid out as documents: which columns, in which order, in which words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/render/document.h"
#include "analyzer/reports/groups.h"
#include "analyzer/reports/leak_check.h"
#include "analyzer/reports/pauses.h"
#include "analyzer/reports/pools.h"
#include "analyzer/reports/releases.h"
#include "analyzer/reports/sites.h"
#include "analyzer/reports/sizes.h"
#include "analyzer/reports/summary.h"
#include "analyzer/reports/tree.h"

namespace heapscribe::render {

// What a document says about the recording it was made from.
struct Context {
  std::string program;
  std::string path;                // of the database, for commands to read on
  std::string selection;           // filters in words, "" = everything
  std::vector<std::string> notes;  // see reports::caveats
};

// How the four site reports differ in words.
struct SiteWording {
  std::string heading;               // "Peak"
  std::string measure;               // "of the peak": what a share is a share of
  std::vector<std::string> remarks;  // at the end
};

// What is said about a site below its row, in text. Data has the whole stack and needs none of it;
// for 100,000 sites it is most of the work.
struct SiteDetail {
  bool wanted = true;
  std::optional<std::int64_t> frames = {};  // that many, each on its own line; 0 = all
};

Document sites_document(const reports::SitesReport& report, const Context& context,
                        const SiteWording& wording, const SiteDetail& detail);
Document leak_check_document(const reports::LeakCheck& check, const Context& context,
                             const SiteDetail& detail);
Document groups_document(const reports::GroupsReport& report, const Context& context,
                         const SiteWording& wording);
Document tree_document(const reports::TreeReport& report, const Context& context,
                       const SiteWording& wording);
Document sizes_document(const reports::SizesReport& report, const Context& context);
Document pools_document(const reports::PoolsReport& report, const Context& context);
Document releases_document(const reports::ReleasesReport& report, const Context& context,
                           bool with_details);
// Stacks are read for the rows that are shown.
Document pauses_document(const reports::PausesReport& report, model::CaptureReader& reader,
                         const Context& context, std::optional<std::int64_t> limit,
                         bool with_details);
Document losses_document(const std::vector<model::Loss>& losses, const Context& context);
Document summary_document(const reports::Summary& summary, const Context& context);

}  // namespace heapscribe::render
