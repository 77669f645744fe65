#include "store/database.h"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "store/migrate.h"
#include "store/sqlite.h"

namespace hg::store {

namespace asio = boost::asio;

namespace {

// Called with null where it could not be run, for the store is closed.
using Job = std::move_only_function<void(Connection*)>;
using Steady = std::chrono::steady_clock;

// Near SQLite's own default: the log stays small and is written again in place.
constexpr int kLogPages = 1'000;

std::exception_ptr in_transaction(Connection& tx, FunctionRef<void(Connection&)> work) {
  try {
    tx.begin();
    work(tx);
    tx.commit();
    return nullptr;
  } catch (...) {
    tx.rollback();
    return std::current_exception();
  }
}

std::exception_ptr closed() { return std::make_exception_ptr(Fault(Fault::Kind::other, "the store is closed")); }

}  // namespace

void Wake::add(const asio::any_io_executor& executor, std::move_only_function<void()> completion) {
  const auto same = std::ranges::find(groups_, executor, &decltype(groups_)::value_type::first);
  auto& group = same != groups_.end() ? *same : groups_.emplace_back(executor, Completions{});
  group.second.push_back(std::move(completion));
}

void Wake::flush() {
  for (auto& [executor, completions] : groups_)
    asio::post(executor, [run = std::move(completions)]() mutable {
      for (auto& completion : run) completion();
    });
  groups_.clear();
}

// One queue, and a thread for each connection that takes from it.
class Database::Threads {
 public:
  Threads(std::vector<std::unique_ptr<SqliteConnection>> connections, std::size_t most)
      : connections_(std::move(connections)), most_(most) {
    for (auto& connection : connections_) threads_.emplace_back([this, &connection] { work_off(*connection); });
  }
  ~Threads() { stop(); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  // Nullopt; after stop() the job, given back.
  std::optional<Job> push(Job job, bool first = false) {
    {
      const std::scoped_lock lock(mutex_);
      if (stopping_) return job;
      if (first)
        jobs_.push_front({std::move(job), Steady::now()});
      else
        jobs_.push_back({std::move(job), Steady::now()});
    }
    some_.notify_one();
    return std::nullopt;
  }

  // Answers when the job was run; false where it will not be.
  bool run_now(FunctionRef<void(Connection*)> work, bool first = false) {
    std::promise<void> done;
    const auto finished = done.get_future();
    const bool taken = !push(
        [work, done = std::move(done)](Connection* connection) mutable {
          work(connection);
          done.set_value();
        },
        first);
    if (taken) finished.wait();
    return taken;
  }

  void refuse_when_full() const {
    const std::scoped_lock lock(mutex_);
    if (jobs_.size() >= most_) throw Fault(Fault::Kind::busy, "too much waits for the store");
  }

  [[nodiscard]] Load load() const {
    const std::scoped_lock lock(mutex_);
    if (jobs_.empty()) return {};
    return {jobs_.size(), std::chrono::duration_cast<Duration>(Steady::now() - jobs_.front().since)};
  }

  [[nodiscard]] std::uint64_t taken() const {
    const std::scoped_lock lock(mutex_);
    return taken_;
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    some_.notify_all();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }

 private:
  struct Waiting {
    Job job;
    Steady::time_point since;
  };

  // noexcept: a job that throws is a bug of the job, and the thread has nowhere to throw to.
  void work_off(Connection& connection) noexcept {
    while (auto job = next()) (*job)(&connection);
  }

  std::optional<Job> next() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return std::nullopt;
    auto job = std::move(jobs_.front().job);
    jobs_.pop_front();
    ++taken_;
    return job;
  }

  std::vector<std::unique_ptr<SqliteConnection>> connections_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable some_;
  std::deque<Waiting> jobs_;
  bool stopping_ = false;
  std::uint64_t taken_ = 0;
  std::vector<std::thread> threads_;
};

// Connections for whoever reads on a thread of its own: one for each that does so at the same time.
class Database::Lookers {
 public:
  explicit Lookers(SqliteOptions options) : options_(std::move(options)) {}

  std::exception_ptr look(Work work) {
    auto connection = take();
    auto error = in_transaction(*connection, work);
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(connection));
    return error;
  }
  [[nodiscard]] std::uint64_t taken() const {
    const std::scoped_lock lock(mutex_);
    return taken_;
  }

