#include "store/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <unordered_map>

#include "store/statements.h"

namespace hg::store {

namespace {

// SQLite gives its log and index the file's own mode, so the file is made first.
void make_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  // One that is there is left alone: to close it would drop the locks that this process has on it (POSIX), and whoever
  // reads it next would take away the log that is being written.
  if (file < 0 && errno == EEXIST) return;
  if (file < 0) {
    const int error = errno;
    throw Fault(error == ENOSPC ? Fault::Kind::full : Fault::Kind::io,
                fmt::format("cannot open {}: {}", path, std::generic_category().message(error)));
  }
  ::close(file);
}

std::string_view without_lock_clause(std::string_view sql) {
  while (!sql.empty() && (sql.back() == ' ' || sql.back() == '\n' || sql.back() == ';')) sql.remove_suffix(1);
  if (sql.ends_with(" SKIP LOCKED")) sql.remove_suffix(std::string_view(" SKIP LOCKED").size());
  if (sql.ends_with(" FOR UPDATE")) sql.remove_suffix(std::string_view(" FOR UPDATE").size());
  return sql;
}

Fault::Kind kind_of(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return Fault::Kind::constraint;
    case SQLITE_FULL:
      return Fault::Kind::full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fault::Kind::busy;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      // The log's index cannot grow on a full disk either, and says so only in errno.
      return system_error == ENOSPC || code == SQLITE_IOERR_SHMSIZE ? Fault::Kind::full : Fault::Kind::io;
    default:
      return Fault::Kind::other;
  }
}

Value cell_of(sqlite3_stmt* statement, int i) {
  const auto bytes = [&](const void* data) {
    return std::string_view(static_cast<const char*>(data),
                            static_cast<std::size_t>(sqlite3_column_bytes(statement, i)));
  };
  switch (sqlite3_column_type(statement, i)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_column_int64(statement, i));
    case SQLITE_BLOB:
      return as_bytes(bytes(sqlite3_column_blob(statement, i)));
    default:
      return bytes(sqlite3_column_text(statement, i));
  }
}

int bind(sqlite3_stmt* statement, int i, const Value& value) {
  // An empty blob without an address would be bound as null.
  const char* data = value.bytes().data() == nullptr ? "" : value.bytes().data();
  const auto size = value.bytes().size();
  switch (value.kind()) {
    case Value::Kind::null:
      return sqlite3_bind_null(statement, i);
    case Value::Kind::integer:
      return sqlite3_bind_int64(statement, i, value.integer());
    case Value::Kind::text:
      return sqlite3_bind_text64(statement, i, data, size, SQLITE_STATIC, SQLITE_UTF8);
    case Value::Kind::blob:
      return sqlite3_bind_blob64(statement, i, data, size, SQLITE_STATIC);
  }
  return SQLITE_MISUSE;
}

}  // namespace

struct SqliteConnection::Statement {
  sqlite3_stmt* raw = nullptr;
  int parameters = 0;
  bool reads = false;

  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(raw); }
};

struct SqliteConnection::Handle {
  sqlite3* raw = nullptr;
  Access access = Access::read;
  // A statement is taken out while it runs, so that the same text may run inside its own rows.
  std::unordered_map<std::string, std::unique_ptr<Statement>, TextHash, std::equal_to<>> statements;
  std::function<void(int)> log_listener;
  metrics::Histogram* commits = nullptr;
  bool begun = false;  // a transaction was begun, and neither committed nor rolled back by us

  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    statements.clear();
    sqlite3_close_v2(raw);
  }
};

