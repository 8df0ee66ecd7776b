// A library of price lists, as it was and after three changes that somebody may ask to merge:
//
//   PRICE_LIST_SLOWER  find() copies the name before it looks it up: an allocation a call
//   PRICE_LIST_MOVED   lines move, nothing else changes
//   PRICE_LIST_FASTER  total() no longer makes a label for every item
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace shop {

#ifdef PRICE_LIST_MOVED
// Prices are whole cents: sums of many do not drift, and a basket
// that is counted twice costs the same twice.

#endif
template <typename Price>
class PriceIndex {
 public:
  void add(const std::string& name, Price price) { prices_[name] = price; }

  Price find(const std::string& name) const {
#ifdef PRICE_LIST_SLOWER
    const std::string key = name;
    const auto found = prices_.find(key);
#else
    const auto found = prices_.find(name);
#endif
    return found == prices_.end() ? Price{} : found->second;
  }

 private:
  std::map<std::string, Price> prices_;
};

template <typename Price>
class Basket {
 public:
  explicit Basket(const PriceIndex<Price>& index) : index_(index) {}

  void put(std::string name) { names_.push_back(std::move(name)); }

  Price total() const {
    Price sum{};
    for (const std::string& name : names_) {
#ifndef PRICE_LIST_FASTER
      log(label_of(name));
#endif
      sum += index_.find(name);
    }
    return sum;
  }

 private:
  static std::string label_of(const std::string& name) {
    return "looked up " + name;
  }
  static void log(const std::string& label) {
    longest_ = std::max(longest_, label.size());
  }

  static inline std::size_t longest_ = 0;
  const PriceIndex<Price>& index_;
  std::vector<std::string> names_;
};

}  // namespace shop
