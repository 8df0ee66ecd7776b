#include "viewer/server/page.h"

#include <fmt/format.h>

namespace heapscribe::viewer {
namespace {

std::string own_parts(const Page& page) {
  return fmt::format(
      "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; "
      "form-action 'none'",
      page.scripts, page.styles);
}

}  // namespace

std::string served_policy(const Page& page) {
  return own_parts(page) + "; connect-src 'self'; frame-ancestors 'none'";
}

std::string static_policy(const Page& page) {
  return own_parts(page);
}

}  // namespace heapscribe::viewer
