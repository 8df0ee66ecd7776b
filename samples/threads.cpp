// Four producers allocate messages, one consumer releases them.
//
// To be found: produce_message has 40,000 allocations of 128 bytes (5,120,000 bytes), none alive at
// the end, although every message is released by a thread that did not allocate it; `heapscribe
// summary` counts five threads beside main.
#include <array>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

namespace {

constexpr int kProducers = 4;
constexpr int kMessagesEach = 10000;
constexpr std::size_t kMessageBytes = 128;

class Mailbox {
 public:
  void post(void* message) {
    const std::scoped_lock lock(mutex_);
    messages_.push_back(message);
    arrived_.notify_one();
  }
  void* take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !messages_.empty(); });
    void* message = messages_.front();
    messages_.pop_front();
    return message;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<void*> messages_;
};

Mailbox mailbox;

void* produce_message() {
  return std::malloc(kMessageBytes);
}

void produce() {
  for (int i = 0; i < kMessagesEach; ++i) mailbox.post(produce_message());
}

void consume() {
  for (int i = 0; i < kProducers * kMessagesEach; ++i) std::free(mailbox.take());
}

}  // namespace

int main() {
  std::thread consumer(consume);
  std::array<std::thread, kProducers> producers;
  for (std::thread& producer : producers) producer = std::thread(produce);
  for (std::thread& producer : producers) producer.join();
  consumer.join();
  std::printf("%d messages of %zu bytes delivered\n", kProducers * kMessagesEach, kMessageBytes);
  return 0;
}
