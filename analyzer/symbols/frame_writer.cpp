#include "analyzer/symbols/frame_writer.h"

#include <algorithm>

namespace heapscribe::symbols {

using capture::Database;
using capture::Statement;

TextRows::TextRows(Database& recording, const std::string& table, const std::string& column)
    : insert_(recording.prepare("INSERT INTO " + table + "(id, " + column + ") VALUES (?, ?)")) {
  Statement rows = recording.prepare("SELECT " + column + ", id FROM " + table);
  while (rows.step()) {
    ids_.emplace(rows.text(0), rows.integer(1));
    last_id_ = std::max(last_id_, rows.integer(1));
  }
}

std::int64_t TextRows::id_of(const std::string& text) {
  const auto [place, added] = ids_.try_emplace(text, last_id_ + 1);
  if (added) {
    ++last_id_;
    insert_.bind_all(place->second, std::string_view(place->first));
    insert_.run();
  }
  return place->second;
}

FrameWriter::FrameWriter(Database& recording)
    : functions_(recording, "function", "name"),
      files_(recording, "source_file", "path"),
      select_(recording.prepare("SELECT function.name, frame.file_id FROM frame "
                                "JOIN function ON function.id = frame.function_id "
                                "WHERE address_id = ?")),
      delete_(recording.prepare("DELETE FROM frame WHERE address_id = ?")),
      insert_(recording.prepare("INSERT INTO frame(address_id, depth, function_id, file_id, line, "
                                "inlined) VALUES (?, ?, ?, ?, ?, ?)")) {}

namespace {

Worth worth_of(const std::vector<Frame>& frames) {
  if (frames.empty()) return Worth::Place;
  const bool line = std::any_of(frames.begin(), frames.end(), [](const Frame& frame) {
    return frame.file != StringTable::kNone;
  });
  if (line) return Worth::Line;
  return frames.back().function != StringTable::kNone ? Worth::Function : Worth::Place;
}

}  // namespace

Worth FrameWriter::stored_worth(std::int64_t address_id, const std::string& made_up_name) {
  Worth worth = Worth::Nothing;
  select_.bind_all(address_id);
  while (select_.step()) {
    Worth row = select_.text(0) == made_up_name ? Worth::Place : Worth::Function;
    if (!select_.is_null(1)) row = Worth::Line;
    worth = std::max(worth, row);
  }
  select_.reset();
  return worth;
}

Worth FrameWriter::write(std::int64_t address_id, const std::vector<Frame>& frames,
                         const ModuleSymbols& symbols, const std::string& made_up_name) {
  const Worth stored = stored_worth(address_id, made_up_name);
  const Worth worth = worth_of(frames);
  if (stored > worth) return stored;
  if (stored != Worth::Nothing) {
    delete_.bind_all(address_id);
    delete_.run();
  }
  if (frames.empty()) {
    write_frame(address_id, 0, functions_.id_of(made_up_name), Frame{}, symbols);
    return worth;
  }
  std::int64_t depth = 0;
  for (const Frame& frame : frames) {
    const bool named = frame.function != StringTable::kNone;
    const std::string& name = named ? symbols.functions.at(frame.function) : made_up_name;
    write_frame(address_id, depth++, functions_.id_of(name), frame, symbols);
  }
  return worth;
}

void FrameWriter::write_frame(std::int64_t address_id, std::int64_t depth, std::int64_t function,
                              const Frame& frame, const ModuleSymbols& symbols) {
  insert_.bind(1, address_id).bind(2, depth).bind(3, function);
  if (frame.file != StringTable::kNone) {
    insert_.bind(4, files_.id_of(symbols.files.at(frame.file)));
  } else {
    insert_.bind_null(4);
  }
  if (frame.line != 0) {
    insert_.bind(5, std::int64_t{frame.line});
  } else {
    insert_.bind_null(5);
  }
  insert_.bind(6, std::int64_t{frame.inlined});
  insert_.run();
}

}  // namespace heapscribe::symbols
