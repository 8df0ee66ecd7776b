// SQLite as three owning types. Everything else that the project knows about SQLite is SQL.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace heapscribe::capture {

inline constexpr int kApplicationId = 0x48505343;  // "HPSC", as in schema.sql
inline constexpr int kSchemaVersion = 2;

// A failed statement or file. what() is one sentence with the file's name.
class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(const std::string& message, int code) : std::runtime_error(message), code_(code) {}
  // SQLite's primary result code, e.g. SQLITE_FULL.
  int code() const { return code_; }

 private:
  int code_;
};

// A prepared statement. Text and blobs that were bound must outlive the next step().
class Statement {
 public:
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view value);
  Statement& bind_null(int index);
  Statement& bind_blob(int index, std::string_view bytes);
  template <typename... Values>
  Statement& bind_all(const Values&... values) {
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }

  // True while there is a row to read.
  bool step();
  // Runs a statement that returns no rows and makes it ready to be bound again.
  void run();
  void reset();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  int columns() const;
  std::string column_name(int column) const;
  int column_type(int column) const;  // SQLITE_INTEGER, ...
  bool read_only() const;             // the statement itself changes no database
  std::string_view sql() const;       // what was prepared: the first statement of the text given

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Immutable: read-only without locks or -shm file, for a database that nobody writes.
enum class OpenMode { ReadOnly, Immutable, ReadWrite, Create, Memory };

// A connection and its statements belong to one thread.
class Database {
 public:
  // Throws DatabaseError. Create fails if the file exists.
  Database(const std::string& path, OpenMode mode);
  static Database in_memory();

  void execute(const char* sql);  // any number of statements, no results
  Statement prepare(std::string_view sql);
  std::int64_t integer(std::string_view sql);  // first column of the first row, 0 if none
  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// Rolls back unless commit() was called.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

// The text of schema.sql.
extern const char* const kSchemaSql;

// Creates an empty recording (schema, no rows). Throws DatabaseError.
Database create_recording(const std::string& path);

// Opens an existing recording; refuses foreign files and other schema versions with one sentence.
Database open_recording(const std::string& path, OpenMode mode);

}  // namespace heapscribe::capture
