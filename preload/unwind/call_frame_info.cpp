#include "preload/unwind/call_frame_info.h"

#include <dlfcn.h>

#include <cstring>

namespace heapscribe::unwind {
namespace {

// DWARF's numbers for the registers that matter here.
constexpr std::uint64_t kBp = 6;
constexpr std::uint64_t kSp = 7;
constexpr std::uint64_t kReturnAddress = 16;

// Walks over encoded data. Never reads past `end`: then `broken` is set and zeros come out.
class Cursor {
 public:
  Cursor(const unsigned char* at, const unsigned char* end) : at_(at), end_(end) {}

  bool more() const { return at_ < end_ && !broken_; }
  bool broken() const { return broken_; }
  const unsigned char* position() const { return at_; }
  const unsigned char* end() const { return end_; }

  template <typename Value>
  Value read() {
    Value value{};
    if (static_cast<std::size_t>(end_ - at_) < sizeof value) {
      broken_ = true;
      return value;
    }
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  std::uint64_t uleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = read<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80U) == 0) break;
    }
    return value;
  }

  std::int64_t sleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64;) {
      const auto byte = read<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7FU} << shift;
      shift += 7;
      if ((byte & 0x80U) != 0) continue;
      if ((byte & 0x40U) != 0 && shift < 64) value |= ~std::uint64_t{0} << shift;
      break;
    }
    return static_cast<std::int64_t>(value);
  }

  void skip(std::uint64_t bytes) {
    if (bytes > static_cast<std::uint64_t>(end_ - at_)) {
      broken_ = true;
      bytes = static_cast<std::uint64_t>(end_ - at_);
    }
    at_ += bytes;
  }

  // A pointer in one of the DW_EH_PE encodings that occur in .eh_frame; others break the cursor.
  std::uintptr_t encoded(std::uint8_t encoding) {
    const auto place = reinterpret_cast<std::uintptr_t>(at_);
    std::uintptr_t value = 0;
    switch (encoding & 0x0FU) {
      case 0x00:  // absptr
      case 0x04:  // udata8
      case 0x0C:  // sdata8
        value = read<std::uint64_t>();
        break;
      case 0x03:
        value = read<std::uint32_t>();
        break;
      case 0x0B:
        value = static_cast<std::uintptr_t>(std::int64_t{read<std::int32_t>()});
        break;
      default:
        broken_ = true;
    }
    if ((encoding & 0x70U) == 0x10U) value += place;  // pcrel
    return value;
  }

 private:
  const unsigned char* at_;
  const unsigned char* end_;
  bool broken_ = false;
};

// Common information entry: what the functions of one compilation share.
struct Cie {
  std::uint64_t code_alignment = 1;
  std::int64_t data_alignment = 1;
  std::uint8_t pointer_encoding = 0;
  bool signal_frame = false;
  bool has_augmentation_data = false;
  const unsigned char* instructions = nullptr;
  const unsigned char* end = nullptr;
};

