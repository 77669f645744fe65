// The floor of a durable post: what a post must do to the store, with nothing around it. The feed's row is read, the
// notification written, the feed's row updated; whatever waits is one commit (SQLite, WAL, synchronous=FULL). One
// thread keeps so many posts in flight, another writes.
//   bare_commit DATABASE SECONDS IN-FLIGHT       of a filled deployment that no server uses
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "load/measure.h"
#include "sample.h"

namespace {

using namespace hg;
using Steady = std::chrono::steady_clock;

struct Post {
  FeedKey feed;
  std::string id;
  Steady::time_point since;
};

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) {
    if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &raw_, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(database));
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(raw_); }

  void bind(int at, std::int64_t number) { sqlite3_bind_int64(raw_, at, number); }
  void bind(int at, std::string_view text) {
    sqlite3_bind_text(raw_, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void bind(int at, Bytes blob) {
    sqlite3_bind_blob(raw_, at, blob.data(), static_cast<int>(blob.size()), SQLITE_STATIC);
  }
  bool step() {
    const int code = sqlite3_step(raw_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) throw std::runtime_error(sqlite3_errstr(code));
    return code == SQLITE_ROW;
  }
  std::int64_t integer(int column) { return sqlite3_column_int64(raw_, column); }
  void reset() { sqlite3_reset(raw_); }

 private:
  sqlite3_stmt* raw_ = nullptr;
};

class Store {
 public:
  explicit Store(const char* path) : database_(open(path)) {}
  ~Store() { sqlite3_close_v2(database_); }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::vector<FeedKey> feeds() {
    std::vector<FeedKey> all;
    sqlite3_stmt* rows = nullptr;
    sqlite3_prepare_v2(database_, "SELECT user_id, app_id FROM feeds", -1, &rows, nullptr);
    const auto guid = [&](int column) {
      return *Guid::from_bytes({static_cast<const std::byte*>(sqlite3_column_blob(rows, column)), 16});
    };
    while (sqlite3_step(rows) == SQLITE_ROW) all.push_back({UserId{guid(0)}, AppId{guid(1)}});
    sqlite3_finalize(rows);
    return all;
  }

  void write(std::span<const Post> group, const model::Notification& like) {
    run("BEGIN IMMEDIATE");
    for (const auto& post : group) write_one(post, like);
    run("COMMIT");
  }

 private:
  static sqlite3* open(const char* path) {
    sqlite3* made = nullptr;
    if (sqlite3_open_v2(path, &made, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
      throw std::runtime_error("the database cannot be opened");
    for (const char* pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA cache_size = -16384",
                               "PRAGMA mmap_size = 0", "PRAGMA wal_autocheckpoint = 1000"})
      sqlite3_exec(made, pragma, nullptr, nullptr, nullptr);
    return made;
  }

  void run(const char* sql) {
    if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(database_));
  }

  void write_one(const Post& post, const model::Notification& like) {
    const auto& feed = post.feed;
    find_.bind(1, feed.shard());
    find_.bind(2, feed.user.view());
    find_.bind(3, feed.app.view());
    if (!find_.step()) throw std::runtime_error("the feed is gone");
    const auto version = find_.integer(0) + 1;
    const auto unread = find_.integer(3) + 1;
    const auto live = find_.integer(4) + 1;
    const auto bytes = find_.integer(5) + like.bytes();
    find_.reset();
    insert(post, like, version);
    const std::int64_t numbers[] = {version,     0, version, unread, live, bytes, 0, to_ms(like.content.expires_at),
                                    feed.shard()};
    for (int i = 0; i < 9; ++i) save_.bind(i + 1, numbers[i]);
    save_.bind(10, feed.user.view());
    save_.bind(11, feed.app.view());
    save_.step();
    save_.reset();
  }

  void insert(const Post& post, const model::Notification& like, std::int64_t version) {
    const auto& c = like.content;
    insert_.bind(1, post.feed.shard());
    insert_.bind(2, post.feed.user.view());
    insert_.bind(3, post.feed.app.view());
    insert_.bind(4, as_bytes(std::string_view(post.id).substr(0, 16)));
    insert_.bind(5, version);
    insert_.bind(6, std::string_view(post.id));
    insert_.bind(7, std::string_view(*c.group_name));
    insert_.bind(8, std::string_view(*c.raw_content));
    insert_.bind(9, std::string_view(*c.title));
    insert_.bind(10, std::string_view(*c.body));
    insert_.bind(11, std::string_view(c.policies));
    const std::int64_t numbers[] = {
        c.platforms, *c.display_ttl,        to_ms(c.expires_at), to_ms(like.keep_until), 1, 0, 0, 0,
        1,           to_ms(like.created_at)};
    for (int i = 0; i < 10; ++i) insert_.bind(12 + i, numbers[i]);
    insert_.bind(22, like.posted_by.view());
    insert_.bind(23, std::string_view(like.request_id));
    insert_.bind(24, as_bytes(like.fingerprint));
    insert_.bind(25, version);
    insert_.bind(26, to_ms(like.alerted_at));
    insert_.bind(27, like.bytes());
    insert_.step();
    insert_.reset();
  }

  sqlite3* database_;
  Statement find_{
      database_,
      "SELECT version, floor_version, last_alert_version, unread, live_count, bytes, tombstones, next_expiry_at "
      "FROM feeds WHERE shard = ?1 AND user_id = ?2 AND app_id = ?3"};
  Statement insert_{
      database_,
      "INSERT INTO notifications (shard, user_id, app_id, id, version, app_notification_id, group_name, raw_content, "
      "title, body, policies, platform_mask, display_ttl, expires_at, keep_until, priority, status, read_state, "
      "action_state, content_version, created_at, posted_by, request_id, fingerprint, alert_version, alerted_at, "
      "bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "
      "?21, ?22, ?23, ?24, ?25, ?26, ?27)"};
  Statement save_{
      database_,
      "UPDATE feeds SET version = ?1, floor_version = ?2, last_alert_version = ?3, unread = ?4, live_count = ?5, "
      "bytes = ?6, tombstones = ?7, next_expiry_at = ?8 WHERE shard = ?9 AND user_id = ?10 AND app_id = ?11"};
};

// Two sides of a hand-over: what waits for the writer, and what it has finished.
class Exchange {
 public:
  void submit(Post post) {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(post));
    if (waiting_.size() == 1) some_.notify_one();
  }
  // Empty once it is over.
  std::vector<Post> group() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [&] { return over_ || !waiting_.empty(); });
    return std::exchange(waiting_, {});
  }
  void finish(std::vector<Post> group) {
    const std::scoped_lock lock(mutex_);
    for (auto& post : group) done_.push_back(std::move(post));
    finished_.notify_one();
  }
  std::vector<Post> finished() {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return !done_.empty(); });
    return std::exchange(done_, {});
  }
  void end() {
    const std::scoped_lock lock(mutex_);
    over_ = true;
    some_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable some_, finished_;
  std::vector<Post> waiting_, done_;
  bool over_ = false;
};

