#include "preload/capture/trace_codec.h"

#include <zstd.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <utility>

namespace heapscribe::capture {
namespace {

constexpr char kVersion = 1;
constexpr unsigned char kTimeChanged = 0x80;
constexpr int kLevel = 3;
// No chunk of ours is larger; whoever claims more is not believed.
constexpr std::size_t kMostRaw = std::size_t{8} << 20;
constexpr std::uint64_t kUnit = 16;

void append(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::uint64_t zigzag(std::uint64_t difference) {
  return difference << 1 ^ (std::uint64_t{0} - (difference >> 63));
}

std::uint64_t unzigzag(std::uint64_t code) {
  return code >> 1 ^ (std::uint64_t{0} - (code & 1));
}

// Loses no bit, addresses being below kTraceAddressEnd.
std::uint64_t distance_code(std::uint64_t distance) {
  if (distance % kUnit != 0) return zigzag(distance) << 1 | 1;
  constexpr std::int64_t kStep = kUnit;
  return zigzag(static_cast<std::uint64_t>(static_cast<std::int64_t>(distance) / kStep)) << 1;
}

std::uint64_t distance_of(std::uint64_t code) {
  const std::uint64_t distance = unzigzag(code >> 1);
  return (code & 1) != 0 ? distance : distance * kUnit;
}

std::uint64_t take_number(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in.empty()) throw TraceError("a column of it ends too early");
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  throw TraceError("it has a number of more than 64 bits");
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

std::string compressed(const std::string& raw) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string out(1 + ZSTD_compressBound(raw.size()), kVersion);
  const std::size_t size =
      ZSTD_compress2(context.get(), out.data() + 1, out.size() - 1, raw.data(), raw.size());
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();
  out.resize(1 + size);
  out.shrink_to_fit();
  return out;
}

std::string decompressed(std::string_view data) {
  if (data.empty()) throw TraceError("it is empty");
  if (data.front() != kVersion) {
    throw TraceError("it has format version " +
                     std::to_string(static_cast<unsigned char>(data.front())) +
                     "; this heapscribe reads version " + std::to_string(kVersion));
  }
  data.remove_prefix(1);
  const std::uint64_t size = ZSTD_getFrameContentSize(data.data(), data.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) {
    throw TraceError("it does not begin as a compressed chunk");
  }
  if (size > kMostRaw) throw TraceError("it claims to be larger than any chunk");
  std::string raw(size, '\0');
  const std::size_t got = ZSTD_decompress(raw.data(), raw.size(), data.data(), data.size());
  if (ZSTD_isError(got) != 0) throw TraceError(std::string("zstd says ") + ZSTD_getErrorName(got));
  if (got != size) throw TraceError("it is shorter than it claims to be");
  return raw;
}

}  // namespace

// Addresses
// ----------------------------------------------------------------------------------------

void RecentAddresses::remove(std::size_t index) {
  std::copy(addresses_.begin() + static_cast<std::ptrdiff_t>(begin_ + index + 1),
            addresses_.begin() + static_cast<std::ptrdiff_t>(begin_ + count_),
            addresses_.begin() + static_cast<std::ptrdiff_t>(begin_ + index));
  --count_;
}

std::size_t RecentAddresses::take(std::uint64_t address) {
  for (std::size_t rank = 0; rank < count_; ++rank) {
    const std::size_t index = count_ - 1 - rank;
    if (addresses_[begin_ + index] != address) continue;
    remove(index);
    return rank;
  }
  return kMost;
}

std::uint64_t RecentAddresses::take_rank(std::size_t rank) {
  const std::size_t index = count_ - 1 - rank;
  const std::uint64_t address = addresses_[begin_ + index];
  remove(index);
  return address;
}

void RecentAddresses::add(std::uint64_t address) {
  if (count_ == kMost) {
    ++begin_;
    --count_;
  }
  if (begin_ + count_ == addresses_.size()) {
    std::copy(addresses_.begin() + static_cast<std::ptrdiff_t>(begin_), addresses_.end(),
              addresses_.begin());
    begin_ = 0;
  }
  addresses_[begin_ + count_++] = address;
}

// Encoder
// ------------------------------------------------------------------------------------------

void TraceEncoder::put(TraceColumn column, std::uint64_t value) {
  append(columns_[static_cast<std::size_t>(column)], value);
}

void TraceEncoder::put_signed(TraceColumn column, std::uint64_t difference) {
  put(column, zigzag(difference));
}

void TraceEncoder::put_place(std::uint64_t address, AddressModel::Side& own,
                             AddressModel::Side& opposite) {
  const std::size_t rank = opposite.recent.take(address);
  if (rank < RecentAddresses::kMost) {
    put(TraceColumn::Places, rank);
  } else {
    put(TraceColumn::Places, RecentAddresses::kMost + distance_code(address - own.base));
    own.base = address;
  }
  own.recent.add(address);
}

void TraceEncoder::put_block(const TraceRecord& record) {
  put_place(record.address, addresses_.came, addresses_.went);
  const auto next = static_cast<std::uint32_t>(rows_.size());
  const auto [entry, fresh] = rows_.try_emplace(record.row, Row{.index = next});
  put(TraceColumn::Rows, entry->second.index);
  if (fresh) {
    const std::uint64_t previous = chunk_.rows.empty() ? 0 : chunk_.rows.back();
    put_signed(TraceColumn::NewRows, record.row - previous);
    chunk_.rows.push_back(record.row);
  }
  put_signed(TraceColumn::Sizes, record.size - std::exchange(entry->second.size, record.size));
}

void TraceEncoder::add(const TraceRecord& record) {
  const bool resize = record.kind == wire::TraceKind::Resize;
  const std::uint64_t first = resize ? std::min(record.begun, record.number) : record.number;
  if (records_++ == 0) {
    chunk_.first_number = first;
    chunk_.last_number = record.number;
    chunk_.first_ns = record.ns;
  }
  chunk_.first_number = std::min(chunk_.first_number, first);
  chunk_.last_number = std::max(chunk_.last_number, std::max(record.number, record.last));
  chunk_.last_ns = record.ns;

  auto kind = static_cast<unsigned char>(record.kind);
  if (record.ns != ns_) {
    kind |= kTimeChanged;
    put_signed(TraceColumn::Times, record.ns - ns_);
    ns_ = record.ns;
  }
  columns_[static_cast<std::size_t>(TraceColumn::Kinds)] += static_cast<char>(kind);
  put_signed(TraceColumn::Numbers, record.number - number_ - 1);
  number_ = record.number;
  switch (record.kind) {
    case wire::TraceKind::Release:
      put_place(record.address, addresses_.went, addresses_.came);
      break;
    case wire::TraceKind::Resize:
      put_place(record.old_address, addresses_.went, addresses_.came);
      put_signed(TraceColumn::Begins, record.number - record.begun);
      [[fallthrough]];
    case wire::TraceKind::Allocation:
      put_block(record);
      break;
    default:
      put(TraceColumn::Gaps, record.last - record.number);
      put(TraceColumn::Gaps, record.lost);
      chunk_.lost += record.lost;
      return;
  }
  ++chunk_.events;
}

std::size_t TraceEncoder::bytes() const {
  std::size_t sum = 0;
  for (const std::string& column : columns_) sum += column.size();
  return sum;
}

TraceChunk TraceEncoder::finish() {
  std::string raw;
  raw.reserve(bytes() + 64);
  append(raw, records_);
  for (const std::string& column : columns_) append(raw, column.size());
  for (const std::string& column : columns_) raw += column;
  chunk_.data = compressed(raw);
  TraceChunk done = std::move(chunk_);
  for (std::string& column : columns_) column.clear();
  rows_.clear();
  records_ = 0;
  addresses_ = {};
  number_ = ns_ = 0;
  chunk_ = {};
  return done;
}

// Decoder
// ------------------------------------------------------------------------------------------

TraceDecoder::TraceDecoder(std::string_view data) : raw_(decompressed(data)) {
  std::string_view rest = raw_;
  left_ = take_number(rest);
  std::array<std::uint64_t, kTraceColumns> lengths{};
  for (std::uint64_t& length : lengths) length = take_number(rest);
  for (std::size_t column = 0; column < kTraceColumns; ++column) {
    if (lengths[column] > rest.size()) throw TraceError("a column of it is longer than the chunk");
    columns_[column] = rest.substr(0, lengths[column]);
    rest.remove_prefix(lengths[column]);
  }
  if (!rest.empty()) throw TraceError("it has more than its columns");
  if (left_ != columns_[static_cast<std::size_t>(TraceColumn::Kinds)].size()) {
    throw TraceError("it has not as many records as it claims");
  }
}

std::uint64_t TraceDecoder::get(TraceColumn column) {
  return take_number(columns_[static_cast<std::size_t>(column)]);
}

std::uint64_t TraceDecoder::get_signed(TraceColumn column) {
  return unzigzag(get(column));
}

std::uint64_t TraceDecoder::get_place(AddressModel::Side& own, AddressModel::Side& opposite) {
  const std::uint64_t code = get(TraceColumn::Places);
  std::uint64_t address = 0;
  if (code >= RecentAddresses::kMost) {
    address = own.base += distance_of(code - RecentAddresses::kMost);
  } else {
    if (code >= opposite.recent.size())
      throw TraceError("it refers to an address that is not there");
    address = opposite.recent.take_rank(code);
  }
  own.recent.add(address);
  return address;
}

void TraceDecoder::get_block(TraceRecord& record) {
  record.address = get_place(addresses_.came, addresses_.went);
  const std::uint64_t index = get(TraceColumn::Rows);
  if (index > rows_.size()) throw TraceError("it refers to a site that is not there");
  if (index == rows_.size()) {
    row_ += get_signed(TraceColumn::NewRows);
    if (row_ > std::numeric_limits<wire::Ref>::max()) throw TraceError("a site of it is no site");
    rows_.push_back({.ref = static_cast<wire::Ref>(row_)});
  }
  Row& row = rows_[index];
  row.size += get_signed(TraceColumn::Sizes);
  record.row = row.ref;
  record.size = row.size;
}

bool TraceDecoder::next(TraceRecord& record) {
  if (left_ == 0) {
    check_end();
    return false;
  }
  --left_;
  std::string_view& kinds = columns_[static_cast<std::size_t>(TraceColumn::Kinds)];
  const auto byte = static_cast<unsigned char>(kinds.front());
  kinds.remove_prefix(1);
  if ((byte & kTimeChanged) != 0) ns_ += get_signed(TraceColumn::Times);
  number_ += get_signed(TraceColumn::Numbers) + 1;
  record = {
      .kind = static_cast<wire::TraceKind>(byte & ~kTimeChanged), .number = number_, .ns = ns_};
  switch (record.kind) {
    case wire::TraceKind::Release:
      record.address = get_place(addresses_.went, addresses_.came);
      return true;
    case wire::TraceKind::Resize:
      record.old_address = get_place(addresses_.went, addresses_.came);
      record.begun = record.number - get_signed(TraceColumn::Begins);
      get_block(record);
      return true;
    case wire::TraceKind::Allocation:
      get_block(record);
      return true;
    case wire::TraceKind::Gap:
      record.last = record.number + get(TraceColumn::Gaps);
      record.lost = get(TraceColumn::Gaps);
      return true;
    default:
      throw TraceError("it has a record of an unknown kind");
  }
}

void TraceDecoder::check_end() const {
  const auto consumed = [](std::string_view column) { return column.empty(); };
  if (!std::all_of(columns_.begin(), columns_.end(), consumed)) {
    throw TraceError("a column of it is longer than its records");
  }
}

}  // namespace heapscribe::capture
