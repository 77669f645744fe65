#include "store/migrate.h"

#include <gtest/gtest.h>

#include "store/sqlite.h"
#include "store/testing.h"

namespace hg::store {
namespace {

struct Migrate : testing::Test {
  TemporaryFolder folder;
  SqliteConnection store{{.path = folder.file("store.db")}, SqliteConnection::Access::write};
  const EmbeddedFile one{"0001_one.sql", "CREATE TABLE one (id INTEGER); CREATE TABLE two (id INTEGER);"};
  const EmbeddedFile two{"0002_two.sql", "INSERT INTO one (id) VALUES (7);"};

  std::int64_t ones() {
    return store.first("SELECT COUNT(*) FROM one", {}, [](const Row& row) { return row.integer(0); }).value();
  }
};

TEST_F(Migrate, runs_each_once_in_the_order_of_numbers) {
  const EmbeddedFile files[] = {two, one};
  ASSERT_TRUE(migrate(store, files, Time{}));
  ASSERT_TRUE(migrate(store, files, Time{}));
  EXPECT_EQ(schema_version(store), 2);
  EXPECT_EQ(ones(), 1);
}

TEST_F(Migrate, goes_on_from_where_the_store_is) {
  const EmbeddedFile first[] = {one};
  const EmbeddedFile both[] = {one, two};
  ASSERT_TRUE(migrate(store, first, Time{}));
  ASSERT_TRUE(migrate(store, both, from_ms(99)));
  EXPECT_EQ(store.all("SELECT number, name, applied_at FROM schema_version ORDER BY number", {},
                      [](const Row& row) { return std::tuple(row.integer(0), row.text(1), row.integer(2)); }),
            (std::vector{std::tuple<std::int64_t, std::string, std::int64_t>(1, "0001_one.sql", 0),
                         std::tuple<std::int64_t, std::string, std::int64_t>(2, "0002_two.sql", 99)}));
}

TEST_F(Migrate, refuses_a_newer_schema_and_names_both_numbers) {
  const EmbeddedFile newer[] = {one, two};
  const EmbeddedFile older[] = {one};
  ASSERT_TRUE(migrate(store, newer, Time{}));
  const auto refused = migrate(store, older, Time{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_NE(refused.error().message.find("has schema 2"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("knows schema 1"), std::string::npos) << refused.error().message;
}

TEST_F(Migrate, runs_with_a_newer_schema_that_serves_it) {
  const EmbeddedFile kind{"0002_two.sql", "-- oldest program: 1\nCREATE TABLE three (id INTEGER);"};
  const EmbeddedFile newer[] = {one, kind};
  const EmbeddedFile older[] = {one};
  ASSERT_TRUE(migrate(store, newer, Time{}));
  EXPECT_TRUE(migrate(store, older, Time{}));
}

TEST_F(Migrate, leaves_nothing_of_one_that_fails) {
  const EmbeddedFile broken{"0002_broken.sql", "INSERT INTO one (id) VALUES (7); INSERT INTO nowhere VALUES (1);"};
  const EmbeddedFile files[] = {one, broken};
  EXPECT_THROW((void)migrate(store, files, Time{}), Fault);
  EXPECT_EQ(schema_version(store), 1);
  EXPECT_EQ(ones(), 0);
}

TEST_F(Migrate, the_built_in_ones_make_every_table) {
  ASSERT_TRUE(migrate(store, sqlite_migrations(), Time{}));
  for (const auto* table : {"feeds",
                            "notifications",
                            "outbox",
                            "jobs",
                            "outcomes",
                            "subscriptions",
                            "channels",
                            "idempotency",
                            "users",
                            "applications",
                            "application_secrets",
                            "cross_device_apps",
                            "cross_device_members",
                            "vapid_keys",
                            "signing_keys",
                            "sessions",
                            "consents",
                            "authorization_codes",
                            "refresh_families",
                            "tickets",
                            "revocations",
                            "audit",
                            "directory_version",
                            "settings"})
    EXPECT_NO_THROW(store.exec(std::string("SELECT COUNT(*) FROM ") + table)) << table;
}

}  // namespace
}  // namespace hg::store
