// A server with a cache of 200 answers, the least recently used of which makes room for the next:
// as many seconds as its argument says (10), 500 requests a second.
//
// To be found: `heapscribe growth` says bounded_cache of AnswerCache::insert: answers come and go
// for as long as the server runs, each stays for about half a second, and they never hold more than
// 200 times 3000 bytes.
#include <cstdio>
#include <list>
#include <string>
#include <unordered_map>

#include "paced_requests.h"

namespace {

class AnswerCache {
 public:
  const std::string& answer(unsigned question) {
    const auto found = index_.find(question);
    if (found == index_.end()) return insert(question);
    answers_.splice(answers_.begin(), answers_, found->second);
    return found->second->text;
  }
  std::size_t size() const { return answers_.size(); }

 private:
  struct Answer {
    unsigned question;
    std::string text;
  };

  const std::string& insert(unsigned question) {
    if (answers_.size() == kMostAnswers) {
      index_.erase(answers_.back().question);
      answers_.pop_back();
    }
    answers_.push_front({question, std::string(kAnswerBytes, '.')});
    index_[question] = answers_.begin();
    return answers_.front().text;
  }

  static constexpr std::size_t kMostAnswers = 200;
  static constexpr std::size_t kAnswerBytes = 3000;
  std::list<Answer> answers_;
  std::unordered_map<unsigned, std::list<Answer>::iterator> index_;
};

std::size_t handle(AnswerCache& cache, int number) {
  const std::string request =
      "GET /answers/" + std::to_string(number) + " to any question HTTP/1.1";
  constexpr unsigned kQuestions = 2000;
  return request.size() +
         cache.answer(samples::scattered(static_cast<unsigned>(number)) % kQuestions).size();
}

}  // namespace

int main(int argc, char** argv) {
  AnswerCache cache;
  std::size_t sent = 0;
  const int requests = samples::serve(samples::seconds_from(argc, argv), 500,
                                      [&](int number) { sent += handle(cache, number); });
  std::printf("%d requests, %zu bytes sent, %zu answers cached\n", requests, sent, cache.size());
  return 0;
}
