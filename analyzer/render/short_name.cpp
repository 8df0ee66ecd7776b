#include "analyzer/render/short_name.h"

#include "analyzer/render/printable.h"

namespace heapscribe::render {
namespace {

constexpr std::size_t kLongestName = 4096;  // of a huge symbol only the beginning is looked at
constexpr std::string_view kOperator = "operator";

bool is_word(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Length of "operator<<", "operator()", ... at the front of `text`, 0 if there is none. The symbol
// may consist of brackets, which are none then.
std::size_t operator_length(std::string_view text) {
  if (text.substr(0, kOperator.size()) != kOperator) return 0;
  std::size_t end = kOperator.size();
  if (text.substr(end, 2) == "()" || text.substr(end, 2) == "[]") return end + 2;
  while (end < text.size() && std::string_view("<>=!+-*/%&|^~,").find(text[end]) != text.npos)
    ++end;
  return end > kOperator.size() ? end : 0;
}

// Position behind the bracket that closes the one at `open`; the end of the text if none does.
// Inside parentheses "<" and ">" may be comparisons and do not count.
std::size_t behind_bracket(std::string_view text, std::size_t open) {
  int angles = 0;
  int others = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' || c == '{' || c == '[') ++others;
    if (c == ')' || c == '}' || c == ']') --others;
    if (c == '<' && others == 0) ++angles;
    if (c == '>' && others == 0 && text[at - 1] != '-') --angles;
    if (angles <= 0 && others <= 0) return at + 1;
  }
  return text.size();
}

// Where the name begins: behind a return type, which is what stands before the last space that is
// in no bracket and before any "operator".
std::size_t name_start(std::string_view text) {
  const std::string_view before_operator = text.substr(0, text.find(kOperator));
  std::size_t start = 0;
  int depth = 0;
  for (std::size_t at = 0; at < before_operator.size(); ++at) {
    const char c = text[at];
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
    if (c == ' ' && depth == 0) start = at + 1;
  }
  return start;
}

bool keeps_bracket(std::string_view text, std::size_t at) {
  return text[at] == '{' || text.substr(at, 11) == "(anonymous ";
}

}  // namespace

std::string short_name(std::string_view function) {
  const std::string text = printable(function.substr(0, kLongestName));
  const std::string_view view = text;
  std::string result;
  bool has_parameters = false;
  for (std::size_t at = 0; at < view.size();) {
    const bool word_begins = at == 0 || !is_word(view[at - 1]);
    if (const std::size_t length = word_begins ? operator_length(view.substr(at)) : 0) {
      result += view.substr(at, length);
      at += length;
      if (view.substr(at, 2) == " <") {  // operator< <int>
        result += " <>";
        at = behind_bracket(view, at + 1);
      }
    } else if (view[at] == '<' && !result.empty() &&
               (is_word(result.back()) || result.back() == '>')) {
      result += "<>";
      at = behind_bracket(view, at);
    } else if (view[at] == '{' || (view[at] == '(' && keeps_bracket(view, at))) {
      const std::size_t end = behind_bracket(view, at);
      result += view.substr(at, end - at);
      at = end;
    } else if (view[at] == '(' && !result.empty()) {
      at = behind_bracket(view, at);
      has_parameters = true;
      // Parameters end the name, unless something local to the function follows.
      if (view.substr(at, 2) != "::" && view.substr(at, 8) != " const::") break;
      if (view.substr(at, 8) == " const::") at += 6;
    } else {
      result += view[at++];
    }
  }
  if (has_parameters) result.erase(0, name_start(result));
  return result.empty() ? text : result;
}

}  // namespace heapscribe::render