// Opens the entry at `at`: positions a cursor after its length.
Cursor open_entry(const unsigned char* at) {
  std::uint32_t length = 0;
  std::memcpy(&length, at, sizeof length);
  if (length == 0xFFFF'FFFFU) return {at, at};  // 64-bit form: never in .eh_frame of x86-64
  return {at + 4, at + 4 + length};
}

bool parse_cie(const unsigned char* at, Cie& cie) {
  Cursor cursor = open_entry(at);
  cie.end = cursor.end();
  if (cursor.read<std::uint32_t>() != 0) return false;
  const auto version = cursor.read<std::uint8_t>();
  if (version != 1 && version != 3) return false;
  const char* augmentation = reinterpret_cast<const char*>(cursor.position());
  while (cursor.more() && cursor.read<char>() != '\0') {
  }
  cie.code_alignment = cursor.uleb();
  cie.data_alignment = cursor.sleb();
  const std::uint64_t return_register = version == 1 ? cursor.read<std::uint8_t>() : cursor.uleb();
  if (return_register != kReturnAddress) return false;
  if (*augmentation == 'z') {
    cie.has_augmentation_data = true;
    const std::uint64_t bytes = cursor.uleb();
    cie.instructions = cursor.position() + bytes;
    while (*++augmentation != '\0' && !cursor.broken()) {
      switch (*augmentation) {
        case 'R':
          cie.pointer_encoding = cursor.read<std::uint8_t>();
          break;
        case 'P': {
          const auto encoding = cursor.read<std::uint8_t>();
          cursor.encoded(encoding & 0x7FU);
          break;
        }
        case 'L':
          cursor.read<std::uint8_t>();
          break;
        case 'S':
          cie.signal_frame = true;
          break;
        default:
          return false;
      }
    }
  } else if (*augmentation == '\0') {
    cie.instructions = cursor.position();
  } else {
    return false;
  }
  return !cursor.broken() && cie.instructions <= cie.end;
}

enum class Saved : std::uint8_t { InRegister, AtOffset, AtExpression, Undefined, Exotic };

struct Slot {
  Saved saved = Saved::InRegister;
  std::int64_t offset = 0;                    // from the CFA
  const unsigned char* expression = nullptr;  // starts with its length
};

// The row of the unwind table that the instructions have built so far.
struct Row {
  std::uint64_t cfa_register = kSp;
  std::int64_t cfa_offset = 0;
  const unsigned char* cfa_expression = nullptr;
  Slot bp;
  Slot return_address;

  Slot* slot(std::uint64_t number) {
    if (number == kBp) return &bp;
    if (number == kReturnAddress) return &return_address;
    return nullptr;
  }
};

// Runs call frame instructions until they speak of code after `pc`.
class TableMachine {
 public:
  TableMachine(const Cie& cie, std::uintptr_t pc) : cie_(cie), pc_(pc) {}

  // False if something is not understood.
  bool run(Cursor cursor, std::uintptr_t location) {
    location_ = location;
    while (cursor.more()) {
      if (!step(cursor)) return false;
      if (location_ > pc_) return true;
    }
    return !cursor.broken();
  }
  void remember_initial() { initial_ = row_; }
  const Row& row() const { return row_; }

 private:
  static constexpr int kMaxRemembered = 8;

  bool step(Cursor& cursor) {
    const auto instruction = cursor.read<std::uint8_t>();
    const std::uint8_t operand = instruction & 0x3FU;
    switch (instruction >> 6) {
      case 1:
        return advance(operand);
      case 2:
        return save_at(operand, cursor.uleb());
      case 3:
        return restore(operand);
      default:
        return extended(instruction, cursor);
    }
  }

  bool extended(std::uint8_t instruction, Cursor& cursor) {
    switch (instruction) {
      case 0x00:  // nop
        return true;
      case 0x02:
        return advance(cursor.read<std::uint8_t>());
      case 0x03:
        return advance(cursor.read<std::uint16_t>());
      case 0x04:
        return advance(cursor.read<std::uint32_t>());
      case 0x05: {  // offset_extended
        const std::uint64_t number = cursor.uleb();
        return save_at(number, cursor.uleb());
      }
      case 0x06:
        return restore(cursor.uleb());
      case 0x07:
        return set(cursor.uleb(), {Saved::Undefined, 0, nullptr});
      case 0x08:  // same_value
        return set(cursor.uleb(), {});
      case 0x09:  // register
        set(cursor.uleb(), {Saved::Exotic, 0, nullptr});
        cursor.uleb();
        return true;
      case 0x0A:
        if (remembered_count_ == kMaxRemembered) return false;
        remembered_[remembered_count_++] = row_;
        return true;
      case 0x0B:
        if (remembered_count_ == 0) return false;
        row_ = remembered_[--remembered_count_];
        return true;
      case 0x0C:  // def_cfa
        row_.cfa_register = cursor.uleb();
        row_.cfa_offset = static_cast<std::int64_t>(cursor.uleb());
        row_.cfa_expression = nullptr;
        return true;
      case 0x0D:
        row_.cfa_register = cursor.uleb();
        row_.cfa_expression = nullptr;
        return true;
      case 0x0E:
        row_.cfa_offset = static_cast<std::int64_t>(cursor.uleb());
        return true;
      case 0x0F:  // def_cfa_expression
        row_.cfa_expression = cursor.position();
        cursor.skip(cursor.uleb());
        return true;
      case 0x10: {  // expression
        const std::uint64_t number = cursor.uleb();
        set(number, {Saved::AtExpression, 0, cursor.position()});
        cursor.skip(cursor.uleb());
        return true;
      }
      case 0x11: {  // offset_extended_sf
        const std::uint64_t number = cursor.uleb();
        return save_at_signed(number, cursor.sleb());
      }
      case 0x12:  // def_cfa_sf
        row_.cfa_register = cursor.uleb();
        row_.cfa_offset = cursor.sleb() * cie_.data_alignment;
        row_.cfa_expression = nullptr;
        return true;
      case 0x13:
        row_.cfa_offset = cursor.sleb() * cie_.data_alignment;
        return true;
      case 0x14:  // val_offset, val_offset_sf
      case 0x15:
        set(cursor.uleb(), {Saved::Exotic, 0, nullptr});
        cursor.uleb();
        return true;
      case 0x16:  // val_expression
        set(cursor.uleb(), {Saved::Exotic, 0, nullptr});
        cursor.skip(cursor.uleb());
        return true;
      case 0x2E:  // GNU_args_size
        cursor.uleb();
        return true;
      default:
        return false;
    }
  }

  bool advance(std::uint64_t units) {
    location_ += units * cie_.code_alignment;
    return true;
  }
  bool set(std::uint64_t number, Slot value) {
    if (Slot* slot = row_.slot(number)) *slot = value;
    return true;
  }
  bool save_at(std::uint64_t number, std::uint64_t factored) {
    return save_at_signed(number, static_cast<std::int64_t>(factored));
  }
  bool save_at_signed(std::uint64_t number, std::int64_t factored) {
    return set(number, {Saved::AtOffset, factored * cie_.data_alignment, nullptr});
  }
  bool restore(std::uint64_t number) {
    Row initial = initial_;
    if (Slot* before = initial.slot(number)) set(number, *before);
    return true;
  }

  const Cie& cie_;
  std::uintptr_t pc_;
  std::uintptr_t location_ = 0;
  Row row_;
  Row initial_;
  Row remembered_[kMaxRemembered];
  int remembered_count_ = 0;
};

// DW_OP_breg6 (rbp) followed by its offset and, for the CFA, DW_OP_deref.
bool is_bp_relative(const unsigned char* expression, bool dereferenced, std::int64_t& offset) {
  if (expression == nullptr) return false;
  constexpr std::uint8_t kBreg6 = 0x76;
  constexpr std::uint8_t kDeref = 0x06;
  Cursor cursor(expression, expression + 16);
  const std::uint64_t length = cursor.uleb();
  const unsigned char* begin = cursor.position();
  if (length > 8 || cursor.read<std::uint8_t>() != kBreg6) return false;
  offset = cursor.sleb();
  if (dereferenced && cursor.read<std::uint8_t>() != kDeref) return false;
  return cursor.position() == begin + length;
}

FrameRule unsupported() {
  return {RuleKind::Unsupported, 0, 0};
}

FrameRule realigned_rule(const Row& row) {
  std::int64_t cfa_at = 0;
  std::int64_t bp_at = 0;
  if (!is_bp_relative(row.cfa_expression, true, cfa_at)) return unsupported();
  if (row.bp.saved != Saved::AtExpression || !is_bp_relative(row.bp.expression, false, bp_at)) {
    return unsupported();
  }
  if (bp_at != 0 || cfa_at > 0) return unsupported();
  return {RuleKind::Realigned, 0, static_cast<std::int32_t>(-cfa_at)};
}

FrameRule rule_of(const Row& row) {
  if (row.return_address.saved == Saved::Undefined) return {RuleKind::Outermost, 0, 0};
  if (row.return_address.saved != Saved::AtOffset || row.return_address.offset != -8) {
    return unsupported();
  }
  if (row.cfa_expression != nullptr) return realigned_rule(row);
  if (row.cfa_register != kSp && row.cfa_register != kBp) return unsupported();
  FrameRule rule{row.cfa_register == kSp ? RuleKind::FromSp : RuleKind::FromBp, 0,
                 static_cast<std::int32_t>(row.cfa_offset)};
  if (rule.offset != row.cfa_offset) return unsupported();
  if (row.bp.saved == Saved::AtOffset) {
    const std::int64_t slot = -row.bp.offset / 8 - 1;
    if (slot < 1 || slot > 255 || row.bp.offset % 8 != 0) return unsupported();
    rule.bp_slot = static_cast<std::uint8_t>(slot);
  } else if (row.bp.saved == Saved::AtExpression || row.bp.saved == Saved::Exotic) {
    return unsupported();
  }
  return rule;
}

// The search table of .eh_frame_hdr, in the one form that linkers write: pairs of 32-bit offsets
// from its start, sorted by function.
struct SearchTable {
  struct Pair {
    std::int32_t function;
    std::int32_t entry;
  };
  const unsigned char* base;
  const Pair* pairs = nullptr;
  std::uint64_t count = 0;

  explicit SearchTable(const unsigned char* header) : base(header) {
    constexpr std::uint8_t kSortedPairs = 0x3B;  // datarel | sdata4
    if (header[0] != 1 || header[3] != kSortedPairs) return;
    Cursor cursor(header + 4, header + 32);
    cursor.encoded(header[1]);  // where .eh_frame starts
    count = cursor.encoded(header[2]);
    pairs = reinterpret_cast<const Pair*>(cursor.position());
    if (cursor.broken()) count = 0;
  }

  // The entry of the last function that does not start after `pc`; nullptr if there is none.
  const unsigned char* find(std::uintptr_t pc) const {
    const auto wanted = static_cast<std::int64_t>(pc) -
                        static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(base));
    std::uint64_t low = 0;
    std::uint64_t high = count;
    while (low < high) {
      const std::uint64_t middle = (low + high) / 2;
      if (pairs[middle].function <= wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? nullptr : base + pairs[low - 1].entry;
  }
};

FrameRule compile_entry(const unsigned char* entry, std::uintptr_t pc) {
  Cursor cursor = open_entry(entry);
  const unsigned char* here = cursor.position();
  const auto back = cursor.read<std::uint32_t>();
  if (back == 0) return {};
  Cie cie;
  if (!parse_cie(here - back, cie)) return unsupported();
  const std::uintptr_t begin = cursor.encoded(cie.pointer_encoding);
  const std::uintptr_t bytes = cursor.encoded(cie.pointer_encoding & 0x0FU);
  if (cursor.broken() || pc < begin || pc - begin >= bytes) return {};
  if (cie.signal_frame) return {RuleKind::SignalFrame, 0, 0};
  if (cie.has_augmentation_data) cursor.skip(cursor.uleb());
  TableMachine machine(cie, pc);
  if (!machine.run(Cursor(cie.instructions, cie.end), begin)) return unsupported();
  machine.remember_initial();
  if (!machine.run(cursor, begin)) return unsupported();
  return rule_of(machine.row());
}

}  // namespace

FrameRule compile_rule(std::uintptr_t pc) {
  dl_find_object found{};
  if (_dl_find_object(reinterpret_cast<void*>(pc), &found) != 0) return {};
  if (found.dlfo_eh_frame == nullptr) return {};
  const SearchTable table(static_cast<const unsigned char*>(found.dlfo_eh_frame));
  const unsigned char* entry = table.find(pc);
  return entry != nullptr ? compile_entry(entry, pc) : FrameRule{};
}

}  // namespace heapscribe::unwind
