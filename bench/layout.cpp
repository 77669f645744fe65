// How `notifications` should lie on disk: the schema's rowid table, the same clustered by its key (WITHOUT ROWID), and
// clustered by version. Equal rows, equal cache states (warm: read before; cold: neither SQLite's cache nor the
// kernel's holds a page). Prints one JSON line a layout.
//   layout FOLDER USERS NOTIFICATIONS-A-USER
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/json.h"
#include "load/measure.h"
#include "sample.h"
#include "store/migrate.h"
#include "store/sqlite.h"

namespace {

using namespace hg;
using Steady = std::chrono::steady_clock;

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error(fmt::format("the schema has no longer: {}", what));
  return text.replace(at, what.size(), by);
}

// The schema's own text, changed in the one thing that is compared.
std::string create_text(const std::string& rowid, std::string_view layout) {
  if (layout == "rowid") return rowid;
  const std::string_view key = layout == "clustered by id" ? "PRIMARY KEY (shard, user_id, app_id, id)"
                                                           : "PRIMARY KEY (shard, user_id, app_id, version, id)";
  return replaced(replaced(rowid, "UNIQUE (shard, user_id, app_id, id)", key), ") STRICT", ") STRICT, WITHOUT ROWID");
}

void make_schema(store::SqliteConnection& tx, std::string_view layout) {
  if (!store::migrate(tx, store::sqlite_migrations(), SystemClock().now())) throw std::runtime_error("no schema");
  const auto text = tx.first("SELECT sql FROM sqlite_schema WHERE name = 'notifications'", {},
                             [](const store::Row& row) { return row.text(0); });
  std::vector<std::string> indexes =
      tx.all("SELECT sql FROM sqlite_schema WHERE tbl_name = 'notifications' AND type = 'index' AND sql IS NOT NULL",
             {}, [](const store::Row& row) { return row.text(0); });
  tx.script("DROP TABLE notifications");
  tx.script(create_text(*text, layout));
  if (layout == "clustered by version") {
    std::erase_if(indexes, [](const auto& sql) { return sql.contains("notifications_by_version"); });
    indexes.emplace_back("CREATE UNIQUE INDEX notifications_by_id ON notifications (shard, user_id, app_id, id)");
  }
  for (const auto& sql : indexes) tx.script(sql);
}

class Bench {
 public:
  Bench(std::string folder, std::string layout, int users, int each)
      : layout_(std::move(layout)), path_(folder + "/layout.db"), each_(each) {
    for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    open();
    make_schema(*tx_, layout_);
    const AppId app{crypto::random_guid()};
    for (int i = 0; i < users; ++i) feeds_.push_back({UserId{crypto::random_guid()}, app});
    fill();
  }

  json::object run() {
    json::object out{{"layout", layout_}, {"rows", static_cast<std::int64_t>(feeds_.size()) * each_}};
    cool();
    out["megabytes"] = static_cast<double>(std::filesystem::file_size(path_)) / 1e6;
    out["view50Cold"] = measure(300, true, [&](const FeedKey& feed) { view(feed); });
    out["delta5Cold"] = measure(300, true, [&](const FeedKey& feed) { changes(feed); });
    out["view50Warm"] = measure(4000, false, [&](const FeedKey& feed) { view(feed); });
    out["delta5Warm"] = measure(4000, false, [&](const FeedKey& feed) { changes(feed); });
    for (const int group : {1, 16, 64}) {
      out[fmt::format("post{}Warm", group)] = posts(group, false);
      out[fmt::format("post{}Cold", group)] = posts(group, true);
    }
    out["mark16Warm"] = marks(16);
    return out;
  }

 private:
  void open() {
    tx_.reset();
    tx_ = std::make_unique<store::SqliteConnection>(store::SqliteOptions{.path = path_},
                                                    store::SqliteConnection::Access::write);
  }

  void fill() {
    tx_->script("PRAGMA cache_size = -4000000");
    tx_->begin();
    for (int version = 1; version <= each_; ++version) {
      for (const auto& feed : feeds_) {
        const auto row = bench::sample(now_, version);
        store::feeds::insert(*tx_, feed, row);
        if (version < each_) continue;
        store::feeds::lock(*tx_, feed);
        store::feeds::save(*tx_, feed, bench::after(version, row));
      }
    }
    tx_->commit();
  }

  // Closes, empties the log, and asks the kernel to forget the file.
  void cool() {
    open();
    while (!tx_->checkpoint()) {
    }
    tx_.reset();
    const int file = ::open(path_.c_str(), O_RDONLY);
    ::fdatasync(file);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
    open();
  }