SqliteConnection::SqliteConnection(const SqliteOptions& options, Access access) : handle_(std::make_unique<Handle>()) {
  handle_->access = access;
  if (access == Access::write) make_private(options.path);
  const int mode = access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const int code =
      sqlite3_open_v2(options.path.c_str(), &handle_->raw, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) raise(code, fmt::format("cannot open {}", options.path));
  sqlite3_busy_timeout(handle_->raw, 5'000);
  run("PRAGMA foreign_keys = OFF");
  run("PRAGMA mmap_size = 0");
  run("PRAGMA cache_size = -16384");  // 16 MiB
  run("PRAGMA temp_store = MEMORY");
  if (access == Access::read) return;
  const auto mode_now = first("PRAGMA journal_mode = WAL", {}, [](const Row& row) { return row.text(0); });
  if (mode_now != "wal")
    throw Fault(Fault::Kind::io,
                fmt::format("{}: this file system cannot share memory between processes", options.path));
  run("PRAGMA synchronous = FULL");
  run("PRAGMA wal_autocheckpoint = 0");  // on_log's listener sees to it
  run("PRAGMA journal_size_limit = 67108864");
  if (options.max_pages > 0) set_max_pages(options.max_pages);
}

// The target of a copy: nothing needs to survive a crash in between.
SqliteConnection::SqliteConnection(const std::string& copy) : handle_(std::make_unique<Handle>()) {
  handle_->access = Access::write;
  const int code = sqlite3_open_v2(copy.c_str(), &handle_->raw,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) raise(code, fmt::format("cannot open {}", copy));
  run("PRAGMA journal_mode = OFF");
  run("PRAGMA synchronous = OFF");
}

SqliteConnection::~SqliteConnection() = default;

std::int64_t SqliteConnection::memory() { return sqlite3_memory_used(); }

void SqliteConnection::set_max_pages(std::int64_t pages) {
  run(fmt::format("PRAGMA max_page_count = {}", pages > 0 ? pages : 0xfffffffe).c_str());
}

void SqliteConnection::raise(int code, std::string_view doing) {
  const int system_error = sqlite3_system_errno(handle_->raw);
  const auto kind = kind_of(code, system_error);
  // FULL, IOERR, NOMEM and INTERRUPT may have ended the whole transaction.
  const bool lost = kind != Fault::Kind::constraint && handle_->begun && sqlite3_get_autocommit(handle_->raw) != 0;
  const Fault fault(kind, fmt::format("{}: {} (SQLite {})", doing, sqlite3_errmsg(handle_->raw), code), lost);
  if (kind == Fault::Kind::full && handle_->log_listener) handle_->log_listener(kDiskFull);
  throw fault;
}

void SqliteConnection::run(const char* sql) {
  const int code = sqlite3_exec(handle_->raw, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) raise(code, sql);
}

std::unique_ptr<SqliteConnection::Statement> SqliteConnection::prepare(std::string_view sql) {
  auto statement = std::make_unique<Statement>();
  const auto text = without_lock_clause(sql);
  const int code = sqlite3_prepare_v3(handle_->raw, text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement->raw, nullptr);
  if (code != SQLITE_OK) raise(code, text);
  statement->parameters = sqlite3_bind_parameter_count(statement->raw);
  statement->reads = sqlite3_stmt_readonly(statement->raw) != 0;
  for (int i = 1; i <= statement->parameters; ++i) {
    const char* name = sqlite3_bind_parameter_name(statement->raw, i);
    if (name == nullptr || fmt::format("${}", i) != name)
      throw std::logic_error(fmt::format("parameter {} appears where ${} should first: {}", name ? name : "?", i, sql));
  }
  if (sqlite3_column_count(statement->raw) > static_cast<int>(kMaxColumns))
    throw std::logic_error(fmt::format("more than {} columns: {}", kMaxColumns, sql));
  return statement;
}

std::unique_ptr<SqliteConnection::Statement> SqliteConnection::take(std::string_view sql) {
  const auto known = handle_->statements.find(sql);
  if (known != handle_->statements.end() && known->second) return std::move(known->second);
  return prepare(sql);
}

void SqliteConnection::keep(std::string_view sql, std::unique_ptr<Statement> statement) {
  sqlite3_reset(statement->raw);
  sqlite3_clear_bindings(statement->raw);
  if (const auto known = handle_->statements.find(sql); known != handle_->statements.end()) {
    known->second = std::move(statement);
    return;
  }
  if (handle_->statements.size() >= kMaxStatements) handle_->statements.clear();
  handle_->statements.emplace(sql, std::move(statement));
}

std::int64_t SqliteConnection::exec(std::string_view sql, std::span<const Value> parameters, Each each) {
  auto statement = take(sql);
  if (statement->parameters != static_cast<int>(parameters.size()))
    throw std::logic_error(fmt::format("{} parameters for {}: {}", parameters.size(), statement->parameters, sql));

  for (int i = 0; i < statement->parameters; ++i)
    if (const int code = bind(statement->raw, i + 1, parameters[static_cast<std::size_t>(i)]); code != SQLITE_OK)
      raise(code, sql);
  const int columns = sqlite3_column_count(statement->raw);
  std::array<Value, kMaxColumns> cells;
  std::int64_t rows = 0;
  int code = sqlite3_step(statement->raw);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement->raw)) {
    for (int i = 0; i < columns; ++i) cells[static_cast<std::size_t>(i)] = cell_of(statement->raw, i);
    each(Row(std::span(cells.data(), static_cast<std::size_t>(columns))));
    ++rows;
  }
  if (code != SQLITE_DONE) raise(code, sql);
  if (!statement->reads) rows = sqlite3_changes64(handle_->raw);
  keep(sql, std::move(statement));
  return rows;
}

