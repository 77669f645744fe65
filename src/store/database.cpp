#include "store/database.h"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>

#include "store/again.h"
#include "store/checkpoints.h"
#include "store/database_clock.h"
#include "store/migrate.h"
#include "store/partitions.h"
#include "store/postgres.h"
#include "store/sqlite.h"
#include "store/threads.h"

namespace hg::store {

namespace asio = boost::asio;

namespace {

using Connections = std::vector<std::unique_ptr<Connection>>;

std::exception_ptr in_transaction(Connection& tx, FunctionRef<void(Connection&)> work) {
  Again again(tx);
  while (true) {
    try {
      tx.begin();
      work(tx);
      tx.commit();
      return nullptr;
    } catch (const Fault& fault) {
      tx.rollback();
      if (!again(fault)) return std::current_exception();
    } catch (...) {
      tx.rollback();
      return std::current_exception();
    }
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

// Connections for whoever reads on a thread of its own: one for each that does so at the same time.
class Database::Lookers {
 public:
  using Make = std::function<std::unique_ptr<Connection>()>;
  explicit Lookers(Make make) : make_(std::move(make)) {}

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
  std::unique_ptr<Connection> take() {
    {
      const std::scoped_lock lock(mutex_);
      ++taken_;
      if (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    return make_();
  }

  const Make make_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::uint64_t taken_ = 0;
};

Result<std::unique_ptr<Database>> Database::open(Options options, Time now) {
  std::unique_ptr<Database> database(new Database(std::move(options)));
  HG_CHECK(database->near() ? database->open_file(now) : database->open_server(now));
  return database;
}

Result<void> Database::open_file(Time now) {
  const SqliteOptions file{.path = options_.path, .max_pages = options_.max_pages};
  const auto reader = [file] { return std::make_unique<SqliteConnection>(file, SqliteConnection::Access::read); };
  auto writer = std::make_unique<SqliteConnection>(file, SqliteConnection::Access::write);
  HG_CHECK(migrate(*writer, sqlite_migrations(), now));
  Connections readers, writers;
  for (int i = 0; i < std::max(1, options_.readers); ++i) readers.push_back(reader());
  writer_ = writer.get();
  writer_->time_commits(commits_);
  lookers_ = std::make_unique<Lookers>(reader);
  checkpoints_ = std::make_unique<Checkpoints>(file);
  writer_->on_log([checkpoints = checkpoints_.get()](int pages) { checkpoints->log_grew(pages); });
  writers.push_back(std::move(writer));
  writing_ = std::make_unique<Threads>(std::move(writers), options_.max_waiting);
  reading_ = std::make_unique<Threads>(std::move(readers), options_.max_waiting);
  checkpoints_->start(*writing_, *writer_);
  return {};
}

// Connections are made when they are first used; the first of them now, so that a server that cannot be reached is said
// at once.
Result<void> Database::open_server(Time now) {
  using Access = PostgresConnection::Access;
  const auto connect = [server = PostgresOptions{.url = options_.url}](Access access) {
    return std::make_unique<PostgresConnection>(server, access);
  };
  Connections readers, writers;
  for (int i = 0; i < std::max(1, options_.readers); ++i) readers.push_back(connect(Access::read));
  for (int i = 0; i < std::max(1, options_.writers); ++i) {
    writers.push_back(connect(Access::write));
    writers.back()->time_commits(commits_);
  }
  clock_ = std::make_unique<DatabaseClock>();
  try {
    HG_CHECK(migrate(*writers.front(), postgres_migrations(), now));
    clock_->read(*writers.front());
    writers.front()->begin();
    partitions::prepare(*writers.front(), clock_->now());
    writers.front()->commit();
  } catch (const Fault& fault) {
    if (fault.kind() != Fault::Kind::io) throw;
    return fail(Code::unavailable, fault.what());
  }
  lookers_ = std::make_unique<Lookers>([connect] { return connect(Access::read); });
  writing_ = std::make_unique<Threads>(std::move(writers), options_.max_waiting);
  reading_ = std::make_unique<Threads>(std::move(readers), options_.max_waiting);
  return {};
}

Database::Database(Options options) : options_(std::move(options)) {}

Database::~Database() { stop(); }

// The checkpoints end last but for the writer, whose queue may hold one of their jobs.
void Database::stop() {
  if (checkpoints_) checkpoints_->stop();
  if (reading_) reading_->stop();
  if (writing_) writing_->stop();
}

const Clock& Database::clock() const {
  static const SystemClock mine;
  if (clock_) return *clock_;
  return mine;
}

asio::awaitable<void> Database::keep_time() {
  if (clock_) co_await read([this](Connection& tx) { clock_->read(tx); });
}

bool Database::on_writer(std::move_only_function<void(Connection&)> job) {
  return !writing_->push([job = std::move(job)](Connection* connection) mutable { job(*connection); });
}

Database::Load Database::load() const {
  const auto load = writing_->load();
  return {load.waiting, load.age};
}

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
    Task job = [work, &error, executor, handler = std::move(handler)](Connection* tx) mutable {
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
