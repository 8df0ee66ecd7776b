// Options that several commands share: what they are called, which values they take.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/selection.h"
#include "analyzer/render/writers.h"

namespace heapscribe::cli {

// One of a few words, refused with a sentence that lists them.
CLI::Validator one_of(std::vector<std::string> words);
CLI::Validator whole_number();
CLI::Validator seconds();

// The recording to read and the format to print.
struct InputOptions {
  std::string path;
  std::string format = "text";

  void add_to(CLI::App& command);
  render::Format chosen_format() const;
};

// Which sites, in text and as a filter.
struct FilterOptions {
  model::SiteFilter filter;

  void add_to(CLI::App& command);
  std::string in_words() const;
  // For what is not recorded by thread and section; `report` as in "releases are".
  void refuse_parts(const std::string& report) const;
};

// A part of the run, for reports by site: --from and --to.
struct WindowOptions {
  std::string from, to;

  void add_to(CLI::App& command);
  // Nothing if neither was given. Throws std::runtime_error with one sentence.
  std::optional<model::Window> find(model::CaptureReader& reader) const;
};

// --limit: without it `fallback` rows for people and all rows for programs.
struct LimitOption {
  std::optional<std::int64_t> given;

  void add_to(CLI::App& command, std::int64_t fallback = 20);
  // None = all.
  std::optional<std::int64_t> rows(render::Format format, std::int64_t fallback = 20) const;
};

}  // namespace heapscribe::cli
