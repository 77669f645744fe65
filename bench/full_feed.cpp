// What a post costs in a feed that is full, where another has to leave for it, beside one in a feed with room.
//   full_feed FOLDER SECONDS
#include <cstdlib>
#include <filesystem>

#include "posts.h"

namespace {

using namespace hg;

std::vector<FeedKey> make(std::size_t count) {
  std::vector<FeedKey> feeds;
  for (std::size_t i = 0; i < count; ++i)
    feeds.push_back({UserId{crypto::random_guid()}, AppId{crypto::random_guid()}});
  return feeds;
}

void fill(store::Database& database, const std::vector<FeedKey>& feeds) {
  const Time now = SystemClock().now();
  for (const auto& feed : feeds) {
    database.transact_now([&](store::Connection& tx) {
      store::feeds::lock(tx, feed);
      model::Notification last;
      for (std::int64_t version = 1; version <= static_cast<std::int64_t>(model::kMaxNotifications); ++version) {
        last = bench::sample(now, version);
        store::feeds::insert(tx, feed, last);
      }
      store::feeds::save(tx, feed, bench::after(last.version, last));
    });
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    fmt::print(stderr, "usage: full_feed FOLDER SECONDS\n");
    return 2;
  }
  const std::string path = std::string(argv[1]) + "/full_feed.db";
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  const auto database = store::Database::open({.path = path}, SystemClock().now());
  if (!database) throw std::runtime_error(database.error().message);
  const auto full = make(8), roomy = make(1024);
  fill(**database, full);
  bus::Local bus;
  feed::Writer writer(
      **database, bus,
      {.host_name = [](const AppId&) { return std::string(); }, .followed = [](const FeedKey&) { return false; }});
  for (int round = 0; round < 3; ++round) {
    for (const auto& [name, feeds] : {std::pair("with room", &roomy), std::pair("full", &full)}) {
      auto figures = bench::Posts(writer, *feeds, std::atof(argv[2]), ::getpid()).run(64);
      figures["feeds"] = name;
      fmt::print("{}\n", json::serialize(figures));
    }
  }
  (*database)->stop();
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "full_feed: {}\n", error.what());
  return 1;
}