 private:
  std::unique_ptr<SqliteConnection> take() {
    {
      const std::scoped_lock lock(mutex_);
      ++taken_;
      if (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    return std::make_unique<SqliteConnection>(options_, SqliteConnection::Access::read);
  }

  const SqliteOptions options_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  std::uint64_t taken_ = 0;
};

// Moves the log into the file beside the writer, and lets the writer move the last few pages between two of its
// transactions: while it is writing the log would never be empty, and so never begun anew.
class Database::Checkpoints {
 public:
  explicit Checkpoints(const SqliteOptions& options) : connection_(options, SqliteConnection::Access::write) {}
  ~Checkpoints() { stop(); }
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  void start(Threads& writing, SqliteConnection& writer) {
    thread_ = std::thread([this, &writing, &writer] { work_off(writing, writer); });
  }

  // On the writing thread alone. While a reader holds the log it cannot be emptied: then each thousand pages ask again,
  // not each commit.
  void log_grew(int pages) {
    if (pages < pages_) next_ = kLogPages;
    if (pages != SqliteConnection::kDiskFull) pages_ = pages;
    if (pages < next_) return;
    if (pages != SqliteConnection::kDiskFull) next_ = pages + kLogPages;
    {
      const std::scoped_lock lock(mutex_);
      due_ = true;
    }
    some_.notify_one();
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    some_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void work_off(Threads& writing, SqliteConnection& writer) noexcept {
    while (wait()) {
      move(connection_);
      writing.run_now([&](Connection*) { move(writer); }, true);
    }
  }

  bool wait() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [&] { return stopping_ || due_; });
    due_ = false;
    return !stopping_;
  }

  // A full disk is seen here too; it is no one's answer, and the next commit tries again.
  void move(SqliteConnection& connection) {
    try {
      connection.checkpoint();
      failing_ = false;
    } catch (const Fault& fault) {
      if (!failing_.exchange(true))
        log::warn("store", "the write-ahead log cannot be moved into the file: {}", fault.what());
    }
  }

  SqliteConnection connection_;
  std::mutex mutex_;
  std::condition_variable some_;
  bool due_ = false;
  bool stopping_ = false;
  std::atomic<bool> failing_ = false;
  int pages_ = 0;         // of the log, at the last commit
  int next_ = kLogPages;  // at which it is to be moved
  std::thread thread_;
};

Result<std::unique_ptr<Database>> Database::open(Options options, Time now) {
  const SqliteOptions file{.path = options.path, .max_pages = options.max_pages};
  std::vector<std::unique_ptr<SqliteConnection>> writer;
  writer.push_back(std::make_unique<SqliteConnection>(file, SqliteConnection::Access::write));
  HG_CHECK(migrate(*writer.front(), sqlite_migrations(), now));
  std::vector<std::unique_ptr<SqliteConnection>> readers;
  for (int i = 0; i < std::max(1, options.readers); ++i)
    readers.push_back(std::make_unique<SqliteConnection>(file, SqliteConnection::Access::read));

  std::unique_ptr<Database> database(new Database(std::move(options)));
  const auto most = database->options_.max_waiting;
  database->writer_ = writer.front().get();
  database->writer_->time_commits(database->commits_);
  database->lookers_ = std::make_unique<Lookers>(file);
  database->checkpoints_ = std::make_unique<Checkpoints>(file);
  writer.front()->on_log([checkpoints = database->checkpoints_.get()](int pages) { checkpoints->log_grew(pages); });
  database->writing_ = std::make_unique<Threads>(std::move(writer), most);
  database->reading_ = std::make_unique<Threads>(std::move(readers), most);
  database->checkpoints_->start(*database->writing_, *database->writer_);
  return database;
}

Database::Database(Options options) : options_(std::move(options)) {}

Database::~Database() { stop(); }

// The checkpoints end last but for the writer, whose queue may hold one of their jobs.
void Database::stop() {
  if (checkpoints_) checkpoints_->stop();
  if (reading_) reading_->stop();
  if (writing_) writing_->stop();
}

bool Database::on_writer(std::move_only_function<void(Connection&)> job) {
  return !writing_->push([job = std::move(job)](Connection* connection) mutable { job(*connection); });
}

Database::Load Database::load() const { return writing_->load(); }

void Database::measure(metrics::Page& page) const {
  page.histogram("heliograph_store_commit_duration_seconds", "How long commits took, until they were on disk.",
                 commits_);
  page.gauge("heliograph_store_memory_bytes", "What the store has allocated, its page caches most of all.",
             static_cast<double>(SqliteConnection::memory()));
  const auto both = {std::pair("write", writing_->load()), std::pair("read", reading_->load())};
  for (const auto& [kind, load] : both)
    page.gauge("heliograph_store_queue_depth", "Work that waits for the store's threads.",
               static_cast<double>(load.waiting), {{"kind", kind}});
  for (const auto& [kind, load] : both)
    page.gauge("heliograph_store_queue_age_seconds", "How long the oldest of it has waited.",
               std::chrono::duration<double>(load.age).count(), {{"kind", kind}});
}

std::uint64_t Database::reads() const { return reading_->taken() + lookers_->taken(); }

void Database::set_max_pages(std::int64_t pages) {
  writing_->run_now([&](Connection*) { writer_->set_max_pages(pages); });
}

asio::awaitable<void> Database::run(Threads& threads, Work work, std::exception_ptr& error) {
  threads.refuse_when_full();
  const auto initiate = [&](auto handler) {
    // Tracked: the loop goes on running for what it will be told.
    asio::any_io_executor executor =
        asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    Job job = [work, &error, executor, handler = std::move(handler)](Connection* tx) mutable {
      error = tx != nullptr ? in_transaction(*tx, work) : closed();
      asio::post(executor, std::move(handler));
    };
    // The handler owns the coroutine that waits, so it is told in any case.
    if (auto refused = threads.push(std::move(job))) (*refused)(nullptr);
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(initiate, asio::use_awaitable);
}

void Database::look_now(Work work, std::exception_ptr& error) { error = lookers_->look(work); }

void Database::run_now(Threads& threads, Work work, std::exception_ptr& error) {
  if (!threads.run_now([&](Connection* tx) { error = in_transaction(*tx, work); })) error = closed();
}

}  // namespace hg::store
