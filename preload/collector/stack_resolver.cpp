#include "preload/collector/stack_resolver.h"

#include <algorithm>
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

bool StackResolver::covered(const Chain& chain) const {
  for (const auto& [ref, segment] : chain) {
    for (const std::uint64_t address : segment.frames) {
      if (find(address, segment.layout) == nullptr) return false;
    }
  }
  return true;
}

capture::StackId StackResolver::append(capture::StackId parent, const SegmentView& segment) {
  capture::StackId node = parent;
  for (auto frame = segment.frames.rbegin(); frame != segment.frames.rend(); ++frame) {
    const Mapping* mapping = find(*frame, segment.layout);
    if (mapping != nullptr && mapping->ours) continue;
    const capture::AddressId address =
        mapping != nullptr ? writer_.address(mapping->module, *frame - mapping->bias)
                           : writer_.address(0, *frame);
    node = writer_.stack(node, address);
  }
  return node;
}

// Known segments end the walk. What is not ready is forgotten, to be looked at again.
std::optional<capture::StackId> StackResolver::resolve(wire::Ref stack, Patience patience) {
  Chain chain;  // not resolved yet, innermost first
  capture::StackId node = 0;
  bool circle = false;
  bool readable = true;
  for (wire::Ref ref = stack; ref != wire::kNoRef && readable;) {
    const auto [entry, fresh] = nodes_.try_emplace(ref, kInProgress);
    if (!fresh) {
      circle = entry->second == kInProgress;
      node = circle ? 0 : entry->second;
      break;
    }
    chain.emplace_back(ref, view_.segment(ref));
    readable = !chain.back().second.frames.empty();
    ref = chain.back().second.outer;
  }
  const bool ready = patience == Patience::Over || circle || (readable && covered(chain));
  const bool broken = circle || !readable;
  for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
    if (!ready) {
      nodes_.erase(link->first);
      continue;
    }
    if (!broken) node = append(node, link->second);
    nodes_[link->first] = broken ? 0 : node;
  }
  if (!ready) return std::nullopt;
  return broken ? 0 : node;
}

}  // namespace heapscribe::collector
