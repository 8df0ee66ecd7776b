#include "viewer/server/request_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "viewer/server/access_token.h"

namespace heapscribe::viewer {
namespace {

constexpr std::string_view kApi = "api/";

bool is_here(std::string_view host, const Place& place) {
  constexpr unsigned kUsual = 80;  // which nobody names
  if (place.port == kUsual && (host == "127.0.0.1" || host == "localhost")) return true;
  return host == fmt::format("127.0.0.1:{}", place.port) ||
         host == fmt::format("localhost:{}", place.port);
}

bool is_own_origin(std::string_view origin, const Place& place) {
  constexpr std::string_view kScheme = "http://";
  return origin.starts_with(kScheme) && is_here(origin.substr(kScheme.size()), place);
}

bool is_own_fetch(std::string_view site) {
  return site == "same-origin" || site == "none";
}

std::optional<Refusal> refuse_sender(const Inquiry& inquiry, const Place& place) {
  if (inquiry.hosts.size() != 1) return Refusal{400, "a request names its host, once"};
  if (!is_here(inquiry.hosts.front(), place)) {
    return Refusal{421, "this server is not the host that was asked"};
  }
  const bool own =
      std::all_of(inquiry.origins.begin(), inquiry.origins.end(),
                  [&](auto origin) { return is_own_origin(origin, place); }) &&
      std::all_of(inquiry.fetch_sites.begin(), inquiry.fetch_sites.end(), is_own_fetch);
  if (!own) return Refusal{403, "only the viewer's own page may ask here"};
  return std::nullopt;
}

std::optional<Refusal> refuse_form(const Inquiry& inquiry) {
  if (inquiry.method != "GET" && inquiry.method != "HEAD") {
    return Refusal{405, "only GET and HEAD are served, nothing can be changed"};
  }
  if (inquiry.has_body) return Refusal{400, "a request here has no body"};
  if (inquiry.target.size() > kLongestTarget) {
    return Refusal{414, fmt::format("an address has at most {} bytes", kLongestTarget)};
  }
  return std::nullopt;
}

// What follows the token, if it is the right one.
std::optional<std::string_view> behind_token(std::string_view target, const Place& place) {
  const std::string prefix = "/" + place.token + "/";
  if (!same_token(target.substr(0, prefix.size()), prefix)) return std::nullopt;
  return target.substr(prefix.size());
}

// Nothing but plain letters: what is encoded, or leads elsewhere, has no place in it.
bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  });
}

Admission resource_at(std::string_view path, std::string_view query) {
  if (path.empty()) return PageWanted{};
  const bool is_api = path.starts_with(kApi);
  const std::string_view name = is_api ? path.substr(kApi.size()) : path;
  if (!is_plain_name(name)) return Refusal{400, "the path is none that this server has"};
  if (!is_api) return Refusal{404, "there is nothing here"};
  if (name == "recording") return RecordingWanted{};
  return ReportWanted{name, query};
}

}  // namespace

Admission admit(const Inquiry& inquiry, const Place& place) {
  if (auto refused = refuse_sender(inquiry, place)) return std::move(*refused);
  if (auto refused = refuse_form(inquiry)) return std::move(*refused);
  const std::size_t mark = std::min(inquiry.target.find('?'), inquiry.target.size());
  const auto path = behind_token(inquiry.target.substr(0, mark), place);
  if (!path) return Refusal{404, "there is nothing here"};
  const std::string_view query = inquiry.target.substr(std::min(mark + 1, inquiry.target.size()));
  return resource_at(*path, query);
}

}  // namespace heapscribe::viewer
