#include "analyzer/model/stable_name.h"

#include <algorithm>
#include <array>
#include <vector>

#include "analyzer/model/file_name.h"

namespace heapscribe::model {
namespace {

// Names without arguments -------------------------------------------------------------------------

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
  while (end < text.size() &&
         std::string_view("<>=!+-*/%&|^~,").find(text[end]) != std::string_view::npos)
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

// What is in brackets and yet tells functions apart.
bool is_kept_bracket(std::string_view text) {
  return text.starts_with('{') || text.starts_with("(anonymous ");
}

// Goes through a name from the front and keeps what is worth reading.
class Shortener {
 public:
  explicit Shortener(std::string_view text) : text_(text) {}

  std::string shorten() {
    bool more = true;
    while (more && at_ < text_.size()) more = take();
    if (has_parameters_) result_.erase(0, name_start(result_));
    return result_;
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  void skip_bracket() { at_ = behind_bracket(text_, at_); }

  // The next part of the name. False where the name is over.
  bool take() {
    if (take_operator() || skip_decltype()) return true;
    if (are_template_arguments()) {
      result_ += "<>";
      skip_bracket();
    } else if (is_kept_bracket(rest())) {
      const std::size_t start = at_;
      skip_bracket();
      result_ += text_.substr(start, at_ - start);
    } else if (rest().starts_with('(') && !result_.empty()) {
      return skip_parameters();
    } else {
      result_ += text_[at_++];
    }
    return true;
  }

  bool take_operator() {
    if (at_ > 0 && is_word(text_[at_ - 1])) return false;
    const std::size_t length = operator_length(rest());
    if (length == 0) return false;
    result_ += rest().substr(0, length);
    at_ += length;
    if (rest().starts_with(" <")) {  // operator< <int>
      result_ += " <>";
      ++at_;
      skip_bracket();
    }
    return true;
  }

  // As a return type: an expression, whose calls are none of the name.
  bool skip_decltype() {
    if (result_ != "decltype " || !rest().starts_with('(')) return false;
    skip_bracket();
    result_.clear();
    while (rest().starts_with(' ')) ++at_;
    return true;
  }

  bool are_template_arguments() const {
    return rest().starts_with('<') && !result_.empty() &&
           (is_word(result_.back()) || result_.back() == '>');
  }

  // Parameters end the name, unless something local to the function follows.
  bool skip_parameters() {
    static constexpr std::string_view kConst = " const";
    skip_bracket();
    has_parameters_ = true;
    if (rest().starts_with(" const::")) at_ += kConst.size();
    return rest().starts_with("::");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string result_;
  bool has_parameters_ = false;
};

// Clones, calls -----------------------------------------------------------------------------------

// "sort.constprop.0" and "sort.part.3" are parts of sort.
std::string without_clone_suffix(std::string name) {
  for (const char* mark :
       {".constprop.", ".isra.", ".part.", ".cold", ".lto_priv.", ".llvm.", " [clone"}) {
    const std::size_t at = name.find(mark);
    if (at != std::string::npos && at > 0) name.resize(at);
  }
  return name;
}

bool is_standard_library(const std::string& name) {
  return name.starts_with("std::") || name.starts_with("__gnu_cxx::");
}

std::string in_ascii(std::string text) {
  const auto is_strange = [](char c) { return c < ' ' || c > '~'; };
  std::replace_if(text.begin(), text.end(), is_strange, '?');
  return text;
}

}  // namespace

std::string stable_name(const Frame& frame, bool same_build) {
  if (frame.named) return without_clone_suffix(frame.function);
  if (same_build || frame.module.empty()) return frame.function;
  return file_name(frame.module) + " (no name)";
}

std::string_view longest_readable(std::string_view function) {
  return function.substr(0, kLongestName);
}

std::string name_without_arguments(std::string_view function) {
  const std::string_view text = longest_readable(function);
  const std::string result = Shortener(text).shorten();
  return result.empty() ? std::string(text) : result;
}

bool is_startup(const Frame& frame) {
  constexpr std::array<std::string_view, 8> kNames = {"_start",
                                                      "__libc_start_main",
                                                      "__libc_start_main_impl",
                                                      "__libc_start_main@@GLIBC_2.34",
                                                      "__libc_start_call_main",
                                                      "start_thread",
                                                      "clone3",
                                                      "__clone3"};
  return std::find(kNames.begin(), kNames.end(), frame.function) != kNames.end();
}

SiteStack blaming_own_code(SiteStack stack) {
  for (std::size_t at = stack.blame; at < stack.frames.size(); ++at) {
    const Frame& frame = *stack.frames[at];
    if (is_startup(frame)) break;
    if (is_standard_library(name_without_arguments(frame.function))) continue;
    stack.blame = at;
    break;
  }
  return stack;
}

const std::string& CallPaths::name_of(const Frame& frame) {
  std::string& name = names_[&frame];
  if (name.empty()) name = in_ascii(name_without_arguments(stable_name(frame, false)));
  return name;
}

std::string CallPaths::of(const SiteStack& stack) {
  std::vector<const std::string*> names = {&name_of(stack.blamed())};
  for (std::size_t at = stack.blame + 1; at < stack.frames.size(); ++at) {
    const Frame& frame = *stack.frames[at];
    if (!frame.named || is_startup(frame)) continue;
    const std::string& name = name_of(frame);
    if (is_standard_library(name)) continue;
    const auto is_same = [&](const std::string* other) { return *other == name; };
    if (std::none_of(names.begin(), names.end(), is_same)) names.push_back(&name);
  }
  std::string path;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!path.empty()) path += kCalls;
    path += **name;
  }
  return path;
}

}  // namespace heapscribe::model
