// Runtime addresses of the session become modules, offsets and stack tree nodes of the database.
//
// An address means what the modules of its layout say. The target lists a module shortly after it
// was loaded, so an address without a module may get one later: resolve() then says "not yet", and
// the caller asks again, finally with Patience::Over.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "preload/capture/capture_writer.h"
#include "preload/collector/session_view.h"

namespace heapscribe::collector {

enum class Patience { Left, Over };

class StackResolver {
 public:
  StackResolver(const SessionView& view, capture::CaptureWriter& writer)
      : view_(view), writer_(writer) {}

  // Reads modules that appeared or were unloaded since the last call.
  void refresh_modules();

  // The tree node of a stack's innermost frame; 0 when there is none to show.
  // With patience left, nothing when a frame lies in no module that is listed yet, or when the
  // stack was written after the session was last looked at.
  std::optional<capture::StackId> resolve(wire::Ref stack, Patience patience);

 private:
  struct Mapping {
    std::uint64_t end = 0, bias = 0;
    std::uint32_t first_layout = 0, last_layout = 0;
    capture::ModuleId module = 0;
    bool ours = false;  // libheapscribe.so: its frames are not the program's
    const wire::ModuleRecord* record = nullptr;
  };
  static constexpr capture::StackId kInProgress = UINT32_MAX;

  void add_module(wire::Ref ref);
  const Mapping* find(std::uint64_t address, std::uint32_t layout) const;
  using Chain = std::vector<std::pair<wire::Ref, SegmentView>>;
  bool covered(const Chain& chain) const;
  capture::StackId append(capture::StackId parent, const SegmentView& segment);

  const SessionView& view_;
  capture::CaptureWriter& writer_;
  wire::Ref newest_module_ = wire::kNoRef;
  std::unordered_set<wire::Ref> known_modules_;
  std::multimap<std::uint64_t, Mapping> mappings_;         // by base
  std::unordered_map<wire::Ref, capture::StackId> nodes_;  // segments that are resolved
};

}  // namespace heapscribe::collector
