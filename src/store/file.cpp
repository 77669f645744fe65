#include "store/file.h"

#include <fmt/format.h>

#include <filesystem>

#include "store/audit.h"
#include "store/migrate.h"
#include "store/sqlite.h"

namespace hg::store {

namespace {

constexpr std::size_t kMaxProblems = 5;

std::int64_t number(Connection& tx, std::string_view sql) {
  return tx.first(sql, {}, [](const Row& row) { return row.integer(0); }).value_or(0);
}

std::vector<std::string> problems_of(Connection& tx) {
  std::vector<std::string> problems;
  tx.exec("PRAGMA quick_check(5)", {}, [&](const Row& row) {
    if (row.view(0) != "ok" && problems.size() < kMaxProblems) problems.push_back(row.text(0));
  });
  if (!problems.empty()) return problems;
  if (const auto broken = audit::first_broken(tx))
    problems.push_back(fmt::format("line {} of the audit log does not follow from the one before", *broken));
  return problems;
}

}  // namespace

void copy_file(const std::string& from, const std::string& to,
               FunctionRef<void(std::int64_t copied, std::int64_t all)> progress) {
  SqliteConnection({.path = from}, SqliteConnection::Access::read).copy_to(to, progress);
}

Examination examine_file(const std::string& path) {
  Examination seen;
  std::error_code none;
  const auto bytes = std::filesystem::file_size(path + "-wal", none);
  seen.log_bytes = none ? 0 : static_cast<std::int64_t>(bytes);
  for (const auto& migration : sqlite_migrations())
    seen.newest_schema = std::max(seen.newest_schema, number_of(migration));
  read_file(path, [&](Connection& tx) {
    seen.pages = number(tx, "PRAGMA page_count");
    seen.free_pages = number(tx, "PRAGMA freelist_count");
    seen.page_size = number(tx, "PRAGMA page_size");
    seen.schema = schema_version(tx);
    seen.oldest_program = number(tx, "SELECT COALESCE(MAX(oldest_program), 0) FROM schema_version");
    const auto last = number(tx,
                             "SELECT MAX(COALESCE((SELECT MAX(applied_at) FROM schema_version), 0), "
                             "COALESCE((SELECT at FROM audit ORDER BY seq DESC LIMIT 1), 0))");
    if (last > 0) seen.last_written = from_ms(last);
    seen.problems = problems_of(tx);
  });
  return seen;
}

void read_file(const std::string& path, FunctionRef<void(Connection&)> work) {
  SqliteConnection connection({.path = path}, SqliteConnection::Access::read);
  connection.begin();
  work(connection);
  connection.rollback();
}

}  // namespace hg::store
