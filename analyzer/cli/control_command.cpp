// heapscribe ctl: asks a recording that is under way for something.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "analyzer/cli/command.h"
#include "analyzer/cli/duration.h"
#include "analyzer/cli/output.h"
#include "analyzer/model/capture_reader.h"
#include "analyzer/model/shell_word.h"
#include "analyzer/render/printable.h"
#include "preload/collector/control.h"
#include "preload/collector/session_file.h"

namespace heapscribe::cli {
namespace {

struct ControlArguments {
  std::string recording;  // process number or database
  std::string label;
};

std::optional<long> whole_number_in(const std::string& text) {
  long value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

// What `diff` takes for something else cannot be a label.
void check_label(const std::string& label) {
  const auto refuse = [&](const char* why) {
    throw std::runtime_error(fmt::format("label '{}' {}", render::printable(label), why));
  };
  if (label.size() >= wire::kLabelBytes) refuse("is longer than 63 bytes");
  if (whole_number_in(label)) refuse("is a number, which diff takes for a snapshot's");
  if (parse_duration(label)) refuse("is a time, which diff takes for a moment of the run");
  if (label == "start" || label == "peak" || label == "exit") refuse("is one of heapscribe's own");
  if (render::printable(label) != label) refuse("has a character that cannot be shown");
}

std::string session_of(const std::string& recording) {
  if (const auto pid = whole_number_in(recording)) {
    return collector::find_session(collector::session_folder(), static_cast<pid_t>(*pid));
  }
  const model::CaptureReader reader(recording);
  if (reader.state() != model::RecordingState::Live) {
    throw std::runtime_error(
        fmt::format("the recording '{}' is not under way any more", recording));
  }
  return reader.text("session_path");
}

void take_snapshot(const ControlArguments& arguments) {
  constexpr std::chrono::seconds kPatience{60};
  check_label(arguments.label);
  collector::Control control(session_of(arguments.recording));
  const std::uint32_t number = control.snapshot(arguments.label, kPatience);
  print([&](std::ostream& out) {
    out << fmt::format("snapshot {}{} of process {} is written\n", number,
                       arguments.label.empty() ? "" : " '" + arguments.label + "'",
                       control.target());
  });
}

void check_leaks(const ControlArguments& arguments) {
  constexpr std::chrono::seconds kPatience{120};
  collector::Control control(session_of(arguments.recording));
  control.check_leaks(kPatience);
  print([&](std::ostream& out) {
    out << fmt::format("leak check of process {} is written; read on: heapscribe leaks {}\n",
                       control.target(), model::shell_word(control.database()));
  });
}

void change_recording(const ControlArguments& arguments, bool pause) {
  constexpr std::chrono::seconds kPatience{10};
  collector::Control control(session_of(arguments.recording));
  if (pause) {
    control.pause_recording(kPatience);
  } else {
    control.resume_recording(kPatience);
  }
  print([&](std::ostream& out) {
    out << fmt::format("recording of process {} {}\n", control.target(),
                       pause ? "is paused" : "goes on");
  });
}

}  // namespace

void add_control_command(CLI::App& app, int&) {
  auto arguments = std::make_shared<ControlArguments>();
  CLI::App* command = app.add_subcommand("ctl", "Ask something of a recording under way");
  command
      ->add_option("RECORDING", arguments->recording,
                   "Number of the recorded process, or the database being written")
      ->required()
      ->type_name("");
  command->require_subcommand(1);
  CLI::App* snapshot = command->add_subcommand(
      "snapshot", "Note what every site holds now; returns when it is in the database");
  snapshot->add_option("LABEL", arguments->label, "What to call it, for diff --from and --to")
      ->type_name("");
  snapshot->callback([arguments] { take_snapshot(*arguments); });
  CLI::App* leaks = command->add_subcommand(
      "leaks",
      "See which blocks the program can still reach now; returns when it is in the database");
  leaks->callback([arguments] { check_leaks(*arguments); });
  command->add_subcommand("pause", "Only count what is allocated, until resume")
      ->callback([arguments] { change_recording(*arguments, true); });
  command->add_subcommand("resume", "Record again")->callback([arguments] {
    change_recording(*arguments, false);
  });
}

}  // namespace heapscribe::cli
