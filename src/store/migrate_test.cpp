#include "store/migrate.h"

#include <gtest/gtest.h>

#include <latch>

#include "store/engines_for_tests.h"

namespace hg::store {
namespace {

struct Migrate : testing::TestWithParam<const Engine*> {
  TemporaryFolder folder;
  const std::unique_ptr<Connection> connection = GetParam()->open(GetParam()->place(folder));
  Connection& store = *connection;
  const EmbeddedFile one{"0001_one.sql", "CREATE TABLE one (id INTEGER); CREATE TABLE two (id INTEGER);"};
  const EmbeddedFile two{"0002_two.sql", "INSERT INTO one (id) VALUES (7);"};

  std::int64_t ones() {
    return store.first("SELECT COUNT(*) FROM one", {}, [](const Row& row) { return row.integer(0); }).value();
  }
};

TEST_P(Migrate, runs_each_once_in_the_order_of_numbers) {
  const EmbeddedFile files[] = {two, one};
  ASSERT_TRUE(migrate(store, files, Time{}));
  ASSERT_TRUE(migrate(store, files, Time{}));
  EXPECT_EQ(schema_version(store), 2);
  EXPECT_EQ(ones(), 1);
}

TEST_P(Migrate, goes_on_from_where_the_store_is) {
  const EmbeddedFile first[] = {one};
  const EmbeddedFile both[] = {one, two};
  ASSERT_TRUE(migrate(store, first, Time{}));
  ASSERT_TRUE(migrate(store, both, from_ms(99)));
  EXPECT_EQ(store.all("SELECT number, name, applied_at FROM schema_version ORDER BY number", {},
                      [](const Row& row) { return std::tuple(row.integer(0), row.text(1), row.integer(2)); }),
            (std::vector{std::tuple<std::int64_t, std::string, std::int64_t>(1, "0001_one.sql", 0),
                         std::tuple<std::int64_t, std::string, std::int64_t>(2, "0002_two.sql", 99)}));
}

TEST_P(Migrate, refuses_a_newer_schema_and_names_both_numbers) {
  const EmbeddedFile newer[] = {one, two};
  const EmbeddedFile older[] = {one};
  ASSERT_TRUE(migrate(store, newer, Time{}));
  const auto refused = migrate(store, older, Time{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_NE(refused.error().message.find("has schema 2"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("knows schema 1"), std::string::npos) << refused.error().message;
}

TEST_P(Migrate, runs_with_a_newer_schema_that_serves_it) {
  const EmbeddedFile kind{"0002_two.sql", "-- oldest program: 1\nCREATE TABLE three (id INTEGER);"};
  const EmbeddedFile newer[] = {one, kind};
  const EmbeddedFile older[] = {one};
  ASSERT_TRUE(migrate(store, newer, Time{}));
  EXPECT_TRUE(migrate(store, older, Time{}));
}

TEST_P(Migrate, refuses_whom_one_has_left_behind_whatever_came_after_it) {
  const EmbeddedFile hard{"0002_two.sql", "CREATE TABLE three (id INTEGER);"};
  const EmbeddedFile kind{"0003_three.sql", "-- oldest program: 1\nCREATE TABLE four (id INTEGER);"};
  const EmbeddedFile newer[] = {one, hard, kind};
  const EmbeddedFile older[] = {one};
  const EmbeddedFile neighbour[] = {one, hard};
  ASSERT_TRUE(migrate(store, newer, Time{}));
  EXPECT_FALSE(migrate(store, older, Time{}));
  EXPECT_TRUE(migrate(store, neighbour, Time{}));
}

// Its statements were prepared before.
TEST_P(Migrate, disturbs_no_older_program_that_runs_where_it_only_adds) {
  const auto place = GetParam()->place(folder);
  const auto older = GetParam()->open(place), newer = GetParam()->open(place);
  const EmbeddedFile kind{"0002_two.sql",
                          "-- oldest program: 1\nALTER TABLE one ADD COLUMN more INTEGER NOT NULL DEFAULT 7;"};
  const EmbeddedFile known[] = {one};
  const EmbeddedFile all[] = {one, kind};
  const auto work = [&] {
    older->exec("INSERT INTO one (id) VALUES ($1)", {1});
    return older->all("SELECT id FROM one", {}, [](const Row& row) { return row.integer(0); }).size();
  };
  ASSERT_TRUE(migrate(*older, known, Time{}));
  EXPECT_EQ(work(), 1U);
  ASSERT_TRUE(migrate(*newer, all, Time{}));
  EXPECT_EQ(work(), 2U);
  EXPECT_EQ(newer->all("SELECT more FROM one", {}, [](const Row& row) { return row.integer(0); }),
            (std::vector<std::int64_t>{7, 7}));
}

TEST_P(Migrate, leaves_nothing_of_one_that_fails) {
  const EmbeddedFile broken{"0002_broken.sql", "INSERT INTO one (id) VALUES (7); INSERT INTO nowhere VALUES (1);"};
  const EmbeddedFile files[] = {one, broken};
  EXPECT_THROW((void)migrate(store, files, Time{}), Fault);
  EXPECT_EQ(schema_version(store), 1);
  EXPECT_EQ(ones(), 0);
}

TEST_P(Migrate, the_built_in_ones_make_every_table) {
  ASSERT_TRUE(migrate(store, GetParam()->migrations(), Time{}));
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

// Both engines answer every statement that names a column, so that they have the same ones.
TEST(Migrations, make_the_same_columns_on_both_engines) {
  TemporaryFolder folder;
  const auto columns_of = [&](const Engine& engine, std::string_view tables, std::string_view columns) {
    const auto store = engine.open(engine.place(folder));
    EXPECT_TRUE(migrate(*store, engine.migrations(), Time{}));
    std::map<std::string, std::vector<std::string>> found;
    for (const auto& table : store->all(tables, {}, [](const Row& row) { return row.text(0); }))
      found[table] = store->all(columns, {table},
                                [](const Row& row) { return row.text(0) + (row.boolean(1) ? " NOT NULL" : ""); });
    return found;
  };
  EXPECT_EQ(
      columns_of(kSqlite, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                 "SELECT name, \"notnull\" OR pk > 0 FROM pragma_table_info($1) ORDER BY name"),
      columns_of(kPostgres,
                 "SELECT c.relname::TEXT FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND "
                 "c.relkind IN ('r', 'p') AND NOT c.relispartition",
                 "SELECT a.attname::TEXT, a.attnotnull FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
                 "WHERE c.relnamespace = current_schema()::regnamespace AND c.relname::TEXT = $1 AND a.attnum > 0 AND "
                 "NOT a.attisdropped ORDER BY a.attname::TEXT COLLATE \"C\""));
}

// CONTRIBUTING.md: whoever writes one says with which program it may run beside.
TEST(Migrations, since_the_sixth_name_the_oldest_program_they_serve) {
  const auto stated = [](std::span<const EmbeddedFile> files) {
    std::map<std::int64_t, std::string> found;
    for (const auto& file : files) {
      constexpr std::string_view kOldest = "-- oldest program: ";
      const auto at = file.text.find(kOldest);
      EXPECT_TRUE(at != std::string_view::npos || number_of(file) <= 5) << file.name;
      const auto line = at == std::string_view::npos ? "" : file.text.substr(at, file.text.find('\n', at) - at);
      found.emplace(number_of(file), line);
    }
    return found;
  };
  EXPECT_EQ(stated(sqlite_migrations()), stated(postgres_migrations()));
}

TEST(Migrations, are_run_once_by_several_nodes_that_start_together) {
  constexpr int kNodes = 8;
  const auto place = kPostgres.place(TemporaryFolder());
  std::latch all_here(kNodes);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> nodes;
    for (int i = 0; i < kNodes; ++i)
      nodes.emplace_back([&] {
        const auto store = kPostgres.open(place);
        all_here.arrive_and_wait();
        if (migrate(*store, kPostgres.migrations(), Time{})) ++good;
      });
  }
  EXPECT_EQ(good, kNodes);
}

HG_ON_BOTH_ENGINES(Migrate);

}  // namespace
}  // namespace hg::store
