// Fills a fresh demo deployment that no server uses: users with a live-only subscription and so many notifications
// each, as they lie in a store where everybody's posts came mixed.
//   fill DATA USERS NOTIFICATIONS      the database that HELIOGRAPH_STORE names, where it names one
#include <cstdlib>
#include <deque>
#include <exception>
#include <map>

#include "app/store.h"
#include "sample.h"
#include "store/groups.h"
#include "store/subscriptions.h"
#include "store/users.h"

namespace {

using namespace hg;

struct Deployment {
  AppId app;
  ApplicationId application;
};

Deployment deployment(store::Connection& tx) {
  return tx
      .first("SELECT app_id, application_id FROM cross_device_members LIMIT 1", {},
             [](const store::Row& row) { return Deployment{row.id<AppId>(0), row.id<ApplicationId>(1)}; })
      .value();
}

void add_user(store::Connection& tx, const FeedKey& feed, const Deployment& into, int number, Time now) {
  store::User user{.id = feed.user, .upn = fmt::format("bench{:06}@bench.example", number), .created_at = now};
  if (!store::users::insert(tx, user)) throw std::runtime_error("filled already");
  store::SubscriptionRow row;
  auto& s = row.subscription;
  s.id = SubscriptionId{crypto::random_guid()};
  s.feed = feed;
  s.application = into.application;
  s.device_id = s.device_name = "bench";
  s.created_at = s.renewed_at = now;
  s.life = model::kDefaultLife;
  s.expires_at = now + s.life;
  store::subscriptions::insert(tx, row);
}

void make_feeds(store::Connection& tx, const std::vector<FeedKey>& feeds) {
  std::map<FeedKey, store::groups::Wanted> rows;
  for (const auto& feed : feeds) rows[feed];
  store::groups::lock(tx, rows);
}

// A notification for everybody.
void add_version(store::Connection& tx, const std::vector<FeedKey>& feeds, int version, int last, Time now) {
  std::deque<model::Notification> rows;
  store::groups::Writes writes;
  for (const auto& feed : feeds) {
    rows.push_back(bench::sample(now, version));
    writes.inserted.emplace_back(feed, &rows.back());
    if (version == last) writes.feeds.emplace_back(feed, bench::after(version, rows.back()));
  }
  store::groups::write(tx, writes);
  store::groups::save_feeds(tx, writes);
}

void fill(store::Connection& tx, int users, int notifications) {
  const auto now = SystemClock().now();
  const auto into = deployment(tx);
  if (tx.dialect() == store::Dialect::sqlite) tx.script("PRAGMA cache_size = -2000000");
  std::vector<FeedKey> feeds;
  for (int i = 0; i < users; ++i) {
    feeds.push_back({UserId{crypto::random_guid()}, into.app});
    add_user(tx, feeds.back(), into, i, now);
  }
  make_feeds(tx, feeds);
  for (int version = 1; version <= notifications; ++version) add_version(tx, feeds, version, notifications, now);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    fmt::print(stderr, "usage: fill DATA USERS NOTIFICATIONS\n");
    return 2;
  }
  const app::DataFiles files(argv[1]);
  auto lock = app::DataLock::take(files);
  if (!lock) throw std::runtime_error(lock.error().message);
  app::Config config;
  if (const char* named = std::getenv("HELIOGRAPH_STORE")) config.store = named;
  auto options = app::store_of(config, files);
  if (!options) throw std::runtime_error(options.error().message);
  auto database = store::Database::open(std::move(*options), SystemClock().now());
  if (!database) throw std::runtime_error(database.error().message);
  (*database)->transact_now([&](store::Connection& tx) {
    fill(tx, std::atoi(argv[2]), std::atoi(argv[3]));
    return 0;
  });
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "fill: {}\n", error.what());
  return 1;
}
