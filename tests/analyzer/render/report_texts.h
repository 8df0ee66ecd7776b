// Reports of a capture as they are printed, for tests of the output.
#pragma once

#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "analyzer/model/call_tree.h"
#include "analyzer/model/selection.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/writers.h"
#include "analyzer/reports/hotspots.h"
#include "analyzer/reports/losses.h"
#include "tests/support/capture_builder.h"

namespace heapscribe::tests {

class ReportTexts {
 public:
  explicit ReportTexts(const CaptureBuilder& capture, render::Format format = render::Format::Text)
      : format_(format), reader_(capture.build()) {
    model::select_sites(reader_, {});
    context_ = {reader_.program(), "run.db", "", reports::caveats(reader_)};
  }

  std::string hotspots(std::optional<std::int64_t> frames = {},
                       model::Measure by = model::Measure::Allocated) {
    return written(render::sites_document(reports::find_hotspots(reader_, by, {}), context_,
                                          {"Hotspots", "allocated", {}}, {true, frames}));
  }
  std::string groups(reports::GroupBy group) {
    return written(
        render::groups_document(reports::group_sites(reader_, group, model::Measure::Allocated, {}),
                                context_, {"Hotspots", "allocated", {}}));
  }
  std::string tree(reports::TreeDirection direction) {
    const auto tree = direction == reports::TreeDirection::TopDown ? model::top_down_tree(reader_)
                                                                   : model::bottom_up_tree(reader_);
    reports::TreeReport report = reports::cut_tree(*tree, model::Measure::Allocated, {});
    report.direction = direction;
    report.run = reader_.totals().measures();
    return written(render::tree_document(report, context_, {"Hotspots", "allocated", {}}));
  }
  std::string sizes() {
    return written(render::sizes_document(reports::collect_sizes(reader_, {}), context_));
  }
  std::string pauses(std::optional<std::int64_t> limit = {}) {
    return written(render::pauses_document(reports::collect_pauses(reader_), reader_, context_,
                                           limit, format_ == render::Format::Text));
  }
  std::string losses() {
    return written(render::losses_document(reports::find_losses(reader_), context_of_all()));
  }
  std::string summary() {
    return written(render::summary_document(reports::summarize(reader_, {}), context_of_all()));
  }

  std::string everything() {
    return summary() + hotspots() + hotspots(0) + groups(reports::GroupBy::Function) +
           groups(reports::GroupBy::File) + groups(reports::GroupBy::Module) +
           tree(reports::TreeDirection::TopDown) + tree(reports::TreeDirection::BottomUp) +
           sizes() + pauses() + losses();
  }

 private:
  std::string written(const render::Document& document) const {
    std::ostringstream out;
    render::write(out, document, format_);
    return out.str();
  }

  render::Context context_of_all() const {
    render::Context context = context_;
    context.notes = reports::caveats_of_all(reader_);
    return context;
  }

  render::Format format_;
  model::CaptureReader reader_;
  render::Context context_;
};

}  // namespace heapscribe::tests
