// Runtime addresses of the session become modules, offsets and stack tree nodes of the database.
//
// An address means what the modules of its layout say. The target lists a module shortly after it
// was loaded, so an address without a module may get one later: resolve() then says "not yet", and
// the caller asks again, finally with Patience::Over.
#pragma once

#include <tsl/robin_map.h>

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

  // The module that an address lies in now, and its link-time address there.
  std::optional<std::pair<capture::ModuleId, std::uint64_t>> data_place(
      std::uint64_t address) const;

 private:
  struct Mapping {
    std::uint64_t end = 0, bias = 0;
    std::uint32_t first_layout = 0, last_layout = 0;
    capture::ModuleId module = 0;
    bool ours = false;  // libheapscribe.so: its frames are not the program's
    const wire::ModuleRecord* record = nullptr;
  };
  // What an address of one layout means.
  struct Place {
    capture::AddressId address = 0;
    bool known = false;  // a listed module holds it
    bool ours = false;
  };
  struct Step {
    std::uint64_t address = 0;
    std::uint32_t layout = 0;
    capture::StackId node = 0;
    Place place{};
  };
  struct Mix {
    std::size_t operator()(std::uint64_t key) const { return key * 0x9E3779B97F4A7C15ULL >> 24; }
  };
  using Places = tsl::robin_map<std::uint64_t, Place, Mix>;  // by address
  static constexpr capture::StackId kInProgress = UINT32_MAX;

  void add_module(wire::Ref ref);
  const Mapping* find(std::uint64_t address, std::uint32_t layout) const;
  Place place_of(std::uint64_t address, std::uint32_t layout);
  enum class Walk { Complete, Unreadable, Circle };
  Walk read_chain(wire::Ref innermost, capture::StackId& base);
  void lay_out_chain();
  std::size_t shared_with_last(capture::StackId base) const;
  bool find_places(std::size_t first);
  void append(capture::StackId base, std::size_t first);
  void keep_nodes(capture::StackId base);
  void forget_chain();

  const SessionView& view_;
  capture::CaptureWriter& writer_;
  wire::Ref newest_module_ = wire::kNoRef;
  std::unordered_set<wire::Ref> known_modules_;
  std::multimap<std::uint64_t, Mapping> mappings_;  // by base
  // Outer segments that are resolved. The innermost ones are not kept: few are asked for twice.
  std::unordered_map<wire::Ref, capture::StackId> nodes_;
  // Addresses that listed modules hold, by layout: modules are only ever added, and those of one
  // layout do not overlap.
  std::unordered_map<std::uint32_t, Places> places_;

  // The stack at hand: segments that are not resolved yet, innermost first, and their frames,
  // outermost first. The last one is kept, since the next mostly shares its outer part.
  std::vector<std::pair<wire::Ref, SegmentView>> chain_;
  std::vector<Step> steps_, last_steps_;
  capture::StackId last_base_ = 0;  // what `last_steps_` stand on
};

}  // namespace heapscribe::collector
