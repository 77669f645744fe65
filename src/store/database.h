// The open store: threads that write, one on SQLite, and threads that read, and the door between them and coroutines.
// Plain synchronous code and SQL run on the database's threads; results return to the executor they were awaited on.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "store/sql.h"

namespace hg::store {

class Checkpoints;
class DatabaseClock;
class SqliteConnection;
class Threads;

// Completions for several executors: each is woken once, however many there are for it.
class Wake {
 public:
  Wake() = default;
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  ~Wake() { flush(); }

  void add(const boost::asio::any_io_executor& executor, std::move_only_function<void()> completion);
  void flush();

 private:
  using Completions = std::vector<std::move_only_function<void()>>;
  std::vector<std::pair<boost::asio::any_io_executor, Completions>> groups_;
};

class Database {
 public:
  struct Options {
    std::string path = {};  // SQLite's file
    std::string url = {};   // postgresql://…, instead of a file
    int readers = 2;
    int writers = 4;                 // on PostgreSQL
    std::size_t max_waiting = 4096;  // of transact() and of read(), each; beyond: Fault::Kind::busy
    std::int64_t max_pages = 0;      // bound of the file, for tests of a full disk; 0: none
  };
  struct Load {
    std::size_t waiting = 0;  // jobs for those who write
    Duration age{};           // of the oldest of them
  };

  // Opens or makes the store and brings its schema up to date. Code::unavailable where the schema is newer than this
  // program, or the database server cannot be reached. Throws Fault.
  static Result<std::unique_ptr<Database>> open(Options options, Time now);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // Runs `work(Connection&)` in a transaction of its own on a writing thread. What it throws rolls back and is thrown
  // here; what it returns is committed first, refusals too. `work` runs again where another transaction was in its way:
  // it touches nothing but its transaction and its result. Cancelling the caller does not stop it.
  template <class F>
  auto transact(F work) -> boost::asio::awaitable<std::invoke_result_t<F&, Connection&>> {
    Outcome<std::invoke_result_t<F&, Connection&>> outcome;
    auto job = [&](Connection& tx) { outcome.run(work, tx); };
    co_await run(*writing_, job, outcome.error);
    co_return outcome.take();
  }

  // The same on a reading thread: `work` sees one consistent state, and writes nothing.
  template <class F>
  auto read(F work) -> boost::asio::awaitable<std::invoke_result_t<F&, Connection&>> {
    Outcome<std::invoke_result_t<F&, Connection&>> outcome;
    auto job = [&](Connection& tx) { outcome.run(work, tx); };
    co_await run(*reading_, job, outcome.error);
    co_return outcome.take();
  }

  // The same on this thread: for the few rows that are in memory anyway, where handing the work to another thread and
  // back would cost more than the reading. Where the store is another machine (near()), this thread waits for it. From
  // any thread but the database's.
  template <class F>
  auto look(F work) -> std::invoke_result_t<F&, Connection&> {
    Outcome<std::invoke_result_t<F&, Connection&>> outcome;
    auto job = [&](Connection& tx) { outcome.run(work, tx); };
    look_now(job, outcome.error);
    return outcome.take();
  }

  // The same for start-up, commands and tests: blocks the calling thread, which must not be one of the database's.
  template <class F>
  auto transact_now(F work) -> std::invoke_result_t<F&, Connection&> {
    Outcome<std::invoke_result_t<F&, Connection&>> outcome;
    auto job = [&](Connection& tx) { outcome.run(work, tx); };
    run_now(*writing_, job, outcome.error);
    return outcome.take();
  }
  template <class F>
  auto read_now(F work) -> std::invoke_result_t<F&, Connection&> {
    Outcome<std::invoke_result_t<F&, Connection&>> outcome;
    auto job = [&](Connection& tx) { outcome.run(work, tx); };
    run_now(*reading_, job, outcome.error);
    return outcome.take();
  }

  // A job on a writing thread that begins and ends its transactions itself and throws nothing. Not bounded: the
  // caller's queue is. On SQLite one after the other. False after stop(), and the job is dropped.
  bool on_writer(std::move_only_function<void(Connection&)> job);

  // Whether its rows are in this machine's memory.
  [[nodiscard]] bool near() const { return options_.url.empty(); }
  // The time that leases and expiry go by: the server's on PostgreSQL.
  [[nodiscard]] const Clock& clock() const;
  // Asks the server for it; every few seconds.
  boost::asio::awaitable<void> keep_time();

  [[nodiscard]] Load load() const;
  // Commits and what waits for the threads.
  void measure(metrics::Page& page) const;
  // How often the store was read, by whatever thread.
  [[nodiscard]] std::uint64_t reads() const;
  // Takes nothing more, finishes what waits, joins the threads. The executors that wait for results must still exist.
  void stop();
  // For tests of a full disk, while it runs; 0: no bound.
  void set_max_pages(std::int64_t pages);

 private:
  // A result until it is taken; `error` where there is none.
  template <class R>
  struct Outcome {
    std::optional<R> result;
    std::exception_ptr error;
    template <class F>
    void run(F& work, Connection& tx) {
      result.emplace(work(tx));
    }
    R take() {
      if (error) std::rethrow_exception(error);
      return std::move(*result);
    }
  };

  class Lookers;
  using Work = FunctionRef<void(Connection&)>;

  explicit Database(Options options);
  Result<void> open_file(Time now);
  Result<void> open_server(Time now);
  boost::asio::awaitable<void> run(Threads& threads, Work work, std::exception_ptr& error);
  void run_now(Threads& threads, Work work, std::exception_ptr& error);
  void look_now(Work work, std::exception_ptr& error);

  Options options_;
  metrics::Histogram commits_{metrics::kSeconds};  // of the writing threads
  SqliteConnection* writer_ = nullptr;             // of SQLite's writing thread, which alone uses it
  std::unique_ptr<DatabaseClock> clock_;           // of a server
  std::unique_ptr<Threads> writing_;
  std::unique_ptr<Threads> reading_;
  std::unique_ptr<Lookers> lookers_;
  std::unique_ptr<Checkpoints> checkpoints_;
};

template <>
struct Database::Outcome<void> {
  std::exception_ptr error;
  template <class F>
  void run(F& work, Connection& tx) {
    work(tx);
  }
  void take() {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace hg::store
