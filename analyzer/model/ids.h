// Numbers of rows in the recording. Ids of different tables do not convert into each other.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace heapscribe::model {

template <typename Tag>
struct Id {
  std::int64_t value = -1;  // -1 = none; the database's NULL

  bool exists() const { return value >= 0; }
  auto operator<=>(const Id&) const = default;
};

using SiteId = Id<struct SiteTag>;
using StackId = Id<struct StackTag>;
using AddressId = Id<struct AddressTag>;
using ThreadId = Id<struct ThreadTag>;

// The stack node that stands for "(stack not recorded)".
inline constexpr StackId kUnrecordedStack{0};

}  // namespace heapscribe::model

template <typename Tag>
struct std::hash<heapscribe::model::Id<Tag>> {
  std::size_t operator()(heapscribe::model::Id<Tag> id) const noexcept {
    return std::hash<std::int64_t>()(id.value);
  }
};
