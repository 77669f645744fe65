#include "store/migrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "store/again.h"

namespace hg::store {

namespace {

struct Migration {
  std::int64_t number = 0;
  std::int64_t oldest_program = 0;
  std::string_view name;
  std::string_view text;
};

std::int64_t leading_number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Migration parse(const EmbeddedFile& file) {
  Migration migration{.number = leading_number(file.name), .name = file.name, .text = file.text};
  if (migration.number <= 0) throw std::logic_error(fmt::format("{}: a migration begins with its number", file.name));
  constexpr std::string_view kOldest = "-- oldest program: ";
  const auto at = file.text.find(kOldest);
  migration.oldest_program =
      at == std::string_view::npos ? migration.number : leading_number(file.text.substr(at + kOldest.size()));
  if (migration.oldest_program <= 0 || migration.oldest_program > migration.number)
    throw std::logic_error(fmt::format("{}: no such oldest program", file.name));
  return migration;
}

std::vector<Migration> in_order(std::span<const EmbeddedFile> files) {
  std::vector<Migration> migrations;
  migrations.reserve(files.size());
  for (const auto& file : files) migrations.push_back(parse(file));
  std::ranges::sort(migrations, {}, &Migration::number);
  return migrations;
}

template <class F>
void in_transaction(Connection& connection, F work) {
  Again again(connection);
  while (true) {
    try {
      connection.begin();
      work();
      connection.commit();
      return;
    } catch (const Fault& fault) {
      connection.rollback();
      if (!again(fault)) throw;
    } catch (...) {
      connection.rollback();
      throw;
    }
  }
}

// Two that begin together may both find no table: PostgreSQL refuses the later one, IF NOT EXISTS or not, when the
// earlier has committed.
void make_table(Connection& connection) {
  for (int left = 3;;) {
    try {
      in_transaction(connection, [&] {
        connection.exec(
            "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL, "
            "applied_at BIGINT NOT NULL, oldest_program BIGINT NOT NULL)");
      });
      return;
    } catch (const Fault&) {
      if (--left == 0) throw;
    }
  }
}

struct Present {
  std::int64_t schema = 0;
  std::int64_t oldest_program = 0;
};

Present present(Connection& connection) {
  return *connection.first("SELECT COALESCE(MAX(number), 0), COALESCE(MAX(oldest_program), 0) FROM schema_version", {},
                           [](const Row& row) { return Present{row.integer(0), row.integer(1)}; });
}

// Unless another process was first. SQLite has one writer anyway.
void run(Connection& connection, const Migration& migration, Time now) {
  if (connection.dialect() == Dialect::postgresql) connection.exec("LOCK TABLE schema_version IN EXCLUSIVE MODE");
  if (present(connection).schema >= migration.number) return;
  connection.script(migration.text);
  connection.exec("INSERT INTO schema_version (number, name, applied_at, oldest_program) VALUES ($1, $2, $3, $4)",
                  {migration.number, migration.name, now, migration.oldest_program});
}

}  // namespace

std::int64_t number_of(const EmbeddedFile& migration) { return leading_number(migration.name); }

std::int64_t schema_version(Connection& connection) { return present(connection).schema; }

Result<void> migrate(Connection& connection, std::span<const EmbeddedFile> files, Time now) {
  const auto migrations = in_order(files);
  const std::int64_t newest = migrations.empty() ? 0 : migrations.back().number;
  make_table(connection);
  if (const auto found = present(connection); found.oldest_program > newest)
    return fail(Code::unavailable,
                fmt::format("the store has schema {}, which serves programs that know schema {} or newer; this program "
                            "knows schema {}: run a newer heliograph, or restore a backup that is older",
                            found.schema, found.oldest_program, newest));
  for (const auto& migration : migrations)
    if (migration.number > present(connection).schema)
      in_transaction(connection, [&] { run(connection, migration, now); });
  return {};
}

}  // namespace hg::store
