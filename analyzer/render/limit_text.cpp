#include "analyzer/render/limit_text.h"

#include <fmt/format.h>

#include "analyzer/model/file_name.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/short_name.h"

namespace heapscribe::render {
namespace {

constexpr std::size_t kLongestName = 60;

std::string place_text(const reports::LimitBreach& breach) {
  if (breach.function.empty()) return {};
  std::string text = " in " + fit_foreign(short_name(breach.function), kLongestName);
  if (breach.file.empty()) return text;
  return text + fmt::format(" ({}:{})", fit_foreign(model::file_name(breach.file), kLongestName),
                            breach.line);
}

}  // namespace

std::string limit_text(const reports::RunLimit& limit) {
  return limit.figure + " " +
         (limit.counts_bytes() ? format_bytes(limit.most) : format_count(limit.most));
}

std::string outcome_text(const reports::RunLimit& limit) {
  if (!limit.breach) return "kept";
  const reports::LimitBreach& breach = *limit.breach;
  std::string text =
      fmt::format("exceeded after {} by {} of {}{}", format_duration(breach.at.value),
                  breach.kind.empty() ? "a call" : breach.kind,
                  format_bytes(breach.requested.value), place_text(breach));
  if (limit.action == "abort") text += "; the program was ended";
  if (limit.refused.value == 1) text += "; the call was refused";
  if (limit.refused.value > 1) {
    text += fmt::format("; {} calls were refused", format_count(limit.refused.value));
  }
  return text;
}

}  // namespace heapscribe::render
