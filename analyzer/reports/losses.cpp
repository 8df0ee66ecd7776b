#include "analyzer/reports/losses.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/model/shell_word.h"

namespace heapscribe::reports {
namespace {

using model::CaptureReader;
using model::RecordingState;

std::string state_sentence(const CaptureReader& reader) {
  const std::string file = model::shell_word(reader.path());
  switch (reader.state()) {
    case RecordingState::Complete:
      return {};
    case RecordingState::Recovered:
      return "The recording was interrupted and recovered afterwards.";
    case RecordingState::Live:
      return "The program is still running: these are the figures so far.";
    case RecordingState::Finishing:
      return "The recording is still being finished: figures and symbols may be incomplete.";
    case RecordingState::Interrupted:
      return fmt::format(
          "The recording was interrupted and may lack the end; to complete it: "
          "heapscribe recover {}",
          file);
  }
  return {};
}

std::string loss_sentence(const CaptureReader& reader) {
  std::string list;
  for (const model::Loss& loss : reader.losses()) {
    if (loss.events.value == 0) continue;
    std::string kind = loss.kind;
    std::replace(kind.begin(), kind.end(), '_', ' ');
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", loss.events.value, kind);
  }
  if (list.empty()) return {};
  return fmt::format("Not recorded: {}; what that means: heapscribe losses {}", list,
                     model::shell_word(reader.path()));
}

std::string sample_sentence(const CaptureReader& reader) {
  const auto mean = reader.sample_mean();
  if (!mean) return {};
  return fmt::format(
      "Estimated from a random sample, one in {} bytes on average; in 95 of 100 recordings the "
      "truth "
      "is within ±. The peak is the highest of many estimates, so rather too high than too low.",
      mean->value);
}

std::string pause_sentence(const CaptureReader& reader) {
  const std::int64_t times = reader.integer("paused_times").value_or(0);
  if (times == 0) return {};
  const std::int64_t missed = reader.integer("unrecorded_allocations").value_or(0);
  const double seconds = static_cast<double>(reader.integer("paused_ns").value_or(0)) / 1e9;
  return fmt::format("Recording was paused {}, for {:.2f} s: {} {} not recorded.",
                     times == 1 ? "once" : fmt::format("{} times", times), seconds, missed,
                     missed == 1 ? "allocation was" : "allocations were");
}

std::string symbol_sentence(const CaptureReader& reader) {
  const bool ended =
      reader.state() == RecordingState::Complete || reader.state() == RecordingState::Recovered;
  if (!ended || reader.symbolized()) return {};
  return fmt::format("Symbols are not stored yet; to name the functions: heapscribe symbolize {}",
                     model::shell_word(reader.path()));
}

// Nothing where none was asked for or can be made.
std::string leak_check_sentence(const CaptureReader& reader) {
  const std::string why = reader.text("leak_check");
  const bool none_is_due = why.empty() || why == "complete" || why == "not asked for" ||
                           reader.text("mode") != "full" || reader.state() == RecordingState::Live;
  if (none_is_due) return {};
  return fmt::format("There is no leak check: {}. What is alive at the end is not told from leaks.",
                     why);
}

}  // namespace

std::vector<model::Loss> find_losses(const CaptureReader& reader) {
  return reader.losses();
}

bool nothing_lost(const std::vector<model::Loss>& losses) {
  return std::all_of(losses.begin(), losses.end(),
                     [](const model::Loss& loss) { return loss.events.value == 0; });
}

std::vector<std::string> caveats(const CaptureReader& reader) {
  std::vector<std::string> sentences;
  for (const std::string& sentence :
       {state_sentence(reader), sample_sentence(reader), pause_sentence(reader),
        loss_sentence(reader), symbol_sentence(reader)}) {
    if (!sentence.empty()) sentences.push_back(sentence);
  }
  return sentences;
}

std::vector<std::string> caveats_of_all(const CaptureReader& reader) {
  std::vector<std::string> sentences = caveats(reader);
  const std::string leak_check = leak_check_sentence(reader);
  if (!leak_check.empty()) sentences.push_back(leak_check);
  return sentences;
}

}  // namespace heapscribe::reports
