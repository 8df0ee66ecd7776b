// GitHub's workflow commands: the runner takes them from the log and shows them beside the diff.
#include <fmt/format.h>

#include <ostream>

#include "analyzer/render/check_documents.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/stack_lines.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

// What would end a message, or one of its properties, stands as %XX.
std::string escaped(const std::string& text, std::string_view also) {
  std::string result;
  for (const char c : text) {
    if (c == '%' || c == '\n' || c == '\r' || also.find(c) != std::string_view::npos) {
      result += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      result += c;
    }
  }
  return result;
}

std::string property(const std::string& text) {
  return escaped(printable(text), ":,");
}

// GitHub shows but ten of a step; the stack goes with the message.
std::string message_of(const Problem& problem) {
  std::string message = printable(problem.message);
  if (problem.stack == nullptr) return message;
  for (const std::string& line : caller_chain(*problem.stack, kTextWidth)) message += "\n" + line;
  return message;
}

}  // namespace

void write_annotations(std::ostream& out, const reports::CheckReport& report,
                       const Sources& sources) {
  for (const Problem& problem : problems_of(report, sources)) {
    out << fmt::format("::error file={},line={},title={}::{}\n", property(problem.file),
                       problem.line, property("heapscribe: " + problem.rule),
                       escaped(message_of(problem), ""));
  }
}

}  // namespace heapscribe::render
