#include "store/erase.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "store/testing.h"

namespace hg::store {
namespace {

// Every table with a column of that name; a new one that keeps something of a user is found here.
std::vector<std::string> tables_with(Connection& tx, const std::string& column) {
  return tx.all(
      "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = $1",
      {column}, [](const Row& row) { return row.text(0); });
}

// A row with values of some kind in every column that must have one.
void fill(Connection& tx, const std::string& table, UserId user) {
  struct Column {
    std::string name, type;
  };
  const auto columns = tx.all("SELECT name, type FROM pragma_table_info($1) WHERE \"notnull\" = 1 OR name = 'user_id'",
                              {table}, [](const Row& row) { return Column{row.text(0), row.text(1)}; });
  std::string names, values;
  for (const auto& [name, type] : columns) {
    if (name == "seq") continue;
    names += (names.empty() ? "" : ", ") + name;
    const bool own = name == "user_id";
    const bool shard = name == "shard" || name == "owner_shard";
    values += values.empty() ? "" : ", ";
    values += own              ? "x'" + hex(user.view()) + "'"
              : shard          ? std::to_string(shard_of(user.guid))
              : type == "BLOB" ? "randomblob(16)"
              : type == "TEXT" ? "hex(randomblob(8))"
                               : "1";
  }
  tx.exec("INSERT INTO " + table + " (" + names + ") VALUES (" + values + ")");
}

TEST(Erase, leaves_no_row_of_the_user_in_any_table_and_all_of_others) {
  // The tables are the same on every engine; their list is asked for as SQLite has it.
  TemporaryStore store(kSqlite);
  const UserId alice{crypto::random_guid()}, bob{crypto::random_guid()};
  store->transact_now([&](Connection& tx) {
    const auto tables = tables_with(tx, "user_id");
    EXPECT_GE(tables.size(), 13U);
    for (const auto& table : tables)
      for (const UserId& user : {alice, bob}) fill(tx, table, user);
    tx.exec("INSERT INTO users (id, upn, upn_key, created_at) VALUES ($1, 'a', 'a', 1)", {alice});
    erase_user(tx, alice);
    for (const auto& table : tables) {
      const auto left = tx.first("SELECT COUNT(*) FROM " + table + " WHERE user_id = $1", {alice},
                                 [](const Row& row) { return row.integer(0); });
      EXPECT_EQ(left, 0) << table;
      const auto others = tx.first("SELECT COUNT(*) FROM " + table + " WHERE user_id = $1", {bob},
                                   [](const Row& row) { return row.integer(0); });
      EXPECT_EQ(others, 1) << table;
    }
    EXPECT_EQ(tx.first("SELECT COUNT(*) FROM users", {}, [](const Row& row) { return row.integer(0); }), 0);
  });
}

}  // namespace
}  // namespace hg::store
