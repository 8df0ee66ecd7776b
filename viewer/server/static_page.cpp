#include "viewer/server/static_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

#include "viewer/server/report_request.h"

namespace heapscribe::viewer {
namespace {

using nlohmann::json;

void add_options(std::vector<ReportOption>& options, const std::string& name, const json& value) {
  if (!value.is_array()) return options.push_back({name, value.get<std::string>()});
  for (const json& one : value) options.push_back({name, one.get<std::string>()});
}

std::string key_in(const json& entry) {
  if (entry.is_string()) return entry.get<std::string>();
  std::vector<ReportOption> options;
  const json given = entry.value("options", json::object());
  for (const auto& [name, value] : given.items()) add_options(options, name, value);
  return key_of({entry.at("report").get<std::string>(), std::move(options)});
}

std::string json_string(std::string_view text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

// As it would be said to somebody who looks for it on the page.
std::string left_out_sentence(const std::string& key, std::size_t bytes) {
  constexpr double kMiB = 1 << 20;
  return fmt::format("{} is left out: its {:.1f} MiB would make the page too large", key,
                     static_cast<double>(bytes) / kMiB);
}

std::size_t place_behind(std::string_view html, std::string_view tag) {
  const std::size_t found = html.find(tag);
  if (found == std::string_view::npos) {
    throw std::runtime_error(fmt::format("the page has no {}", tag));
  }
  return found + tag.size();
}

FollowingRequests following_in(const json& each) {
  return {.of = each.at("of").get<std::string>(),
          .report = each.at("report").get<std::string>(),
          .option = each.at("option").get<std::string>(),
          .most = each.at("most").get<std::size_t>(),
          .most_bytes = each.at("most_bytes").get<std::size_t>()};
}

// Keys of what the first rows of this answer lead to; none where it is no list of rows.
std::vector<std::string> following_keys(const FollowingRequests& following,
                                        const std::string& body) {
  std::vector<std::string> keys;
  const json answer = json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("data")) return keys;
  for (const json& row : answer.at("data")) {
    if (keys.size() == following.most) break;
    if (!row.is_object() || !row.contains(following.option)) continue;
    const json& value = row.at(following.option);
    if (!value.is_string()) continue;
    keys.push_back(key_of({following.report, {{following.option, value.get<std::string>()}}}));
  }
  return keys;
}

// Answers as long as there is room for them, and sentences about the others.
class AnswerCollection {
 public:
  explicit AnswerCollection(const StaticContent& content)
      : content_(content), room_(content.most_bytes) {}

  // Returns the answer; "" where there is one already.
  std::string add(const std::string& key, std::size_t most_bytes) {
    if (!seen_.insert(key).second) return "";
    std::string answer = content_.answer(key).body;
    const std::string body = escaped_for_script(answer);
    if (body.size() > std::min(room_, most_bytes)) {
      left_out_ +=
          (left_out_.empty() ? "" : ",") + json_string(left_out_sentence(key, body.size()));
      return answer;
    }
    room_ -= body.size();
    answers_ +=
        (answers_.empty() ? "\n" : ",\n") + escaped_for_script(json_string(key)) + ':' + body;
    return answer;
  }

  // {"recording": ..., "answers": {...}, "left_out": [...]}
  std::string json_text() const {
    return fmt::format("{{\"recording\":{},\n\"answers\":{{{}}},\n\"left_out\":[{}]}}",
                       escaped_for_script(content_.recording), answers_,
                       escaped_for_script(left_out_));
  }

 private:
  const StaticContent& content_;
  std::size_t room_;
  std::set<std::string> seen_;
  std::string answers_, left_out_;
};

std::string answers_json(const PageRequests& requests, const StaticContent& content) {
  AnswerCollection answers(content);
  for (const std::string& key : requests.keys) {
    const std::string body = answers.add(key, content.most_bytes);
    for (const FollowingRequests& following : requests.following) {
      if (following.of != key) continue;
      for (const std::string& next : following_keys(following, body)) {
        answers.add(next, following.most_bytes);
      }
    }
  }
  return answers.json_text();
}

}  // namespace

PageRequests requests_in(std::string_view requests) {
  try {
    PageRequests result;
    for (const json& entry : json::parse(requests)) {
      if (entry.is_object() && entry.contains("each")) {
        result.following.push_back(following_in(entry.at("each")));
      } else {
        result.keys.push_back(key_in(entry));
      }
    }
    return result;
  } catch (const json::exception& error) {
    throw std::runtime_error(
        fmt::format("the page's list of requests cannot be read: {}", error.what()));
  }
}

std::string escaped_for_script(std::string_view text) {
  constexpr std::string_view kSeparators = "\xE2\x80";  // then A8 or A9: U+2028, U+2029
  std::string result;
  result.reserve(text.size() + text.size() / 16);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool separates = text[i] == kSeparators[0] && i + 2 < text.size() &&
                           text[i + 1] == kSeparators[1] &&
                           (text[i + 2] == '\xA8' || text[i + 2] == '\xA9');
    if (text[i] == '<') {
      result += "\\u003c";
    } else if (separates) {
      result += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string static_page(const Page& page, const StaticContent& content) {
  const std::size_t head = place_behind(page.html, "<head>");
  const std::size_t script = page.html.find("<script");  // the answers are there when it runs
  if (script == std::string_view::npos || script < head) {
    throw std::runtime_error("the page has no script behind its head");
  }
  return fmt::format(
      "{}<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">{}"
      "<script type=\"application/json\" id=\"heapscribe-answers\">{}</script>\n{}",
      page.html.substr(0, head), static_policy(page), page.html.substr(head, script - head),
      answers_json(requests_in(page.requests), content), page.html.substr(script));
}

}  // namespace heapscribe::viewer