void SqliteConnection::script(std::string_view sql) { run(std::string(sql).c_str()); }

void SqliteConnection::begin() {
  Connection::exec(handle_->access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN");
  handle_->begun = true;
}

void SqliteConnection::commit() {
  const auto begun = std::chrono::steady_clock::now();
  Connection::exec("COMMIT");
  handle_->begun = false;
  if (handle_->commits != nullptr) handle_->commits->observe(std::chrono::steady_clock::now() - begun);
}

void SqliteConnection::rollback() {
  if (sqlite3_get_autocommit(handle_->raw) == 0) sqlite3_exec(handle_->raw, "ROLLBACK", nullptr, nullptr, nullptr);
  handle_->begun = false;
}

void SqliteConnection::time_commits(metrics::Histogram& seconds) { handle_->commits = &seconds; }

void SqliteConnection::on_log(std::function<void(int)> listener) {
  handle_->log_listener = std::move(listener);
  const auto hook = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<Handle*>(self)->log_listener(pages);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_->raw, hook, handle_.get());
}

bool SqliteConnection::checkpoint() {
  int in_log = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(handle_->raw, nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
  if ((code & 0xff) == SQLITE_BUSY) return false;
  if (code != SQLITE_OK) raise(code, "checkpoint");
  return in_log == moved;
}

void SqliteConnection::copy_to(const std::string& path,
                               FunctionRef<void(std::int64_t copied, std::int64_t all)> progress) {
  constexpr int kStep = 1'024;  // pages between two reports
  ::unlink(path.c_str());
  make_private(path);
  SqliteConnection copy(path);
  // An open read keeps the copy at one state; without it every write elsewhere would make it begin again.
  begin();
  try {
    Connection::exec("SELECT name FROM sqlite_schema LIMIT 1");
    sqlite3_backup* raw = sqlite3_backup_init(copy.handle_->raw, "main", handle_->raw, "main");
    if (raw == nullptr) copy.raise(sqlite3_extended_errcode(copy.handle_->raw), "copying");
    const std::unique_ptr<sqlite3_backup, decltype(&sqlite3_backup_finish)> backup(raw, &sqlite3_backup_finish);
    int code = SQLITE_OK;
    while (code == SQLITE_OK) {
      code = sqlite3_backup_step(raw, kStep);
      const std::int64_t all = sqlite3_backup_pagecount(raw);
      progress(all - sqlite3_backup_remaining(raw), all);
    }
    // A step keeps its error to itself.
    if (code != SQLITE_DONE)
      throw Fault(kind_of(code, 0), fmt::format("cannot copy to {}: {}", path, sqlite3_errstr(code)));
  } catch (...) {
    rollback();
    throw;
  }
  rollback();
}

}  // namespace hg::store
