// Documents as JSON. Whatever bytes a name holds, the output is valid: what is not UTF-8 becomes
// U+FFFD.
#include <nlohmann/json.hpp>
#include <ostream>
#include <unordered_map>

#include "analyzer/render/cell.h"
#include "analyzer/render/writers.h"

namespace heapscribe::render {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json frame_json(const model::Frame& frame) {
  return {{"function", frame.function},
          {"file", frame.file},
          {"line", frame.line},
          {"module", frame.module},
          {"inlined", frame.inlined}};
}

Json stack_json(const model::Stack& stack) {
  Json frames = Json::array();
  for (const model::Frame* frame : stack) frames.push_back(frame_json(*frame));
  return frames;
}

Json value_json(const Value& value) {
  if (const auto* stack = std::get_if<model::Stack>(&value)) return stack_json(*stack);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* numbers = std::get_if<Numbers>(&value)) return *numbers;
  return nullptr;
}

// Writes rows one by one. A recording has far more stacks than frames, so the text of a frame is
// made once.
class RowWriter {
 public:
  RowWriter(std::ostream& out, const Table& table) : out_(out), table_(table) {
    for (const Column& column : table.columns) keys_.push_back(dump(column.key) + ":");
  }

  void write_array(const std::vector<Row>& rows, const char* between) {
    out_ << '[';
    const char* separator = between;
    for (const Row& row : rows) {
      out_ << separator;
      write_row(row);
      separator = *between == '\n' ? ",\n" : ",";
    }
    out_ << (*between == '\n' ? "\n]" : "]");
  }

 private:
  void write_row(const Row& row) {
    const char* separator = "{";
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (!is_shown_in_data(table_.columns[i])) continue;
      out_ << separator << keys_[i];
      write_value(row.values[i]);
      separator = ",";
    }
    if (table_.layout == Layout::Tree) {
      out_ << ",\"children\":";
      write_array(row.children, "");
    }
    out_ << '}';
  }

  void write_value(const Value& value) {
    const auto* stack = std::get_if<model::Stack>(&value);
    if (stack == nullptr) {
      out_ << dump(value_json(value));
      return;
    }
    out_ << '[';
    for (std::size_t i = 0; i < stack->size(); ++i) {
      if (i > 0) out_ << ',';
      out_ << frame_text(*(*stack)[i]);
    }
    out_ << ']';
  }

  const std::string& frame_text(const model::Frame& frame) {
    std::string& text = frames_[&frame];
    if (text.empty()) text = dump(frame_json(frame));
    return text;
  }

  std::ostream& out_;
  const Table& table_;
  std::vector<std::string> keys_;
  std::unordered_map<const model::Frame*, std::string> frames_;
};

Json row_json(const Table& table, const Row& row) {
  Json object = Json::object();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (is_shown_in_data(table.columns[i]))
      object[table.columns[i].key] = value_json(row.values[i]);
  }
  return object;
}

void set_fact(Json& object, const Fact& fact) {
  const std::size_t dot = fact.key.find('.');
  if (dot == std::string::npos) {
    object[fact.key] = value_json(fact.value);
  } else {
    set_fact(object[fact.key.substr(0, dot)], {fact.key.substr(dot + 1), fact.value});
  }
}

Json object_json(const Document& document) {
  Json object = Json::object();
  for (const Fact& fact : document.facts) set_fact(object, fact);
  for (const Table& table : document.tables) {
    Json& rows = object[table.key] = Json::array();
    for (const Row& row : table.rows) rows.push_back(row_json(table, row));
  }
  object["notes"] = document.notes;
  return object;
}

}  // namespace

std::string json_text(const std::string& text) {
  return dump(text);
}

void write_json(std::ostream& out, const Document& document) {
  if (document.shape == DataShape::Object) {
    out << dump(object_json(document), 2) << '\n';
    return;
  }
  const Table& table = document.tables.front();
  if (table.rows.empty()) {
    out << "[]\n";
    return;
  }
  RowWriter(out, table).write_array(table.rows, "\n");
  out << '\n';
}

}  // namespace heapscribe::render
