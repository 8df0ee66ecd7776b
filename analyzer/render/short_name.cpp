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
    if (take_operator()) return true;
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

}  // namespace

std::string short_name(std::string_view function) {
  const std::string text = printable(function.substr(0, kLongestName));
  const std::string result = Shortener(text).shorten();
  return result.empty() ? text : result;
}

}  // namespace heapscribe::render
