#include "analyzer/model/frame_table.h"

#include <fmt/format.h>

#include <limits>
#include <string_view>

#include "analyzer/model/file_name.h"
#include "analyzer/queries/queries.h"

namespace heapscribe::model {
namespace {

std::string fallback_name(const std::string& module, std::int64_t offset) {
  const auto address = static_cast<std::uint64_t>(offset);
  if (module.empty()) return fmt::format("{:#x}", address);
  return fmt::format("{}+{:#x}", file_name(module), address);
}

Frame make_frame(const capture::Statement& row, const std::string& module) {
  Frame frame;
  frame.module = module;
  frame.function = row.text(3);
  // The look-up of symbols stores the fallback too.
  const std::string fallback = fallback_name(module, row.integer(2));
  frame.named = !frame.function.empty() && frame.function != fallback;
  if (!frame.named) frame.function = fallback;
  frame.file = row.text(4);
  frame.line = row.integer(5);
  frame.inlined = row.integer(6) != 0;
  return frame;
}

Frame unknown_frame(AddressId address) {
  Frame frame;
  frame.function = fmt::format("(address {} is not in the recording)", address.value);
  return frame;
}

}  // namespace

const Frame& unrecorded_frame() {
  static const Frame frame = [] {
    Frame missing;
    missing.function = "(stack not recorded)";
    return missing;
  }();
  return frame;
}

const std::vector<Frame>& FrameTable::at(AddressId address) {
  const auto found = known_.find(address);
  if (found != known_.end()) return found->second;
  if (!complete_) read(address.value, address.value);
  std::vector<Frame>& frames = known_[address];
  if (frames.empty()) frames.push_back(unknown_frame(address));
  return frames;
}

void FrameTable::load_all() {
  if (complete_) return;
  // Frames that were handed out must stay where they are, so only the rest is added.
  read(0, std::numeric_limits<std::int64_t>::max());
  complete_ = true;
}

void FrameTable::read(std::int64_t first, std::int64_t last) {
  if (!lookup_) lookup_ = database_.prepare(queries::frames);
  lookup_->reset();
  lookup_->bind_all(first, last);
  AddressId current;
  std::vector<Frame>* frames = nullptr;
  while (lookup_->step()) {
    const AddressId address{lookup_->integer(0)};
    if (address != current) {
      current = address;
      const auto [entry, is_new] = known_.try_emplace(address);
      frames = is_new ? &entry->second : nullptr;
    }
    if (frames != nullptr) {
      frames->push_back(make_frame(*lookup_, module_path(lookup_->integer(1))));
    }
  }
  lookup_->reset();
}

const std::string& FrameTable::module_path(std::int64_t id) {
  static const std::string none;
  if (!modules_) {
    modules_.emplace();
    auto rows = database_.prepare(queries::modules);
    while (rows.step()) modules_->emplace(rows.integer(0), rows.text(1));
  }
  const auto found = modules_->find(id);
  return found == modules_->end() ? none : found->second;
}

}  // namespace heapscribe::model
