#include "store/postgres.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "base/metrics.h"
#include "store/again.h"
#include "store/engines_for_tests.h"

namespace hg::store {
namespace {

using Access = PostgresConnection::Access;

struct Postgres : testing::Test {
  const std::string place = PostgresServer::shared().place();
  PostgresConnection tx{{.url = place}, Access::write};
  PostgresConnection other{{.url = place}, Access::write};

  void SetUp() override { tx.script("CREATE TABLE things (id BIGINT PRIMARY KEY, word TEXT)"); }
  static std::int64_t count(Connection& connection) {
    return connection.first("SELECT COUNT(*) FROM things", {}, [](const Row& row) { return row.integer(0); }).value();
  }
  static std::int64_t process_of(Connection& connection) {
    return connection.first("SELECT pg_backend_pid()", {}, [](const Row& row) { return row.integer(0); }).value();
  }
  // Ends the connection from the server's side.
  void cut(std::int64_t process) { other.exec("SELECT pg_terminate_backend(CAST($1 AS INT), 10000)", {process}); }
  static Fault::Kind kind_of(FunctionRef<void()> work) {
    try {
      work();
    } catch (const Fault& fault) {
      return fault.kind();
    }
    ADD_FAILURE() << "it was to fault";
    return Fault::Kind::other;
  }
};

TEST_F(Postgres, a_reader_sees_one_state_and_writes_nothing) {
  PostgresConnection reader({.url = place}, Access::read);
  reader.begin();
  EXPECT_EQ(count(reader), 0);
  tx.exec("INSERT INTO things (id) VALUES ($1)", {1});
  EXPECT_EQ(count(reader), 0);
  EXPECT_THROW(reader.exec("DELETE FROM things"), Fault);
  reader.rollback();
  EXPECT_EQ(count(reader), 1);
}

TEST_F(Postgres, any_fault_ends_the_transaction_and_commit_says_so) {
  tx.begin();
  tx.exec("INSERT INTO things (id) VALUES ($1)", {1});
  try {
    tx.exec("INSERT INTO things (id) VALUES ($1)", {1});
    FAIL() << "a constraint was to break";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Fault::Kind::constraint);
    EXPECT_TRUE(fault.transaction_lost());
  }
  EXPECT_THROW(tx.commit(), Fault);
  tx.rollback();
  EXPECT_EQ(count(tx), 0);
}

TEST_F(Postgres, connects_again_after_the_server_has_left) {
  const auto process = process_of(tx);
  cut(process);
  tx.begin();
  tx.exec("INSERT INTO things (id) VALUES ($1)", {1});
  tx.commit();
  EXPECT_NE(process_of(tx), process);
  EXPECT_EQ(count(other), 1);
}

TEST_F(Postgres, what_was_cut_in_the_middle_keeps_nothing_and_goes_on_anew) {
  tx.begin();
  tx.exec("INSERT INTO things (id) VALUES ($1)", {1});
  cut(process_of(tx));
  EXPECT_EQ(kind_of([&] { tx.exec("INSERT INTO things (id) VALUES ($1)", {2}); }), Fault::Kind::io);
  tx.rollback();
  tx.begin();
  tx.exec("INSERT INTO things (id) VALUES ($1)", {3});
  tx.commit();
  EXPECT_EQ(tx.all("SELECT id FROM things", {}, [](const Row& row) { return row.integer(0); }),
            std::vector<std::int64_t>{3});
}

TEST_F(Postgres, a_commit_that_was_cut_is_an_unknown_outcome) {
  tx.begin();
  tx.exec("INSERT INTO things (id) VALUES ($1)", {1});
  cut(process_of(tx));
  EXPECT_EQ(kind_of([&] { tx.commit(); }), Fault::Kind::io);
}

TEST_F(Postgres, a_wait_for_the_standby_that_is_cancelled_is_an_unknown_outcome) {
  // Given a standby that never comes
  PostgresServer alone({"-c", "fsync=off", "-c", "synchronous_standby_names=nobody"});
  PostgresConnection here({.url = alone.url()}, Access::write);
  PostgresConnection beside({.url = alone.url()}, Access::write);
  here.exec("SET synchronous_commit = local");
  here.script("CREATE TABLE things (id BIGINT PRIMARY KEY)");
  here.exec("SET synchronous_commit = on");
  // When the wait for it is cancelled, and the server says COMMIT
  std::jthread canceller([&] {
    const auto cancelled = [&] {
      return beside.exec("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") > 0;
    };
    while (!cancelled()) std::this_thread::yield();
  });
  here.begin();
  here.exec("INSERT INTO things (id) VALUES ($1)", {1});
  EXPECT_EQ(kind_of([&] { here.commit(); }), Fault::Kind::io);
  here.rollback();
  // Then it is there, and may not have been
  EXPECT_EQ(count(here), 1);
}

TEST_F(Postgres, a_statement_takes_so_long_and_no_longer) {
  PostgresConnection hasty({.url = place, .statement = Duration(50)}, Access::write);
  EXPECT_EQ(kind_of([&] { hasty.exec("SELECT CAST(pg_sleep(600) AS TEXT)"); }), Fault::Kind::busy);
  EXPECT_EQ(count(hasty), 0);
}

TEST_F(Postgres, does_not_wait_for_another_transactions_row_for_ever) {
  PostgresConnection hasty({.url = place, .lock = Duration(50)}, Access::write);
  tx.exec("INSERT INTO things (id) VALUES ($1)", {1});
  tx.begin();
  tx.exec("SELECT id FROM things WHERE id = $1 FOR UPDATE", {1});
  EXPECT_EQ(kind_of([&] { hasty.exec("UPDATE things SET word = '' WHERE id = $1", {1}); }), Fault::Kind::busy);
  tx.commit();
}

TEST_F(Postgres, a_transaction_of_one_that_stands_still_lets_go) {
  PostgresConnection slow({.url = place, .idle = Duration(50)}, Access::write);
  tx.exec("INSERT INTO things (id) VALUES ($1)", {1});
  slow.begin();
  slow.exec("SELECT id FROM things WHERE id = $1 FOR UPDATE", {1});
  tx.exec("UPDATE things SET word = 'mine' WHERE id = $1", {1});
  EXPECT_EQ(kind_of([&] { slow.exec("UPDATE things SET word = 'his' WHERE id = $1", {1}); }), Fault::Kind::io);
}

// Each locks what the other wants next.
TEST_F(Postgres, a_deadlock_is_a_conflict_and_both_go_well_in_the_end) {
  tx.exec("INSERT INTO things (id) VALUES (1), (2)");
  std::latch both(2);
  std::atomic<int> conflicts = 0;
  const auto cross = [&](PostgresConnection& connection, int first, int second) {
    Again again(connection);
    bool met = false;
    while (true) try {
        connection.begin();
        connection.exec("UPDATE things SET word = 'x' WHERE id = $1", {first});
        if (!std::exchange(met, true)) both.arrive_and_wait();
        connection.exec("UPDATE things SET word = 'x' WHERE id = $1", {second});
        return connection.commit();
      } catch (const Fault& fault) {
        connection.rollback();
        EXPECT_EQ(fault.kind(), Fault::Kind::conflict);
        ++conflicts;
        if (!again(fault)) throw;
      }
  };
  std::thread beside([&] { cross(other, 2, 1); });
  cross(tx, 1, 2);
  beside.join();
  EXPECT_GE(conflicts, 1);
  EXPECT_EQ(tx.exec("SELECT id FROM things WHERE word = 'x'"), 2);
}

TEST_F(Postgres, cannot_be_reached_at_once_and_then_is) {
  PostgresServer own({"-c", "fsync=off"});
  PostgresConnection here({.url = own.url()}, Access::write);
  here.script("CREATE TABLE things (id BIGINT PRIMARY KEY)");
  own.tell("kill");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(kind_of([&] { count(here); }), Fault::Kind::io);
  own.tell("start");
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const auto answers = [&] {
    try {
      return count(here) == 0;
    } catch (const Fault&) {
      return false;
    }
  };
  while (!answers()) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::yield();
  }
}

