#include "store/database.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <latch>
#include <semaphore>
#include <thread>

#include "base/run_for_tests.h"
#include "store/directory.h"
#include "store/settings.h"
#include "store/testing.h"

namespace hg::store {
namespace {

namespace asio = boost::asio;

// Runs a coroutine on a loop of its own to its end.
void run(const std::function<asio::awaitable<void>()>& coroutine) {
  asio::io_context loop(1);
  hg::run(loop, coroutine());
}

std::int64_t number(Connection& tx, std::string_view key) { return std::stoll(settings::find(tx, key).value_or("0")); }

void increment(Connection& tx, std::string_view key) { settings::put(tx, key, std::to_string(number(tx, key) + 1)); }

// `count` times a hundred pages, each in a transaction, over the same two hundred.
void write_pages(Database& store, int count) {
  for (int i = 0; i < count; ++i)
    store.transact_now([&](Connection& tx) {
      for (int k = 0; k < 10; ++k)
        settings::put(tx, std::to_string(i % 2 * 10 + k), std::string(40'000, static_cast<char>('a' + i / 2 % 26)));
    });
}

class AnyDatabase : public testing::TestWithParam<const Engine*> {};
HG_ON_BOTH_ENGINES(AnyDatabase);

TEST_P(AnyDatabase, keeps_what_a_transaction_did) {
  TemporaryStore store(*GetParam(), 4);
  run([&]() -> asio::awaitable<void> {
    const int answer = co_await store->transact([&](Connection& tx) {
      settings::put(tx, "colour", "blue");
      return 42;
    });
    EXPECT_EQ(answer, 42);
    const auto colour = co_await store->read([](Connection& tx) { return settings::find(tx, "colour"); });
    EXPECT_EQ(colour, "blue");
  });
  store.reopen();
  EXPECT_EQ(store->read_now([](Connection& tx) { return settings::find(tx, "colour"); }), "blue");
}

TEST_P(AnyDatabase, throws_what_the_work_threw_and_keeps_nothing_of_it) {
  TemporaryStore store(*GetParam(), 4);
  EXPECT_THROW(run([&]() -> asio::awaitable<void> {
                 co_await store->transact([](Connection& tx) {
                   settings::put(tx, "colour", "blue");
                   throw std::out_of_range("no");
                 });
               }),
               std::out_of_range);
  EXPECT_EQ(store->read_now([](Connection& tx) { return settings::find(tx, "colour"); }), std::nullopt);
}

TEST_P(AnyDatabase, commits_beside_a_refusal) {
  TemporaryStore store(*GetParam(), 4);
  const auto refused = store->transact_now([](Connection& tx) -> Result<int> {
    settings::put(tx, "attempts", "1");
    return fail(Code::not_found, "no");
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(store->read_now([](Connection& tx) { return settings::find(tx, "attempts"); }), "1");
}

TEST_P(AnyDatabase, resumes_on_the_loop_that_asked) {
  TemporaryStore store(*GetParam(), 4);
  run([&]() -> asio::awaitable<void> {
    const auto mine = std::this_thread::get_id();
    const auto theirs = co_await store->transact([](Connection&) { return std::this_thread::get_id(); });
    EXPECT_EQ(std::this_thread::get_id(), mine);
    EXPECT_NE(theirs, mine);
  });
}

TEST_P(AnyDatabase, does_not_write_while_it_reads) {
  TemporaryStore store(*GetParam(), 4);
  EXPECT_THROW(store->read_now([](Connection& tx) { settings::put(tx, "colour", "blue"); }), Fault);
}

TEST_P(AnyDatabase, is_looked_into_on_the_callers_thread) {
  TemporaryStore store(*GetParam(), 4);
  store->transact_now([](Connection& tx) { settings::put(tx, "colour", "blue"); });
  const auto before = store->reads();
  const auto colour =
      store->look([](Connection& tx) { return std::pair(settings::find(tx, "colour"), std::this_thread::get_id()); });
  EXPECT_EQ(colour, std::pair(std::optional<std::string>("blue"), std::this_thread::get_id()));
  EXPECT_THROW(store->look([](Connection& tx) { settings::put(tx, "colour", "red"); }), Fault);
  store->transact_now([](Connection& tx) { settings::put(tx, "colour", "green"); });
  EXPECT_EQ(store->look([](Connection& tx) { return settings::find(tx, "colour"); }), "green");
  EXPECT_EQ(store->reads(), before + 3);
}

TEST_P(AnyDatabase, is_looked_into_by_several_at_once) {
  TemporaryStore store(*GetParam(), 4);
  std::latch inside(2);
  const auto look = [&] { store->look([&](Connection&) { inside.arrive_and_wait(); }); };
  std::thread other(look);
  look();
  other.join();
}

TEST_P(AnyDatabase, serves_several_loops_at_once) {
  // Given four loops with eight coroutines each
  TemporaryStore store(*GetParam(), 4);
  constexpr int kLoops = 4;
  constexpr int kCoroutines = 8;
  constexpr int kRounds = 5;
  std::atomic<int> backwards = 0;
  std::vector<std::thread> threads;
  // When all of them count the same number up, and look
  for (int i = 0; i < kLoops; ++i)
    threads.emplace_back([&] {
      asio::io_context loop(1);
      for (int k = 0; k < kCoroutines; ++k)
        asio::co_spawn(
            loop,
            [&]() -> asio::awaitable<void> {
              for (int round = 0; round < kRounds; ++round) {
                const auto written = co_await store->transact([](Connection& tx) {
                  bump_directory(tx);
                  return directory_version(tx);
                });
                const auto seen = co_await store->read(directory_version);
                if (seen < written) ++backwards;
              }
            },
            asio::detached);
      loop.run();
    });
  for (auto& thread : threads) thread.join();
  // Then none was lost, and everyone saw their own write
  EXPECT_EQ(store->read_now(directory_version), 1 + kLoops * kCoroutines * kRounds);
  EXPECT_EQ(backwards, 0);
}

TEST_P(AnyDatabase, finishes_what_a_cancelled_caller_began) {
  std::binary_semaphore go(0);
  TemporaryStore store(*GetParam(), 4);
  asio::io_context loop(1);
  asio::cancellation_signal signal;
  asio::co_spawn(
      loop,
      [&]() -> asio::awaitable<void> {
        co_await store->transact([&](Connection& tx) {
          go.acquire();
          settings::put(tx, "colour", "blue");
        });
      },
      asio::bind_cancellation_slot(signal.slot(), asio::detached));
  asio::post(loop, [&] {
    signal.emit(asio::cancellation_type::terminal);
    go.release();
  });
  loop.run();
  EXPECT_EQ(store->read_now([](Connection& tx) { return settings::find(tx, "colour"); }), "blue");
}

TEST(Database, answers_busy_when_too_much_waits) {
  std::binary_semaphore running(0);
  std::binary_semaphore go(0);
  TemporaryFolder folder;
  auto database = Database::open({.path = folder.file("store.db"), .max_waiting = 2}, Time{}).value();
  database->on_writer([&](Connection&) {
    running.release();
    go.acquire();
  });
  running.acquire();
  EXPECT_EQ(database->load().waiting, 0U);
  database->on_writer([](Connection&) {});
  database->on_writer([](Connection&) {});
  EXPECT_EQ(database->load().waiting, 2U);
  try {
    run([&]() -> asio::awaitable<void> { co_await database->transact([](Connection&) {}); });
    ADD_FAILURE() << "two were to be enough";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Fault::Kind::busy);
  }
  go.release();
}

TEST(Database, gives_raw_jobs_the_writing_thread_in_their_order) {
  std::vector<int> order;
  std::latch done(3);
  TemporaryStore store(kSqlite);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(store->on_writer([&order, &done, i](Connection& tx) {
      tx.begin();
      increment(tx, "n");
      tx.commit();
      order.push_back(i);
      done.count_down();
    }));
  done.wait();
  EXPECT_EQ(order, (std::vector{0, 1, 2}));
  EXPECT_EQ(store->read_now([](Connection& tx) { return number(tx, "n"); }), 3);
}

TEST_P(AnyDatabase, finishes_what_waits_before_it_stops_and_takes_nothing_after) {
  TemporaryStore store(*GetParam(), 4);
  asio::io_context loop(1);
  int answered = 0;
  for (int i = 0; i < 10; ++i)
    asio::co_spawn(
        loop,
        [&]() -> asio::awaitable<void> {
          co_await store->transact([](Connection& tx) { increment(tx, "n"); });
          ++answered;
        },
        asio::detached);
  loop.run_one();
  store->stop();
  loop.run();
  EXPECT_GE(answered, 1);
  EXPECT_FALSE(store->on_writer([](Connection&) {}));
  EXPECT_THROW(store->transact_now([](Connection&) {}), Fault);
  EXPECT_THROW(run([&]() -> asio::awaitable<void> { co_await store->transact([](Connection&) {}); }), Fault);
  store.reopen();
  EXPECT_EQ(store->read_now([](Connection& tx) { return number(tx, "n"); }), answered);
}

TEST(Database, a_full_store_faults_and_is_well_again_with_room) {
  TemporaryStore store(kSqlite);
  const auto fill = [&] {
    store->transact_now([](Connection& tx) { settings::put(tx, "much", std::string(400'000, 'x')); });
  };
  store->set_max_pages(100);
  try {
    fill();
    ADD_FAILURE() << "the store was to be full";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Fault::Kind::full);
  }
  EXPECT_EQ(store->read_now([](Connection& tx) { return settings::find(tx, "much"); }), std::nullopt);
  store->set_max_pages(0);
  fill();
  EXPECT_TRUE(store->read_now([](Connection& tx) { return settings::find(tx, "much").has_value(); }));
}

TEST(Database, keeps_the_log_small_while_it_is_written) {
  TemporaryStore store(kSqlite);
  write_pages(*store, 60);
  // 6000 pages were written; a log that is begun anew holds far fewer.
  EXPECT_LT(std::filesystem::file_size(store.path() + "-wal"), 3'000U * 4'096U);
}

TEST(Database, a_long_read_keeps_its_state_and_the_log_shrinks_after_it) {
  // Given a reader that stays
  std::binary_semaphore reading(0);
  std::binary_semaphore enough(0);
  TemporaryStore store(kSqlite);
  std::thread reader([&] {
    store->read_now([&](Connection& tx) {
      EXPECT_EQ(settings::find(tx, "1"), std::nullopt);
      reading.release();
      enough.acquire();
      EXPECT_EQ(settings::find(tx, "1"), std::nullopt);
    });
  });
  reading.acquire();
  // When much is written before it goes, and after
  write_pages(*store, 30);
  const auto during = std::filesystem::file_size(store.path() + "-wal");
  enough.release();
  reader.join();
  write_pages(*store, 90);
  // Then the file has hardly grown any more: the log was begun anew
  EXPECT_GT(during, 2'000U * 4'096U);
  EXPECT_LT(std::filesystem::file_size(store.path() + "-wal"), during + 4'000U * 4'096U);
}

TEST(Wake, wakes_each_loop_once) {
  asio::io_context one(1);
  asio::io_context other(1);
  std::vector<int> order;
  {
    Wake wake;
    wake.add(one.get_executor(), [&] { order.push_back(1); });
    wake.add(other.get_executor(), [&] { order.push_back(10); });
    wake.add(one.get_executor(), [&] { order.push_back(2); });
    EXPECT_EQ(one.poll(), 0U);
    one.restart();
  }
  EXPECT_EQ(one.poll(), 1U);
  EXPECT_EQ(order, (std::vector{1, 2}));
  EXPECT_EQ(other.poll(), 1U);
  EXPECT_EQ(order, (std::vector{1, 2, 10}));
}

}  // namespace
}  // namespace hg::store