load::Figures measure(Store& store, double seconds, std::size_t in_flight) {
  const auto feeds = store.feeds();
  const auto like = bench::sample(SystemClock().now(), 1);
  Exchange exchange;
  std::uint64_t groups = 0;
  std::thread writer([&] {
    for (auto group = exchange.group(); !group.empty(); group = exchange.group(), ++groups) {
      store.write(group, like);
      exchange.finish(std::move(group));
    }
  });
  std::uint64_t number = 0;
  const auto submit = [&] {
    auto id = crypto::random_guid();
    exchange.submit({feeds[number++ % feeds.size()], std::string(as_text(id.view())) + id.str(), Steady::now()});
  };
  const load::Processes self({::getpid()});
  load::Figures figures;
  load::Latencies latencies;
  const auto begun = Steady::now();
  const auto warm = begun + std::chrono::milliseconds(500);
  const auto end = warm + std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
  std::optional<std::chrono::microseconds> cpu;
  for (std::size_t i = 0; i < in_flight; ++i) submit();
  std::size_t flying = in_flight;
  while (flying > 0) {
    const auto done = exchange.finished();
    const auto now = Steady::now();
    if (!cpu && now >= warm) cpu = self.cpu();
    for (const auto& post : done) {
      --flying;
      if (now < warm) {
      } else if (now < end) {
        ++figures.operations;
        latencies.add(now - post.since);
      }
      if (now < end) submit(), ++flying;
    }
  }
  exchange.end();
  writer.join();
  figures.seconds = seconds;
  figures.cpu_us = static_cast<double>((self.cpu() - *cpu).count()) / static_cast<double>(figures.operations);
  figures.p50_ms = latencies.at(0.5);
  figures.p99_ms = latencies.at(0.99);
  return figures;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    fmt::print(stderr, "usage: bare_commit DATABASE SECONDS IN-FLIGHT\n");
    return 2;
  }
  Store store(argv[1]);
  fmt::print("{}\n",
             hg::json::serialize(measure(store, std::atof(argv[2]), std::strtoul(argv[3], nullptr, 10)).json()));
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "bare_commit: {}\n", error.what());
  return 1;
}