TEST_F(Postgres, times_its_commits) {
  metrics::Histogram commits(metrics::kSeconds);
  tx.time_commits(commits);
  tx.begin();
  tx.exec("INSERT INTO things (id) VALUES ($1)", {1});
  tx.commit();
  EXPECT_EQ(commits.content().count(), 1U);
}

TEST_F(Postgres, sends_and_takes_what_is_larger_than_a_socket_holds) {
  const std::string much(8'000'000, 'x');
  tx.exec("INSERT INTO things (id, word) VALUES ($1, $2)", {1, much});
  EXPECT_EQ(tx.first("SELECT word FROM things WHERE id = $1", {1}, [](const Row& row) { return row.text(0); }), much);
}

TEST_F(Postgres, refuses_a_value_of_another_type_than_its_column) {
  EXPECT_THROW(tx.exec("INSERT INTO things (id) VALUES ($1)", {"1"}), std::logic_error);
  EXPECT_THROW(tx.exec("INSERT INTO things (word) VALUES ($1)", {1}), std::logic_error);
  EXPECT_THROW(tx.exec("INSERT INTO things (word) VALUES ($1)", {blob("x")}), std::logic_error);
}

TEST(PostgresUrl, is_said_without_its_password) {
  EXPECT_EQ(readable_url("postgresql://heliograph:s3cret@db.example:5433/notes?sslmode=verify-full"),
            "postgresql://db.example:5433/notes");
  try {
    readable_url("postgresql://heliograph:s3cret@db.example:5433/notes?what=is");
    FAIL() << "it was to be refused";
  } catch (const Fault& fault) {
    EXPECT_EQ(std::string(fault.what()).find("s3cret"), std::string::npos);
  }
}

TEST(PostgresUrl, an_unreachable_server_is_named_and_its_password_is_not) {
  PostgresConnection nowhere({.url = "postgresql://heliograph:s3cret@127.0.0.1:1/notes"}, Access::write);
  try {
    nowhere.exec("SELECT 1");
    FAIL() << "nobody listens there";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Fault::Kind::io);
    EXPECT_NE(std::string(fault.what()).find("127.0.0.1"), std::string::npos);
    EXPECT_EQ(std::string(fault.what()).find("s3cret"), std::string::npos);
  }
}

}  // namespace
}  // namespace hg::store
