// Documents for a terminal. Everything is made printable here, last, and lines of tables never
// exceed the width; only commands and paths that are meant to be copied may.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

#include "analyzer/render/cell.h"
#include "analyzer/render/printable.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

constexpr std::size_t kGap = 2;         // between columns
constexpr std::size_t kNarrowest = 12;  // a column of text is not made narrower
constexpr std::size_t kDetailIndent = 2;
constexpr std::size_t kChainIndent = 4;  // of the further lines of a chain in a tree

using Line = std::vector<std::string>;  // one cell per shown column

struct Grid {
  std::vector<Column> columns;
  std::vector<std::size_t> indices;  // into Row::values
  std::vector<std::size_t> widths;
};

Grid shown_columns(const Table& table) {
  Grid grid;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (!is_shown_in_text(table.columns[i])) continue;
    grid.columns.push_back(table.columns[i]);
    grid.indices.push_back(i);
    grid.widths.push_back(text_width(table.columns[i].title));
  }
  return grid;
}

Line cells_of(const Grid& grid, const Row& row, std::size_t width) {
  Line cells;
  for (std::size_t i = 0; i < grid.columns.size(); ++i) {
    cells.push_back(
        fit_foreign(cell_text(row.values[grid.indices[i]], grid.columns[i].unit), width));
  }
  return cells;
}

void widen(Grid& grid, const Line& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    grid.widths[i] = std::max(grid.widths[i], text_width(cells[i]));
  }
}

std::size_t total_width(const Grid& grid) {
  std::size_t total = grid.widths.empty() ? 0 : kGap * (grid.widths.size() - 1);
  for (const std::size_t width : grid.widths) total += width;
  return total;
}

// The widest of the columns for which `may` holds; null if it holds for none.
template <typename Condition>
std::size_t* widest_of(Grid& grid, const Condition& may) {
  std::size_t* widest = nullptr;
  for (std::size_t i = 0; i < grid.widths.size(); ++i) {
    if (may(i) && (widest == nullptr || grid.widths[i] > *widest)) widest = &grid.widths[i];
  }
  return widest;
}

// Takes columns from the widest text until the table fits, then from the widest of all.
void shrink(Grid& grid, std::size_t width) {
  const auto is_long_text = [&](std::size_t i) {
    return !is_numeric(grid.columns[i].unit) && grid.widths[i] > kNarrowest;
  };
  const auto is_left = [&](std::size_t i) { return grid.widths[i] > 1; };
  while (total_width(grid) > width) {
    std::size_t* widest = widest_of(grid, is_long_text);
    if (widest == nullptr) widest = widest_of(grid, is_left);
    if (widest == nullptr) return;
    --*widest;
  }
}

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string join(const Grid& grid, const Line& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string cell = fit(cells[i], grid.widths[i]);
    if (i > 0) line.append(kGap, ' ');
    line += is_numeric(grid.columns[i].unit) ? pad_left(cell, grid.widths[i])
                                             : pad_right(cell, grid.widths[i]);
  }
  return without_trailing_blanks(line);
}

void write_titles(std::ostream& out, const Grid& grid, std::size_t width) {
  Line titles;
  for (const Column& column : grid.columns) titles.push_back(column.title);
  const bool any =
      std::any_of(titles.begin(), titles.end(), [](const std::string& t) { return !t.empty(); });
  if (any) out << fit(join(grid, titles), width) << '\n';
}

void write_details(std::ostream& out, const Row& row, std::size_t width) {
  for (const std::string& detail : row.details) {
    out << std::string(kDetailIndent, ' ') << fit(printable(detail), width - kDetailIndent) << '\n';
  }
}

void write_flat(std::ostream& out, const Table& table, std::size_t width) {
  Grid grid = shown_columns(table);
  std::vector<Line> lines;
  for (const Row& row : table.rows) {
    lines.push_back(cells_of(grid, row, width));
    widen(grid, lines.back());
  }
  shrink(grid, width);
  write_titles(out, grid, width);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0 && !table.rows[i - 1].details.empty()) out << '\n';
    out << join(grid, lines[i]) << '\n';
    write_details(out, table.rows[i], width);
  }
}

// Tree: numbers in columns, then the branches, then the names. A chain of rows with the same
// numbers becomes one row with all their names.
class TreeWriter {
 public:
  TreeWriter(std::ostream& out, const Table& table, std::size_t width)
      : out_(out), grid_(shown_columns(table)), width_(width) {
    grid_.widths.pop_back();
    for (const Row& row : table.rows) measure(row);
    write_titles_line();
    for (const Row& row : table.rows) write_row(row, "", "");
  }