  const FeedKey& any() { return feeds_[random_() % feeds_.size()]; }
  // Warm: among the few that were just read.
  const FeedKey& some(bool cold) {
    return cold ? any() : feeds_[random_() % std::min<std::size_t>(feeds_.size(), 200)];
  }

  void view(const FeedKey& feed) {
    if (store::feeds::newest(*tx_, feed, 0, now_, 50).empty()) throw std::runtime_error("an empty view");
  }
  void changes(const FeedKey& feed) {
    const auto version = store::feeds::find(*tx_, feed)->version;
    const NotificationId last{*Guid::parse("ffffffff-ffff-ffff-ffff-ffffffffffff")};
    store::feeds::since(*tx_, feed, version - 5, last, version - 5, now_, 100);
  }
  void post(const FeedKey& feed) {
    auto row = store::feeds::lock(*tx_, feed);
    auto n = bench::sample(now_, ++row.version);
    store::feeds::insert(*tx_, feed, n);
    row.last_alert_version = row.version;
    ++row.unread, ++row.live, row.bytes += n.bytes();
    store::feeds::save(*tx_, feed, row);
  }
  void mark(const FeedKey& feed) {
    auto row = store::feeds::lock(*tx_, feed);
    auto n = store::feeds::newest(*tx_, feed, 0, now_, 1).front();
    n.version = ++row.version;
    n.read_state = model::ReadState::read;
    store::feeds::update(*tx_, feed, n);
    store::feeds::save(*tx_, feed, row);
  }

  static std::chrono::microseconds cpu() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto sum = [](const timeval& a, const timeval& b) {
      return (a.tv_sec + b.tv_sec) * 1'000'000 + a.tv_usec + b.tv_usec;
    };
    return std::chrono::microseconds(sum(used.ru_utime, used.ru_stime));
  }

  // Bytes that went between this process and the disk, read and written (proc(5) io).
  static std::pair<double, double> disk() {
    std::ifstream in("/proc/self/io");
    double read = 0;
    double written = 0;
    for (std::string name; in >> name;) {
      double value = 0;
      in >> value;
      if (name == "read_bytes:") read = value;
      if (name == "write_bytes:") written = value;
    }
    return {read, written};
  }

  template <class F>
  json::object timed(int operations, F work) {
    const auto spent = cpu();
    const auto from = Steady::now();
    const auto [read, written] = disk();
    work();
    const auto [read_now, written_now] = disk();
    return {{"readKb", (read_now - read) / 1024 / operations},
            {"writtenKb", (written_now - written) / 1024 / operations},
            {"us", std::chrono::duration<double, std::micro>(Steady::now() - from).count() / operations},
            {"cpuUs", static_cast<double>((cpu() - spent).count()) / operations}};
  }

  template <class F>
  json::object measure(int operations, bool cold, F one) {
    if (cold) cool();
    if (!cold)
      for (int i = 0; i < 400; ++i) one(some(false));
    return timed(operations, [&] {
      for (int i = 0; i < operations; ++i) one(some(cold));
    });
  }

  template <class F>
  json::object commits(int group, bool cold, int operations, F one) {
    if (cold) cool();
    int pages = 0;
    tx_->on_log([&](int in_log) { pages = in_log; });
    const auto commit = [&] {
      tx_->begin();
      for (int i = 0; i < group; ++i) one(any());
      tx_->commit();
      if (pages > 1000) tx_->checkpoint();
    };
    if (!cold)
      for (int i = 0; i < 2000; i += group) commit();
    auto out = timed(operations, [&] {
      for (int i = 0; i < operations; i += group) commit();
    });
    tx_->on_log([](int) {});
    return out;
  }

  json::object posts(int group, bool cold) {
    return commits(group, cold, group == 1 ? 2000 : 8000, [&](const FeedKey& feed) { post(feed); });
  }
  json::object marks(int group) {
    return commits(group, false, 8000, [&](const FeedKey& feed) { mark(feed); });
  }

  std::string layout_, path_;
  int each_;
  const Time now_ = SystemClock().now();
  std::mt19937_64 random_{4711};
  std::vector<FeedKey> feeds_;
  std::unique_ptr<store::SqliteConnection> tx_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    fmt::print(stderr, "usage: layout FOLDER USERS NOTIFICATIONS-A-USER\n");
    return 2;
  }
  for (const auto* layout : {"rowid", "clustered by id", "clustered by version"}) {
    Bench bench(argv[1], layout, std::atoi(argv[2]), std::atoi(argv[3]));
    fmt::print("{}\n", json::serialize(bench.run()));
    std::fflush(stdout);
  }
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "layout: {}\n", error.what());
  return 1;
}
