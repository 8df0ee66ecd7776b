// What a report looks like before it is text, JSON, CSV or Markdown: facts and tables with named,
// typed columns. A report builds one Document; every format writes the same rows.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "analyzer/model/frame_table.h"

namespace heapscribe::render {

enum class Unit {
  Text,
  Name,  // of a function, file or module: may be long and hold anything
  Count,
  Bytes,
  Share,   // 0..1; a percentage in text
  Number,  // as it is, without grouping
  Stack,
};

enum class Shown { Everywhere, InText, InData };  // data: JSON and CSV

struct Column {
  std::string key;    // in data
  std::string title;  // in text
  Unit unit = Unit::Text;
  Shown shown = Shown::Everywhere;
};

using Numbers = std::vector<std::int64_t>;  // a series
using Value =
    std::variant<std::monostate, bool, std::int64_t, double, std::string, model::Stack, Numbers>;

struct Row {
  std::vector<Value> values;         // one per column
  std::vector<std::string> details;  // further lines; in text, not of a tree
  std::vector<Row> children;         // of a tree
};

enum class Layout { Flat, Tree };  // Tree: the last column in text is drawn as a tree

struct Table {
  std::string key;      // in JSON, if the document is an object
  std::string heading;  // in text and Markdown; "" = none
  std::vector<Column> columns;
  std::vector<Row> rows;
  Layout layout = Layout::Flat;
  std::string when_empty = "nothing to show";
};

// A single value. A key "a.b" becomes member b of object a in JSON.
struct Fact {
  std::string key;
  Value value;
};

// JSON is the rows of the first table, or an object of the facts and tables.
enum class DataShape { Array, Object };

struct Document {
  std::string title;
  std::vector<std::string> lead;  // lines below the title; in text and Markdown
  std::vector<Fact> facts;        // data only: text says them in its own words in `lead`
  std::vector<Table> tables;
  std::vector<std::string> closing;  // lines at the end; in text and Markdown
  std::vector<std::string> notes;    // what the reader has to know about the recording
  DataShape shape = DataShape::Array;
};

}  // namespace heapscribe::render
