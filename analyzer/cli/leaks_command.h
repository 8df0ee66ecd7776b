// The part of `leaks` that needs a leak check.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/capture_reader.h"
#include "analyzer/render/report_documents.h"
#include "analyzer/render/writers.h"

namespace heapscribe::cli {

struct LeakOptions {
  std::string classes, fail_on;
  std::vector<std::string> suppressions;
  bool generate = false;

  bool any() const {
    return generate || !classes.empty() || !fail_on.empty() || !suppressions.empty();
  }
};

void add_leak_options(CLI::App& command, LeakOptions& options);
bool has_leak_check(const model::CaptureReader& reader);

// model::select_sites() must have been called. Returns the exit status.
int report_leaks(model::CaptureReader& reader, const LeakOptions& options,
                 const render::Context& context, std::optional<std::int64_t> limit,
                 const render::SiteDetail& detail, render::Format format);

}  // namespace heapscribe::cli
