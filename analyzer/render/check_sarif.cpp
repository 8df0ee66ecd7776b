// SARIF 2.1.0, OASIS Standard of 27 March 2020.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "analyzer/model/stable_name.h"
#include "analyzer/render/check_documents.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/short_name.h"

namespace heapscribe::render {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kSchema[] =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
constexpr char kRoot[] = "SRCROOT";

// A path as a reference (RFC 3986): relative ones to kRoot.
std::string uri_of(const std::string& path) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    if (kPlain.find(c) != std::string_view::npos) {
      uri += c;
    } else {
      uri += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return uri;
}

Json physical_location(const std::string& file, std::int64_t line) {
  Json artifact = {{"uri", uri_of(file)}};
  if (!file.starts_with('/')) artifact["uriBaseId"] = kRoot;
  return {{"artifactLocation", artifact}, {"region", {{"startLine", line}}}};
}

Json stack_json(const model::SiteStack& stack, const Sources& sources) {
  Json frames = Json::array();
  for (const model::Frame* frame : stack.frames) {
    Json location = {
        {"logicalLocations", Json::array({{{"fullyQualifiedName", printable(frame->function)},
                                           {"kind", "function"}}})}};
    if (!frame->file.empty() && frame->line > 0) {
      location["physicalLocation"] = physical_location(sources.relative(frame->file), frame->line);
    }
    frames.push_back({{"location", location}});
  }
  return {{"message", {{"text", "where the largest part of it is allocated"}}}, {"frames", frames}};
}

// The same finding in the next run, whatever its line.
std::string fingerprint_of(const Problem& problem) {
  return problem.rule + ":" + problem.name;
}

Json result_json(const Problem& problem, const Sources& sources) {
  std::size_t rule = 0;
  while (rule + 1 < kProblemRules.size() && problem.rule != kProblemRules[rule].id) ++rule;
  Json result = {
      {"ruleId", problem.rule},
      {"ruleIndex", rule},
      {"level", "error"},
      {"message", {{"text", printable(problem.message)}}},
      {"locations",
       Json::array({{{"physicalLocation", physical_location(problem.file, problem.line)}}})},
      {"partialFingerprints", {{"heapscribeCallPath/v1", printable(fingerprint_of(problem))}}}};
  if (problem.stack != nullptr) {
    result["stacks"] = Json::array({stack_json(*problem.stack, sources)});
  }
  return result;
}

Json rules_json() {
  Json rules = Json::array();
  for (const ProblemRule& rule : kProblemRules) {
    rules.push_back({{"id", rule.id},
                     {"shortDescription", {{"text", rule.help}}},
                     {"defaultConfiguration", {{"level", "error"}}}});
  }
  return rules;
}

}  // namespace

void write_sarif(std::ostream& out, const reports::CheckReport& report, const Sources& sources,
                 const std::string& version) {
  Json results = Json::array();
  for (const Problem& problem : problems_of(report, sources)) {
    results.push_back(result_json(problem, sources));
  }
  const Json driver = {{"name", "heapscribe"}, {"version", version}, {"rules", rules_json()}};
  Json run = {{"tool", {{"driver", driver}}}, {"columnKind", "unicodeCodePoints"}};
  if (!sources.root.empty()) {
    run["originalUriBaseIds"] = {{kRoot, {{"uri", uri_of(sources.root + "/")}}}};
  }
  run["results"] = results;
  const Json log = {{"$schema", kSchema}, {"version", "2.1.0"}, {"runs", Json::array({run})}};
  out << log.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace heapscribe::render
