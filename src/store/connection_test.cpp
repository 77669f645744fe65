// What every driver promises.
#include <gtest/gtest.h>

#include "store/engines_for_tests.h"

namespace hg::store {
namespace {

class ConnectionContract : public testing::TestWithParam<const Engine*> {
 protected:
  void SetUp() override {
    const Engine& engine = *GetParam();
    tx = engine.open(engine.place(folder));
    tx->script("CREATE TABLE things (id " + engine.integer + " PRIMARY KEY NOT NULL, word " + engine.text +
               " UNIQUE, raw " + engine.bytes + ")");
  }
  std::int64_t count() {
    return tx->first("SELECT COUNT(*) FROM things", {}, [](const Row& row) { return row.integer(0); }).value();
  }

  TemporaryFolder folder;
  std::unique_ptr<Connection> tx;
};

enum class Colour : std::uint8_t { red = 0, blue = 7 };

TEST_P(ConnectionContract, gives_back_what_it_was_given) {
  const Guid guid = *Guid::parse("00112233-4455-6677-8899-aabbccddeeff");
  tx->exec("INSERT INTO things (id, word, raw) VALUES ($1, $2, $3)", {from_ms(1'764'500'000'123), "wörd", guid});
  bool seen = false;
  tx->exec("SELECT id, word, raw FROM things", {}, [&](const Row& row) {
    seen = true;
    EXPECT_EQ(row.size(), 3U);
    EXPECT_EQ(to_ms(row.time(0)), 1'764'500'000'123);
    EXPECT_EQ(row.text(1), "wörd");
    EXPECT_EQ(row.id<UserId>(2).guid, guid);
  });
  EXPECT_TRUE(seen);
}

TEST_P(ConnectionContract, keeps_null_and_empty_apart) {
  tx->exec("INSERT INTO things (id, word, raw) VALUES ($1, $2, $3)", {1, std::optional<std::string>(), Bytes()});
  tx->exec("INSERT INTO things (id, word, raw) VALUES ($1, $2, $3)", {2, "", nullptr});
  const auto nulls = tx->all("SELECT word, raw FROM things ORDER BY id", {},
                             [](const Row& row) { return std::pair(row.null(0), row.null(1)); });
  EXPECT_EQ(nulls, (std::vector{std::pair(true, false), std::pair(false, true)}));
}

TEST_P(ConnectionContract, keeps_zero_bytes_in_blobs) {
  const std::string raw("a\0b\xff", 4);
  tx->exec("INSERT INTO things (id, raw) VALUES ($1, $2)", {1, blob(raw)});
  EXPECT_EQ(tx->first("SELECT raw FROM things", {}, [](const Row& row) { return row.text(0); }), raw);
}

TEST_P(ConnectionContract, takes_booleans_and_enumerations_as_integers) {
  tx->exec("INSERT INTO things (id) VALUES ($1)", {Colour::blue});
  tx->exec("INSERT INTO things (id) VALUES ($1)", {true});
  EXPECT_EQ(tx->all("SELECT id FROM things ORDER BY id DESC", {}, [](const Row& row) { return row.value<Colour>(0); }),
            (std::vector{Colour::blue, static_cast<Colour>(1)}));
}

TEST_P(ConnectionContract, answers_the_rows_it_changed) {
  for (int i = 0; i < 3; ++i) tx->exec("INSERT INTO things (id, word) VALUES ($1, $2)", {i, std::to_string(i)});
  EXPECT_EQ(tx->exec("UPDATE things SET word = NULL WHERE id > $1", {0}), 2);
  EXPECT_EQ(tx->exec("DELETE FROM things WHERE id > $1", {5}), 0);
  EXPECT_EQ(tx->exec("SELECT id FROM things"), 3);
}

TEST_P(ConnectionContract, upserts_and_returns) {
  const auto upsert = [&](std::string_view word) {
    return tx->first(
        "INSERT INTO things (id, word) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET word = excluded.word "
        "RETURNING word",
        {1, word}, [](const Row& row) { return row.text(0); });
  };
  EXPECT_EQ(upsert("one"), "one");
  EXPECT_EQ(upsert("two"), "two");
  EXPECT_EQ(count(), 1);
}

TEST_P(ConnectionContract, runs_the_same_statement_inside_its_own_rows) {
  for (int i = 0; i < 3; ++i) tx->exec("INSERT INTO things (id) VALUES ($1)", {i});
  int pairs = 0;
  constexpr std::string_view kAll = "SELECT id FROM things";
  tx->exec(kAll, {}, [&](const Row&) { tx->exec(kAll, {}, [&](const Row&) { ++pairs; }); });
  EXPECT_EQ(pairs, 9);
}

TEST_P(ConnectionContract, refuses_parameters_out_of_order) {
  EXPECT_THROW(tx->exec("UPDATE things SET word = $2 WHERE id = $1", {1, "x"}), std::logic_error);
  EXPECT_THROW(tx->exec("UPDATE things SET word = ?1 WHERE id = $2", {1, "x"}), std::exception);
}

TEST_P(ConnectionContract, refuses_too_few_and_too_many_parameters) {
  EXPECT_THROW(tx->exec("DELETE FROM things WHERE id = $1"), std::logic_error);
  EXPECT_THROW(tx->exec("DELETE FROM things WHERE id = $1", {1, 2}), std::logic_error);
}

TEST_P(ConnectionContract, lets_a_parameter_appear_again) {
  tx->exec("INSERT INTO things (id, word) VALUES ($1, $2)", {1, "x"});
  EXPECT_EQ(tx->exec("SELECT id FROM things WHERE word = $1 OR (id = $2 AND word = $1)", {"x", 1}), 1);
}

TEST_P(ConnectionContract, takes_a_lock_clause) {
  tx->exec("INSERT INTO things (id) VALUES ($1)", {1});
  tx->begin();
  EXPECT_EQ(tx->exec("SELECT id FROM things WHERE id = $1 FOR UPDATE", {1}), 1);
  EXPECT_EQ(tx->exec("SELECT id FROM things WHERE id = $1 FOR UPDATE SKIP LOCKED", {1}), 1);
  tx->commit();
}

TEST_P(ConnectionContract, does_later_what_needs_no_answer_and_all_of_it_before_the_next_answer) {
  tx->begin();
  for (int i = 0; i < 100; ++i) tx->later("INSERT INTO things (id) VALUES ($1)", {i});
  EXPECT_EQ(count(), 100);
  tx->later("DELETE FROM things WHERE id < $1", {50});
  tx->commit();
  EXPECT_EQ(count(), 50);
}

TEST_P(ConnectionContract, hands_out_the_rows_of_what_was_asked_for_later_in_order) {
  std::vector<std::int64_t> seen;
  const auto see = [&](const Row& row) { seen.push_back(row.integer(0)); };
  const auto from = [&](int least) {
    tx->later("SELECT id FROM things WHERE id >= $1 ORDER BY id", std::vector<Value>{least}, see);
  };
  tx->begin();
  for (int i = 1; i <= 3; ++i) tx->later("INSERT INTO things (id) VALUES ($1)", {i});
  from(1);
  tx->later("DELETE FROM things WHERE id = $1", {2});
  from(2);
  tx->settle();
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 3, 3}));
  from(3);
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(seen.size(), 5U);
  tx->settle();
  tx->commit();
  EXPECT_EQ(seen.size(), 5U);
}

