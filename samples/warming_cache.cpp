// A server with a cache that fills: as many seconds as its argument says (10), 500 requests a
// second, of 50 different pages for every second.
//
// To be found: `heapscribe growth` says warm_up of PageCache::render. Every page is rendered once
// and kept; after a third of the time nearly all are there, and the cache grows no more. At the end
// this heap looks like that of leaking_server.
#include <cstdio>
#include <string>
#include <unordered_map>

#include "paced_requests.h"

namespace {

class PageCache {
 public:
  const std::string& page(unsigned number) {
    const auto found = pages_.find(number);
    return found != pages_.end() ? found->second : render(number);
  }
  std::size_t size() const { return pages_.size(); }

 private:
  const std::string& render(unsigned number) {
    std::string page(kPageBytes, ' ');
    page.replace(0, 5, "page ");
    return pages_[number] = page + std::to_string(number);
  }

  static constexpr std::size_t kPageBytes = 3000;
  std::unordered_map<unsigned, std::string> pages_;
};

std::size_t handle(PageCache& cache, int number, unsigned pages) {
  const std::string request =
      "GET /pages/" + std::to_string(number) + " of the whole site HTTP/1.1";
  const std::string& page = cache.page(samples::scattered(static_cast<unsigned>(number)) % pages);
  return request.size() + page.size();
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = samples::seconds_from(argc, argv);
  const auto pages = static_cast<unsigned>(seconds * 50) + 1;
  PageCache cache;
  std::size_t sent = 0;
  const int requests =
      samples::serve(seconds, 500, [&](int number) { sent += handle(cache, number, pages); });
  std::printf("%d requests, %zu bytes sent, %zu pages cached\n", requests, sent, cache.size());
  return 0;
}
