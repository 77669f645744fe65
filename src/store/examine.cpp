#include "store/examine.h"

#include <algorithm>

#include "store/audit.h"
#include "store/migrate.h"
#include "store/postgres.h"

namespace hg::store {

namespace {

std::string setting(Connection& tx, std::string_view name) {
  return tx.first("SELECT current_setting($1)", {name}, [](const Row& row) { return row.text(0); }).value_or("");
}

bool has_schema(Connection& tx) {
  return tx.first("SELECT to_regclass('schema_version') IS NOT NULL", {}, [](const Row& row) { return row.boolean(0); })
      .value_or(false);
}

// Each of them makes a 201 a promise that a crash of the machine breaks.
std::vector<std::string> weakened(Connection& tx) {
  std::vector<std::string> found;
  for (const std::string_view name : {"fsync", "full_page_writes", "synchronous_commit"})
    if (setting(tx, name) == "off") found.push_back(std::string(name) + " is off");
  return found;
}

}  // namespace

ServerExamination examine_server(const std::string& url) {
  ServerExamination seen;
  for (const auto& migration : postgres_migrations())
    seen.newest_schema = std::max(seen.newest_schema, number_of(migration));
  read_server(url, [&](Connection& tx) {
    const auto asked = SystemClock().now();
    const auto said = tx.first("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", {},
                               [](const Row& row) { return row.time(0); });
    seen.answer = SystemClock().now() - asked;
    if (said) seen.ahead = *said - asked - seen.answer / 2;
    seen.version = setting(tx, "server_version");
    seen.version = seen.version.substr(0, seen.version.find(' '));
    seen.bytes = tx.first("SELECT pg_database_size(current_database())", {}, [](const Row& row) {
                     return row.integer(0);
                   }).value_or(0);
    seen.weakened = weakened(tx);
    if (!has_schema(tx)) return;
    seen.schema = schema_version(tx);
    seen.oldest_program =
        tx.first("SELECT COALESCE(MAX(oldest_program), 0) FROM schema_version", {}, [](const Row& row) {
            return row.integer(0);
          }).value_or(0);
    seen.broken = audit::first_broken(tx);
  });
  return seen;
}

void read_server(const std::string& url, FunctionRef<void(Connection&)> work) {
  PostgresConnection connection({.url = url}, PostgresConnection::Access::read);
  connection.begin();
  work(connection);
  connection.rollback();
}

}  // namespace hg::store