TEST_P(ConnectionContract, throws_the_fault_of_what_was_asked_for_later_when_it_is_waited_for) {
  const auto twice = [&] {
    tx->begin();
    tx->later("INSERT INTO things (id, word) VALUES ($1, $2)", {1, "same"});
    tx->later("INSERT INTO things (id, word) VALUES ($1, $2)", {2, "same"});
    tx->settle();
  };
  EXPECT_THROW(twice(), Fault);
  tx->rollback();
  EXPECT_EQ(count(), 0);
}

TEST_P(ConnectionContract, throws_the_fault_of_what_is_done_later_at_commit_at_the_latest_and_keeps_nothing) {
  const auto twice = [&] {
    tx->begin();
    tx->later("INSERT INTO things (id, word) VALUES ($1, $2)", {1, "same"});
    tx->later("INSERT INTO things (id, word) VALUES ($1, $2)", {2, "same"});
    tx->commit();
  };
  try {
    twice();
    FAIL() << "a constraint was to break";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Fault::Kind::constraint);
  }
  tx->rollback();
  EXPECT_EQ(count(), 0);
  tx->later("INSERT INTO things (id) VALUES ($1)", {3});
  EXPECT_EQ(count(), 1);
}

TEST_P(ConnectionContract, keeps_what_was_committed_and_nothing_that_was_rolled_back) {
  tx->begin();
  tx->exec("INSERT INTO things (id) VALUES ($1)", {1});
  tx->commit();
  tx->begin();
  tx->exec("INSERT INTO things (id) VALUES ($1)", {2});
  tx->rollback();
  EXPECT_EQ(count(), 1);
}

TEST_P(ConnectionContract, tells_a_broken_constraint) {
  tx->exec("INSERT INTO things (id, word) VALUES ($1, $2)", {1, "same"});
  try {
    tx->exec("INSERT INTO things (id, word) VALUES ($1, $2)", {2, "same"});
    FAIL() << "a constraint was to break";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Fault::Kind::constraint);
    EXPECT_FALSE(fault.transaction_lost());
  }
}

TEST_P(ConnectionContract, faults_at_a_cell_of_another_type) {
  tx->exec("INSERT INTO things (id, word) VALUES ($1, $2)", {1, "x"});
  const auto read = [&](auto look) { return tx->first("SELECT id, word FROM things", {}, look); };
  EXPECT_THROW(read([](const Row& row) { return row.integer(1); }), Fault);
  EXPECT_THROW(read([](const Row& row) { return row.text(0); }), Fault);
  EXPECT_THROW(read([](const Row& row) { return row.guid(1); }), Fault);
  EXPECT_THROW(read([](const Row& row) { return row.integer(2); }), Fault);
}

TEST_P(ConnectionContract, goes_on_after_what_a_row_threw) {
  for (int i = 0; i < 3; ++i) tx->exec("INSERT INTO things (id) VALUES ($1)", {i});
  EXPECT_THROW(tx->exec("SELECT id FROM things", {}, [](const Row&) { throw std::runtime_error("enough"); }),
               std::runtime_error);
  EXPECT_EQ(count(), 3);
}

TEST_P(ConnectionContract, faults_at_a_statement_it_does_not_understand) {
  EXPECT_THROW(tx->exec("SELEKT 1"), Fault);
  EXPECT_EQ(count(), 0);
}

HG_ON_BOTH_ENGINES(ConnectionContract);

}  // namespace
}  // namespace hg::store
