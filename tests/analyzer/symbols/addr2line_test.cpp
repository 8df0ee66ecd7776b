// The same answers as binutils' addr2line, for every few bytes of a program full of inlined code.
//
// Known differences, each with its reason:
//  - A function without linkage name (lambda, anonymous namespace) is qualified by us; addr2line
//    gives the bare name, or for the innermost frame the ELF symbol around the address, which for
//    an inlined function is the name of another one.
//  - Where addr2line 2.40 meets entry 1 of a DWARF 5 file table it names the main source file of
//  the
//    unit instead.
//  - addr2line names padding and functions without debug information by the nearest symbol before.
//  - Clones (".cold", ".part.0") are part of an ELF symbol, not of a function's name.
//  - Without linkage name the types in a name are spelled as debug information spells them.
#include <elfutils/libdwfl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "tests/analyzer/symbols/places.h"

namespace heapscribe::symbols {
namespace {

struct Line {
  std::string function;
  std::string file;
  std::uint32_t line = 0;
};
using Chains = std::map<std::uint64_t, std::vector<Line>>;

struct Section {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

Section text_of(const std::string& path) {
  std::istringstream rows(places::output_of(
      std::string(OBJCOPY).replace(std::string(OBJCOPY).rfind("objcopy"), 7, "objdump") +
      " -h -w '" + path + "'"));
  for (std::string row; std::getline(rows, row);) {
    std::istringstream words(row);
    std::string index, name;
    std::uint64_t size = 0, start = 0;
    if (words >> index >> name >> std::hex >> size >> start && name == ".text") {
      return {start, start + size};
    }
  }
  return {};
}

std::vector<std::uint64_t> addresses_in(const Section& section) {
  std::vector<std::uint64_t> addresses;
  for (std::uint64_t at = section.start; at < section.end; at += 11) addresses.push_back(at);
  return addresses;
}

Line line_from(const std::string& function, std::string place) {
  place = place.substr(0, place.find(" (discriminator"));
  const std::size_t colon = place.rfind(':');
  const std::string file = place.substr(0, colon);
  const std::string number = place.substr(colon + 1);
  return {function, file == "??" ? "" : std::filesystem::path(file).lexically_normal().string(),
          number == "?" ? 0 : static_cast<std::uint32_t>(std::stoul(number))};
}

Chains ask_addr2line(const std::string& path, const std::vector<std::uint64_t>& addresses,
                     const std::string& list) {
  std::ofstream(list) << [&] {
    std::ostringstream text;
    for (const std::uint64_t address : addresses) text << "0x" << std::hex << address << '\n';
    return text.str();
  }();
  std::istringstream answers(
      places::output_of(std::string(ADDR2LINE) + " -afiC -e '" + path + "' < '" + list + "'"));
  Chains chains;
  std::vector<Line>* chain = nullptr;
  for (std::string row, place; std::getline(answers, row);) {
    if (row.starts_with("0x")) {
      chain = &chains[std::stoull(row, nullptr, 16)];
    } else if (chain != nullptr && std::getline(answers, place)) {
      chain->push_back(line_from(row, place));
    }
  }
  return chains;
}

std::vector<Line> chain_of(const ModuleSymbols& symbols, std::size_t index) {
  std::vector<Line> chain;
  for (const Frame& frame : symbols.frames[index]) {
    chain.push_back(
        {frame.function == StringTable::kNone ? "" : symbols.functions.at(frame.function),
         frame.file == StringTable::kNone ? "" : symbols.files.at(frame.file), frame.line});
  }
  return chain;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// The path of names without types: "void (anonymous namespace)::walk<int>(int) [clone .cold]"
// becomes "void {anonymous}::walk".
std::string bare(const std::string& name) {
  const std::string whole =
      replaced(name.substr(0, name.find(" [clone")), "(anonymous namespace)", "{anonymous}");
  std::string kept;
  int depth = 0;
  for (const char character : replaced(whole, "operator()", "operator{}")) {
    const bool opens = character == '<' || character == '(';
    const bool closes = character == '>' || character == ')';
    if (opens) ++depth;
    if (depth == 0) kept += character;
    if (closes && depth > 0) --depth;
  }
  return kept.ends_with(".cold") ? kept.substr(0, kept.size() - 5) : kept;
}

bool same_function(const std::vector<Line>& ours, const std::vector<Line>& theirs, std::size_t at) {
  const std::string& own = ours[at].function;
  const std::string& other = theirs[at].function;
  const bool linkage_name = own.find("lambda") == std::string::npos &&
                            own.find("(anonymous namespace)") == std::string::npos;
  if (own == other) return true;
  // The symbol around an inlined function, or around padding.
  if (at == 0 && (own.empty() || !linkage_name || other == theirs.back().function)) return true;
  if (linkage_name && other.find('(') != std::string::npos) return bare(other) == own;
  return ("::" + bare(own)).find("::" + bare(other)) != std::string::npos ||
         bare(other).ends_with(" " + bare(own));
}

struct Score {
  std::size_t compared = 0;
  std::size_t chains = 0;
  std::size_t lines = 0;
  std::size_t files = 0;
  std::size_t functions = 0;
  std::size_t frames = 0;
  std::string differences;

  void differs(std::uint64_t address, const std::string& what, const std::string& ours,
               const std::string& theirs) {
    if (differences.size() > 5000) return;
    std::ostringstream text;
    text << "0x" << std::hex << address << ' ' << what << ": ours " << ours << ", theirs " << theirs
         << '\n';
    differences += text.str();
  }
};

void compare(std::uint64_t address, const std::vector<Line>& ours, const std::vector<Line>& theirs,
             Score& score) {
  ++score.compared;
  if (ours.size() != theirs.size()) {
    score.differs(address, "frames", std::to_string(ours.size()), std::to_string(theirs.size()));
    return;
  }
  ++score.chains;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    ++score.frames;
    ours[i].line == theirs[i].line ? void(++score.lines)
                                   : score.differs(address, "line", std::to_string(ours[i].line),
                                                   std::to_string(theirs[i].line));
    ours[i].file == theirs[i].file ? void(++score.files)
                                   : score.differs(address, "file", ours[i].file, theirs[i].file);
    same_function(ours, theirs, i)
        ? void(++score.functions)
        : score.differs(address, "function", ours[i].function, theirs[i].function);
  }
}

Score compare_program(const std::string& path) {
  places::Workshop workshop;
  const std::vector<std::uint64_t> addresses = addresses_in(text_of(path));
  const ModuleSymbols ours =
      read_module_symbols({path, places::build_id(path), 0}, {}, addresses, {});
  const Chains theirs = ask_addr2line(path, addresses, workshop.path("addresses"));
  Score score;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto other = theirs.find(addresses[i]);
    if (other == theirs.end() || other->second.empty()) continue;
    // Padding, and start-up code without debug information.
    if (other->second[0].line == 0 && (ours.frames[i].empty() || ours.frames[i][0].line == 0))
      continue;
    compare(addresses[i], chain_of(ours, i), other->second, score);
  }
  return score;
}

TEST(AgainstAddr2line, ChainsLinesFilesAndFunctionsAreTheSame) {
  if (std::string(ADDR2LINE).empty() || std::string(OBJCOPY).empty()) GTEST_SKIP() << "no binutils";
  const Score score = compare_program(places::program("places_heavy"));
  RecordProperty("compared", static_cast<int>(score.compared));
  SCOPED_TRACE(score.differences);
  EXPECT_GT(score.compared, 2000U);
  EXPECT_GE(score.chains * 1000, score.compared * 999);  // padding
  EXPECT_EQ(score.lines, score.frames);
  EXPECT_EQ(score.functions, score.frames);
  EXPECT_GE(score.files * 1000, score.frames * 995);
}

}  // namespace
}  // namespace heapscribe::symbols
