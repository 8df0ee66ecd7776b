#include "preload/record/sections.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <cstring>

#include "preload/record/session.h"
#include "preload/unwind/stack_hash.h"

namespace heapscribe::record {
namespace {

using wire::SectionRecord;

// Open-addressed by name; at most half full, nothing is ever taken out.
constexpr std::size_t kPlaces = 8192;
static_assert(kPlaces >= 2 * wire::kMostSections);
constinit std::array<std::atomic<std::uint16_t>, kPlaces> places{};
constinit std::array<std::atomic<wire::Ref>, wire::kMostSections + 1> records{};
constinit std::atomic<std::uint32_t> last_number{0};

std::uint64_t hash_of(SectionNumber around, std::string_view name) {
  std::uint64_t hash = unwind::mix(around, name.size());
  while (!name.empty()) {
    std::uint64_t word = 0;
    const std::size_t bytes = std::min(name.size(), sizeof word);
    std::memcpy(&word, name.data(), bytes);
    hash = unwind::mix(hash, word);
    name.remove_prefix(bytes);
  }
  return hash;
}

std::string_view name_of(const SectionRecord& record) {
  return {reinterpret_cast<const char*>(&record + 1), record.name_length};
}

bool is(SectionNumber number, SectionNumber around, std::string_view name) {
  const SectionRecord& record = *section_record(number);
  return record.around == around && name_of(record) == name;
}

std::uint32_t depth_within(SectionNumber around) {
  return around == kNoSection ? 1 : section_record(around)->depth + 1;
}

// Never more numbers than there are: those that come too late are given back.
SectionNumber next_number() {
  const std::uint32_t number = last_number.fetch_add(1, std::memory_order_relaxed) + 1;
  if (number <= wire::kMostSections) return number;
  last_number.fetch_sub(1, std::memory_order_relaxed);
  return kNoSection;
}

SectionNumber make_section(SectionNumber around, std::string_view name) {
  if (depth_within(around) > wire::kDeepestSection) return kNoSection;
  const SectionNumber number = next_number();
  if (number == kNoSection) return kNoSection;
  auto* record = static_cast<SectionRecord*>(
      session.allocate(sizeof(SectionRecord) + name.size(), wire::kUnit));
  if (record == nullptr) return kNoSection;
  record->number = number;
  record->around = around;
  record->depth = depth_within(around);
  record->first_ns = session.now();
  record->name_length = static_cast<std::uint32_t>(name.size());
  std::memcpy(reinterpret_cast<char*>(record + 1), name.data(), name.size());
  records[number].store(session.ref(record), std::memory_order_release);
  return number;
}

}  // namespace

bool is_section(SectionNumber number) {
  return records[number].load(std::memory_order_acquire) != wire::kNoRef;
}

SectionRecord* section_record(SectionNumber number) {
  return session.at<SectionRecord>(records[number].load(std::memory_order_acquire));
}

SectionNumber find_section(SectionNumber around, std::string_view name) {
  name = name.substr(0, wire::kLongestName);
  if (around != kNoSection && name_of(*section_record(around)) == name) return around;
  SectionNumber made = kNoSection;
  for (std::uint64_t at = hash_of(around, name);; ++at) {
    std::atomic<std::uint16_t>& place = places[at % kPlaces];
    std::uint16_t number = place.load(std::memory_order_acquire);
    if (number == kNoSection) {
      if (made == kNoSection) made = make_section(around, name);
      if (made == kNoSection) return kNoSection;
      const bool won = place.compare_exchange_strong(number, static_cast<std::uint16_t>(made),
                                                     std::memory_order_acq_rel);
      if (won) {
        session.push(session.header().first_section, section_record(made));
        return made;
      }
    }
    // Another thread may have been faster; then what we made is not used.
    if (is(number, around, name)) return number;
  }
}

// Sums -------------------------------------------------------------------------------------------

namespace {

using Members = std::bitset<wire::kMostSections + 1>;

// Numbers rise inwards: a section is made after the one around it.
void find_members(SectionNumber section, Members& members) {
  members[section] = true;
  const std::uint32_t last = last_number.load(std::memory_order_relaxed);
  for (SectionNumber number = section + 1; number <= last && number < members.size(); ++number) {
    if (!is_section(number)) continue;
    members[number] = members[section_record(number)->around];
  }
}

void add_rows(const wire::RowBlock& block, const Members& members, SectionSums& sums) {
  const auto* rows = reinterpret_cast<const wire::SiteRow*>(&block + 1);
  for (std::uint32_t i = 0; i < block.capacity; ++i) {
    const wire::SiteRow& row = rows[i];
    if (row.key.load(std::memory_order_acquire) == 0 || !members[row.section]) continue;
    sums.allocations += row.allocations.load(std::memory_order_relaxed);
    sums.bytes += row.allocated_bytes.load(std::memory_order_relaxed);
    sums.frees += row.frees.load(std::memory_order_relaxed);
    sums.freed_bytes += row.freed_bytes.load(std::memory_order_relaxed);
  }
}

}  // namespace

SectionSums sum_of_section(SectionNumber section) {
  SectionSums sums;
  Members members;
  find_members(section, members);
  wire::Ref table = session.header().first_table.load(std::memory_order_acquire);
  while (table != wire::kNoRef) {
    const auto& shared = *session.at<wire::CounterTable>(table);
    wire::Ref block = shared.blocks.load(std::memory_order_acquire);
    while (block != wire::kNoRef) {
      add_rows(*session.at<wire::RowBlock>(block), members, sums);
      block = session.at<wire::RowBlock>(block)->older;
    }
    table = shared.next;
  }
  return sums;
}

}  // namespace heapscribe::record
