#include "preload/collector/stack_resolver.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace heapscribe::collector {
namespace {

constexpr std::string_view kOurLibrary = "libheapscribe.so";

bool is_our_library(std::string_view path) {
  return path.substr(path.rfind('/') + 1) == kOurLibrary;
}

}  // namespace

void StackResolver::refresh_modules() {
  const RefList fresh = view_.modules(newest_module_);
  for (const wire::Ref ref : fresh.refs) {
    if (known_modules_.insert(ref).second) add_module(ref);
  }
  if (fresh.complete && !fresh.refs.empty()) newest_module_ = fresh.refs.front();
  for (const auto& [base, mapping] : mappings_) {
    writer_.module_unloaded(mapping.module,
                            mapping.record->unload_ns.load(std::memory_order_relaxed));
  }
}

void StackResolver::add_module(wire::Ref ref) {
  const ModuleView view = view_.module(ref);
  const capture::ModuleId module = writer_.module({.path = view.path,
                                                   .build_id = view.build_id,
                                                   .bias = view.bias,
                                                   .base = view.base,
                                                   .end = view.end,
                                                   .load_ns = view.load_ns});
  mappings_.emplace(view.base, Mapping{.end = view.end,
                                       .bias = view.bias,
                                       .first_layout = view.first_layout,
                                       .last_layout = view.last_layout,
                                       .module = module,
                                       .ours = is_our_library(view.path),
                                       .record = view_.module_record(ref)});
}

// Modules of one layout do not overlap, but those of different layouts do: the nearest base below
// the address need not be the right one. A few steps down always suffice in a sane session.
const StackResolver::Mapping* StackResolver::find(std::uint64_t address,
                                                  std::uint32_t layout) const {
  constexpr int kMostSteps = 4096;
  auto entry = mappings_.upper_bound(address);
  for (int step = 0; step < kMostSteps && entry != mappings_.begin(); ++step) {
    const Mapping& mapping = (--entry)->second;
    const bool valid = mapping.first_layout <= layout && layout <= mapping.last_layout;
    if (valid && address < mapping.end) return &mapping;
  }
  return nullptr;
}

std::optional<std::pair<capture::ModuleId, std::uint64_t>> StackResolver::data_place(
    std::uint64_t address) const {
  const Mapping* mapping = find(address, view_.header().layout.load(std::memory_order_relaxed));
  if (mapping == nullptr) return std::nullopt;
  return std::pair{mapping->module, address - mapping->bias};
}

StackResolver::Place StackResolver::place_of(std::uint64_t address, std::uint32_t layout) {
  Places& places = places_[layout];
  const auto found = places.find(address);
  if (found != places.end()) return found->second;
  const Mapping* mapping = find(address, layout);
  if (mapping == nullptr) return {};
  Place place{.known = true, .ours = mapping->ours};
  if (!place.ours) place.address = writer_.address(mapping->module, address - mapping->bias);
  places.emplace(address, place);
  return place;
}

void StackResolver::lay_out_chain() {
  steps_.clear();
  for (auto link = chain_.rbegin(); link != chain_.rend(); ++link) {
    const SegmentView& segment = link->second;
    for (auto frame = segment.frames.rbegin(); frame != segment.frames.rend(); ++frame) {
      steps_.push_back({.address = *frame, .layout = segment.layout});
    }
  }
}

// How many of the outermost steps are those of the stack before.
std::size_t StackResolver::shared_with_last(capture::StackId base) const {
  if (base != last_base_) return 0;
  const std::size_t most = std::min(steps_.size(), last_steps_.size());
  std::size_t count = 0;
  while (count < most && last_steps_[count].place.known &&
         last_steps_[count].address == steps_[count].address &&
         last_steps_[count].layout == steps_[count].layout) {
    ++count;
  }
  return count;
}

// True if all of them lie in modules.
bool StackResolver::find_places(std::size_t first) {
  bool all = true;
  for (Step& step : std::span(steps_).subspan(first)) {
    step.place = place_of(step.address, step.layout);
    all = all && step.place.known;
  }
  return all;
}

void StackResolver::append(capture::StackId base, std::size_t first) {
  std::copy_n(last_steps_.begin(), first, steps_.begin());
  capture::StackId node = first > 0 ? steps_[first - 1].node : base;
  for (Step& step : std::span(steps_).subspan(first)) {
    const Place& place = step.place;
    const capture::AddressId address =
        place.known ? place.address : writer_.address(0, step.address);
    if (!place.ours) node = writer_.stack(node, address);
    step.node = node;
  }
}

void StackResolver::keep_nodes(capture::StackId base) {
  std::size_t end = steps_.size();
  for (const auto& [ref, segment] : chain_) {
    if (end < steps_.size()) nodes_[ref] = steps_[end - 1].node;
    end -= segment.frames.size();
  }
  std::swap(steps_, last_steps_);
  last_base_ = base;
}

void StackResolver::forget_chain() {
  for (const auto& [ref, segment] : chain_) nodes_.erase(ref);
}

// Known segments end the walk, and `base` is what they stand for.
StackResolver::Walk StackResolver::read_chain(wire::Ref innermost, capture::StackId& base) {
  chain_.clear();
  if (const auto known = nodes_.find(innermost); known != nodes_.end()) {
    base = known->second;
    return Walk::Complete;
  }
  for (wire::Ref ref = innermost; ref != wire::kNoRef; ref = chain_.back().second.outer) {
    if (!chain_.empty()) {
      const auto [entry, fresh] = nodes_.try_emplace(ref, kInProgress);
      if (!fresh && entry->second == kInProgress) return Walk::Circle;
      if (!fresh) {
        base = entry->second;
        return Walk::Complete;
      }
    }
    chain_.emplace_back(ref, view_.segment(ref));
    if (chain_.back().second.frames.empty()) return Walk::Unreadable;
  }
  return Walk::Complete;
}

// What is not ready is forgotten, to be looked at again; what leads in a circle or, in the end,
// nowhere is no stack.
std::optional<capture::StackId> StackResolver::resolve(wire::Ref stack, Patience patience) {
  capture::StackId base = 0;
  const Walk walk = read_chain(stack, base);
  const bool patient = patience == Patience::Left;
  if (walk == Walk::Circle || (walk == Walk::Unreadable && !patient)) {
    for (const auto& [ref, segment] : chain_) nodes_[ref] = 0;
    return 0;
  }
  if (chain_.empty()) return base;
  lay_out_chain();
  const std::size_t shared = shared_with_last(base);
  if (walk == Walk::Unreadable || (!find_places(shared) && patient)) {
    forget_chain();
    return std::nullopt;
  }
  append(base, shared);
  keep_nodes(base);
  return last_steps_.back().node;
}

}  // namespace heapscribe::collector
