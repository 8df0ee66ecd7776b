#include "preload/capture/database.h"

#include <sys/stat.h>

#include <cstring>
#include <utility>

namespace heapscribe::capture {
namespace {

[[noreturn]] void fail(sqlite3* handle, int code, const std::string& context) {
  const char* reason = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  throw DatabaseError(context + ": " + reason, code & 0xFF);
}

void check(int code, sqlite3_stmt* statement) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  sqlite3* handle = sqlite3_db_handle(statement);
  const char* file = sqlite3_db_filename(handle, "main");
  fail(handle, code, std::string("database '") + (file != nullptr ? file : "") + "'");
}

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::ReadOnly:
      return SQLITE_OPEN_READONLY;
    case OpenMode::Immutable:
      return SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    case OpenMode::ReadWrite:
    case OpenMode::Memory:
      return SQLITE_OPEN_READWRITE;
    case OpenMode::Create:
      return SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE;
  }
  return 0;
}

// SQLite takes "immutable" only in a URI, where every byte may be written as %NN.
std::string immutable_uri(const std::string& path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return uri + "?immutable=1";
}

// SQLite gives some names a meaning of their own: ":memory:", "file:...". A path is a path.
std::string file_name(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::Memory) return path;
  return path.starts_with(':') || path.starts_with("file:") ? "./" + path : path;
}

}  // namespace

Statement& Statement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), index, value), statement_.get());
  return *this;
}

Statement& Statement::bind(int index, double value) {
  check(sqlite3_bind_double(statement_.get(), index, value), statement_.get());
  return *this;
}

Statement& Statement::bind(int index, std::string_view value) {
  check(sqlite3_bind_text(statement_.get(), index, value.data() != nullptr ? value.data() : "",
                          static_cast<int>(value.size()), SQLITE_STATIC),
        statement_.get());
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  check(sqlite3_bind_blob64(statement_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC),
        statement_.get());
  return *this;
}

Statement& Statement::bind_null(int index) {
  check(sqlite3_bind_null(statement_.get(), index), statement_.get());
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  check(code, statement_.get());
  return code == SQLITE_ROW;
}

void Statement::run() {
  const int code = sqlite3_step(statement_.get());
  check(code, statement_.get());
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

int Statement::columns() const {
  return sqlite3_column_count(statement_.get());
}

std::string Statement::column_name(int column) const {
  return sqlite3_column_name(statement_.get(), column);
}

int Statement::column_type(int column) const {
  return sqlite3_column_type(statement_.get(), column);
}

bool Statement::read_only() const {
  return sqlite3_stmt_readonly(statement_.get()) != 0;
}

std::string_view Statement::sql() const {
  const char* text = sqlite3_sql(statement_.get());
  return text != nullptr ? text : "";
}

// Nobody asks SQLite how much memory it uses, so it need not lock a counter at every allocation.
// Works only before its first use in the process.
static bool configure_sqlite() {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
}

Database::Database(const std::string& path, OpenMode mode) : path_(path) {
  static const bool configured = configure_sqlite();
  static_cast<void>(configured);
  sqlite3* handle = nullptr;
  const std::string name =
      mode == OpenMode::Immutable ? immutable_uri(path) : file_name(path, mode);
  const int code =
      sqlite3_open_v2(name.c_str(), &handle, open_flags(mode) | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(handle, code, "cannot open database '" + path + "'");
  sqlite3_busy_timeout(handle, 5000);
}

Database Database::in_memory() {
  return {":memory:", OpenMode::Memory};
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_.get(), code, "database '" + path_ + "'");
}

Statement Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) fail(handle_.get(), code, "database '" + path_ + "'");
  return Statement(statement);
}

std::int64_t Database::integer(std::string_view sql) {
  Statement statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.execute("SAVEPOINT step");
}

Transaction::~Transaction() {
  if (open_)
    sqlite3_exec(database_.handle(), "ROLLBACK TO step; RELEASE step", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("RELEASE step");
  open_ = false;
}

Database create_recording(const std::string& path) {
  Database database(path, OpenMode::Create);
  database.execute("PRAGMA journal_mode = WAL");
  database.execute("PRAGMA synchronous = NORMAL");
  Transaction transaction(database);
  database.execute(kSchemaSql);
  transaction.commit();
  return database;
}

Database open_recording(const std::string& path, OpenMode mode) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    throw DatabaseError("cannot open '" + path + "': " + std::strerror(errno), SQLITE_CANTOPEN);
  }
  if (!S_ISREG(info.st_mode)) {
    throw DatabaseError("'" + path + "' is not a file, so not a heapscribe database",
                        SQLITE_CANTOPEN);
  }
  Database database(path, mode);
  std::int64_t application = 0;
  std::int64_t version = 0;
  try {
    application = database.integer("PRAGMA application_id");
    version = database.integer("PRAGMA user_version");
  } catch (const DatabaseError& error) {
    if (error.code() != SQLITE_NOTADB) throw;
  }
  if (application != kApplicationId) {
    throw DatabaseError("'" + path + "' is not a heapscribe database", SQLITE_NOTADB);
  }
  if (version != kSchemaVersion) {
    throw DatabaseError("'" + path + "' has schema version " + std::to_string(version) +
                            "; this heapscribe reads version " + std::to_string(kSchemaVersion),
                        SQLITE_MISMATCH);
  }
  return database;
}

}  // namespace heapscribe::capture