 private:
  void measure(const Row& row) {
    widen(grid_, numbers(row));
    for (const Row& child : row.children) measure(child);
  }

  Line numbers(const Row& row) const {
    Line cells = cells_of(grid_, row, width_);
    cells.pop_back();
    return cells;
  }

  std::string name(const Row& row) const {
    return fit_foreign(cell_text(row.values[grid_.indices.back()], Unit::Name), width_);
  }

  void write_titles_line() {
    Line titles;
    for (const Column& column : grid_.columns) titles.push_back(column.title);
    const std::string last = titles.back();
    titles.pop_back();
    out_ << join(grid_, titles) << std::string(kGap, ' ') << last << '\n';
  }

  // The last row of the chain that begins at `row`; its names are appended to `names`.
  const Row& follow_chain(const Row& row, std::vector<std::string>& names) const {
    const Row* last = &row;
    names.push_back(name(row));
    while (last->children.size() == 1 && numbers(last->children.front()) == numbers(row)) {
      last = &last->children.front();
      names.push_back(name(*last));
    }
    return *last;
  }

  // Of a long chain the beginning and the end are shown.
  static void shorten(std::vector<std::string>& names) {
    constexpr std::size_t kLongest = 8;
    constexpr std::ptrdiff_t kKept = 5;
    if (names.size() <= kLongest) return;
    const std::size_t left_out = names.size() - kKept - 1;
    names.erase(names.begin() + kKept, names.end() - 1);
    names.insert(names.end() - 1, fmt::format("… {} more …", left_out));
  }

  void write_row(const Row& row, const std::string& branch, const std::string& below) {
    std::vector<std::string> names;
    const Row& last = follow_chain(row, names);
    shorten(names);
    const std::string prefix = join(grid_, numbers(row)) + std::string(kGap, ' ');
    const std::string blank(text_width(prefix), ' ');
    const std::size_t used = text_width(prefix) + text_width(below) + kChainIndent;
    const std::size_t room = width_ > used + kNarrowest ? width_ - used : kNarrowest;
    const bool more_below = !last.children.empty();
    const std::string continuation = below + (more_below ? "│ > " : "  > ");
    bool first = true;
    for (const std::string& line : wrap_words(names, " > ", room)) {
      out_ << (first ? prefix + branch : blank + continuation) << line << '\n';
      first = false;
    }
    write_children(last, blank, below);
  }

  void write_children(const Row& row, const std::string& blank, const std::string& below) {
    const bool shift = text_width(blank) + text_width(below) + 2 < width_ - 2 * kNarrowest;
    for (std::size_t i = 0; i < row.children.size(); ++i) {
      const bool last = i + 1 == row.children.size();
      write_row(row.children[i], shift ? below + (last ? "└ " : "├ ") : below,
                shift ? below + (last ? "  " : "│ ") : below);
    }
  }

  std::ostream& out_;
  Grid grid_;
  std::size_t width_;
};

void write_table(std::ostream& out, const Table& table, std::size_t width) {
  if (!table.heading.empty()) out << fit(printable(table.heading), width) << '\n';
  if (table.rows.empty()) {
    if (!table.when_empty.empty()) out << table.when_empty << '\n';
  } else if (table.layout == Layout::Tree) {
    TreeWriter(out, table, width);
  } else {
    write_flat(out, table, width);
  }
}

void write_lines(std::ostream& out, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) out << without_trailing_blanks(printable(line)) << '\n';
}

}  // namespace

void write_text(std::ostream& out, const Document& document, std::size_t width) {
  const char* separator = "";
  const auto begin_part = [&] { out << std::exchange(separator, "\n"); };
  if (!document.title.empty() || !document.lead.empty()) begin_part();
  if (!document.title.empty()) out << fit(printable(document.title), width) << '\n';
  write_lines(out, document.lead);
  for (const Table& table : document.tables) {
    if (!has_text(table)) continue;
    begin_part();
    write_table(out, table, width);
  }
  if (!document.closing.empty()) begin_part();
  write_lines(out, document.closing);
  if (!document.notes.empty()) begin_part();
  for (const std::string& note : document.notes) {
    for (const std::string& line : wrap_text(printable(note), width)) out << line << '\n';
  }
}

}  // namespace heapscribe::render
