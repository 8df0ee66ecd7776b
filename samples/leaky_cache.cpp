// A server that remembers every answer for ever.
//
// To be found: `heapscribe leaks` puts AnswerCache::remember first, called from handle_request and
// serve_requests. 1000 of its answers of 2000 bytes are alive at the end (2,000,000 bytes); the
// 1000 requests themselves were released.
#include <cstdio>
#include <cstring>

namespace {

class AnswerCache {
 public:
  // The mistake: nothing ever leaves the cache.
  const char* remember(const char* answer) {
    auto* copy = new char[kAnswerBytes];
    std::strncpy(copy, answer, kAnswerBytes - 1);
    copy[kAnswerBytes - 1] = '\0';
    newest_ = copy;
    return copy;
  }

 private:
  static constexpr std::size_t kAnswerBytes = 2000;
  const char* newest_ = nullptr;
};

AnswerCache cache;

std::size_t handle_request(int number) {
  auto* request = new char[64];
  std::snprintf(request, 64, "request %d", number);
  const char* answer = cache.remember(request);
  delete[] request;
  return std::strlen(answer);
}

std::size_t serve_requests(int count) {
  std::size_t sent = 0;
  for (int number = 0; number < count; ++number) sent += handle_request(number);
  return sent;
}

}  // namespace

int main() {
  const std::size_t sent = serve_requests(1000);
  std::printf("1000 requests, %zu bytes sent; 1000 answers of 2000 bytes are still held\n", sent);
  return 0;
}
