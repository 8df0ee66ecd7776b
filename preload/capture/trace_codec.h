// Chunks of the event trace: some thousand records of one thread, compressed.
//
// Format, version 1. A chunk is the byte 1 and a zstd frame with a checksum. The frame holds LEB128
// numbers: how many records, the length of each column in the order of TraceColumn, and then the
// columns. A record takes from each column what its kind needs; "signed" numbers are zigzag.
//
//   Kinds      a byte: wire::TraceKind, 0x80 added if the time has changed
//   Numbers    signed: number less the previous record's number, less 1
//   Times      only with 0x80: ns less the previous ns
//   Places     addresses as a Place: one that goes for Release and Resize, then one that comes for
//              Allocation and Resize
//   Rows       Allocation and Resize: index into the rows seen so far in this chunk; the index
//              behind the last one = a new row follows in NewRows
//   NewRows    signed: handle of the row (trace_site.row) less that of the previous new row
//   Sizes      Allocation and Resize: signed, less the previous size of the same row
//   Begins     Resize: number less the number at which the old address was given up
//   Gaps       Gap: last lost number less the first, events lost
//
// A Place is a rank r < 64 in a list of the latest 64 addresses of the opposite kind, newest first
// (for one that comes those that went, for one that goes those that came), which it leaves; or 64 +
// d, d the distance from the latest address of the same kind that was coded so: twice the signed
// distance/16, or, if 16 does not divide it, twice the signed distance + 1. The address then enters
// the list of its own kind. Everything starts anew, at 0, with every chunk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "preload/wire/session.h"
#include "preload/wire/trace.h"

namespace heapscribe::capture {

// A chunk that is not what its format says. what() is one sentence without the recording's name.
class TraceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Addresses must be below this.
inline constexpr std::uint64_t kTraceAddressEnd = std::uint64_t{1} << 56;

struct TraceRecord {
  wire::TraceKind kind{};    // Allocation, Release, Resize or Gap
  std::uint64_t number = 0;  // of a Gap: the first lost one
  std::uint64_t ns = 0;
  std::uint64_t address = 0;
  std::uint64_t size = 0;         // Allocation, Resize
  wire::Ref row = 0;              // likewise
  std::uint64_t old_address = 0;  // Resize
  std::uint64_t begun = 0;        // Resize: number at which the old address was given up
  std::uint64_t last = 0;         // Gap: number of the last lost event
  std::uint64_t lost = 0;         // Gap: how many

  bool operator==(const TraceRecord&) const = default;
};

struct TraceChunk {
  std::uint32_t thread = 0;
  wire::Ref source = 0;  // the counter table whose ring it comes from
  std::uint64_t first_number = 0, last_number = 0;
  std::uint64_t first_ns = 0, last_ns = 0;
  std::uint64_t events = 0;  // without gaps
  std::uint64_t lost = 0;    // in gaps
  std::vector<wire::Ref> rows;
  std::string data;
};

enum class TraceColumn { Kinds, Numbers, Times, Places, Rows, NewRows, Sizes, Begins, Gaps };
inline constexpr std::size_t kTraceColumns = 9;
inline constexpr std::size_t kTraceChunkRecords = 16384;

// The latest addresses, newest first.
class RecentAddresses {
 public:
  static constexpr std::size_t kMost = 64;

  // Removes the address and returns its rank; kMost if it is not there.
  std::size_t take(std::uint64_t address);
  // Removes and returns the address of that rank, which must be below size().
  std::uint64_t take_rank(std::size_t rank);
  void add(std::uint64_t address);
  std::size_t size() const { return count_; }

 private:
  void remove(std::size_t index);

  std::array<std::uint64_t, 2 * kMost> addresses_;  // oldest first, in [begin_, begin_ + count_)
  std::size_t begin_ = 0, count_ = 0;
};

// What coder and decoder both know about addresses; see Place.
struct AddressModel {
  struct Side {
    RecentAddresses recent;
    std::uint64_t base = 0;
  };
  Side came, went;
};

class TraceEncoder {
 public:
  void add(const TraceRecord& record);
  std::size_t records() const { return records_; }
  std::size_t bytes() const;  // before compression
  // The chunk, but for thread and source; the encoder begins anew.
  TraceChunk finish();

 private:
  struct Row {
    std::uint32_t index = 0;
    std::uint64_t size = 0;
  };
  void put(TraceColumn column, std::uint64_t value);
  void put_signed(TraceColumn column, std::uint64_t difference);
  void put_place(std::uint64_t address, AddressModel::Side& own, AddressModel::Side& opposite);
  void put_block(const TraceRecord& record);

  std::size_t records_ = 0;
  std::array<std::string, kTraceColumns> columns_;
  std::unordered_map<wire::Ref, Row> rows_;
  AddressModel addresses_;
  std::uint64_t number_ = 0, ns_ = 0;
  TraceChunk chunk_;
};

// Pulls the records out of a chunk; throws TraceError for whatever is wrong with it, the end
// included: next() returns false only if everything was consumed.
class TraceDecoder {
 public:
  explicit TraceDecoder(std::string_view data);
  TraceDecoder(const TraceDecoder&) = delete;
  TraceDecoder& operator=(const TraceDecoder&) = delete;
  bool next(TraceRecord& record);

 private:
  struct Row {
    wire::Ref ref = 0;
    std::uint64_t size = 0;
  };
  std::uint64_t get(TraceColumn column);
  std::uint64_t get_signed(TraceColumn column);
  std::uint64_t get_place(AddressModel::Side& own, AddressModel::Side& opposite);
  void get_block(TraceRecord& record);
  void check_end() const;

  std::string raw_;
  std::array<std::string_view, kTraceColumns> columns_;
  std::uint64_t left_ = 0;
  std::vector<Row> rows_;
  AddressModel addresses_;
  std::uint64_t number_ = 0, ns_ = 0, row_ = 0;
};

}  // namespace heapscribe::capture
