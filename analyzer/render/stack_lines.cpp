#include "analyzer/render/stack_lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/model/file_name.h"
#include "analyzer/model/stable_name.h"
#include "analyzer/render/format.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/short_name.h"

namespace heapscribe::render {
namespace {

constexpr std::size_t kNearestCallers = 6;
constexpr std::size_t kOutermostCallers = 1;
constexpr std::size_t kLongestLink = 48;
constexpr std::string_view kArrow = "← ";

struct Link {
  std::string name;
  int times = 1;
};

std::vector<Link> callers(const model::SiteStack& stack) {
  std::size_t end = stack.frames.size();
  while (end > stack.blame + 1 && model::is_startup(*stack.frames[end - 1])) --end;
  std::vector<Link> links;
  for (std::size_t i = stack.blame + 1; i < end; ++i) {
    const std::string name = fit(short_name(stack.frames[i]->function), kLongestLink);
    if (!links.empty() && links.back().name == name) {
      ++links.back().times;
    } else {
      links.push_back({name});
    }
  }
  return links;
}

std::string link_text(const Link& link) {
  const std::string times = link.times > 1 ? fmt::format(" ×{}", link.times) : "";
  return std::string(kArrow) + link.name + times;
}

// A recursion counts as its frames.
std::int64_t frames_in(const std::vector<Link>& links, std::size_t first, std::size_t last) {
  std::int64_t frames = 0;
  for (std::size_t i = first; i < last; ++i) frames += links[i].times;
  return frames;
}

}  // namespace

std::string short_place(const model::Frame& frame) {
  if (frame.file.empty()) return fit_foreign(model::file_name(frame.module), kLongestLink);
  const std::string file = fit_foreign(model::file_name(frame.file), kLongestLink);
  return frame.line > 0 ? fmt::format("{}:{}", file, frame.line) : file;
}

std::vector<std::string> caller_chain(const model::SiteStack& stack, std::size_t width) {
  const std::vector<Link> links = callers(stack);
  const bool elide = links.size() > kNearestCallers + kOutermostCallers + 1;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < links.size(); ++i) {
    if (elide && i == kNearestCallers) {
      i = links.size() - kOutermostCallers;
      words.push_back(fmt::format("{}… {} …", kArrow,
                                  format_plural(frames_in(links, kNearestCallers, i), "frame")));
    }
    words.push_back(link_text(links[i]));
  }
  return wrap_words(words, " ", width);
}

std::vector<std::string> frame_list(const model::SiteStack& stack, std::int64_t frames,
                                    std::size_t width) {
  const std::size_t all = stack.frames.size();
  const std::size_t shown = frames <= 0 ? all : std::min(all, static_cast<std::size_t>(frames));
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < shown; ++i) {
    const model::Frame& frame = *stack.frames[i];
    const std::string inlined = frame.inlined ? " (inlined)" : "";
    const std::string place = short_place(frame);
    const std::string tail = (place.empty() ? "" : "  " + place) + inlined;
    const std::string head = fmt::format("{}{:<3} ", i == stack.blame ? '>' : ' ', i);
    const std::size_t used = head.size() + text_width(tail);
    const std::size_t room = width > used + 16 ? width - used : 16;
    lines.push_back(fit(head + fit_foreign(frame.function, room) + tail, width));
  }
  if (shown < all) {
    lines.push_back("     … " +
                    format_plural(static_cast<std::int64_t>(all - shown), "more frame"));
  }
  return lines;
}

std::string site_heading(model::SiteId site, const std::string& kind, const model::Frame& blamed) {
  const std::string place = short_place(blamed);
  return fmt::format("site {}: {}{}", site.value, fit_foreign(kind, 16),
                     place.empty() ? "" : " at " + place);
}

}  // namespace heapscribe::render
