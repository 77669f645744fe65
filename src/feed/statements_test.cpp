// On a distributed database a statement that names its shard runs on one node: those of the hot path all do.
#include <gtest/gtest.h>

#include <regex>

#include "feed/testing.h"
#include "store/idempotency.h"
#include "store/jobs.h"
#include "store/outbox.h"
#include "store/outcomes.h"

namespace hg::feed {
namespace {

// Tables that are distributed by their shard.
constexpr std::string_view kDistributed[] = {"feeds",    "notifications", "outbox",   "jobs",
                                             "outcomes", "subscriptions", "channels", "idempotency"};
// What finds work wherever it is, once in a while: no one waits for it.
constexpr std::string_view kFinders[] = {
    "SELECT seq FROM outbox LIMIT 1",
    "SELECT MIN(due_at) FROM jobs",
    "SELECT o.user_id, o.app_id FROM outbox o JOIN feeds f ON f.shard = o.shard",
    "SELECT DISTINCT user_id FROM jobs WHERE app_id = $1 AND waits = 2",
    "SELECT j.user_id, j.app_id, MIN(j.due_at) FROM jobs j JOIN feeds f ON f.shard = j.shard",
};

bool concerns(std::string_view statement, std::string_view table) {
  const std::regex named(fmt::format("(FROM|INTO|UPDATE|JOIN) {}($|[^a-z_])", table));
  return std::regex_search(statement.begin(), statement.end(), named);
}

bool names_its_shard(std::string_view statement) {
  return statement.contains("shard = $") || statement.contains("(shard, ");
}

// Everything that was prepared on the two connections of the store: one writes, one reads.
std::vector<std::string> prepared(World& world) {
  const auto all = [](store::Connection& tx) {
    return tx.all("SELECT statement FROM pg_prepared_statements", {},
                  [](const store::Row& row) { return row.text(0); });
  };
  auto statements = world.store->transact_now(all);
  std::ranges::move(world.store->read_now(all), std::back_inserter(statements));
  return statements;
}

// Two users' feeds, changed in groups and read in every way.
void live_through_it(World& world) {
  world.run(world.subscriptions.create_or_renew(world.endpoint("phone")));
  auto keyed = world.post("keyed");
  keyed.idempotency = model::IdempotencyKey{world.application, "key", std::string(32, 'f')};
  auto elsewhere = world.post("b");
  elsewhere.feed.user = UserId{crypto::random_guid()};
  world.apply({world.post("a"), elsewhere, keyed, world.post("c")});
  world.apply({world.dismiss("a"), world.snooze("c", std::chrono::hours(1)), world.post("a")});
  world.apply(
      {world.remove("keyed"), world.request(model::MarkAllRequest{{}, true, {"Live", "a device", world.clock.now()}})});
  world.clock.advance(std::chrono::days(2));
  world.apply({world.post("late")});
  world.run(world.reader.state(world.feed));
  world.run(world.reader.versions({world.feed}));
  world.run(world.reader.view(world.feed));
  world.run(world.reader.list(world.feed, {}));
  world.run(world.reader.recent(world.feed, 0, 10));
  world.run(world.reader.changes(world.feed, {}));
  world.run(world.reader.feed_of(world.feed.user, {world.feed.app}, world.id("late")));
}

// What a worker asks of the store.
void work_off(World& world) {
  const auto now = world.clock.now();
  world.store->transact_now([&](store::Connection& tx) {
    store::outbox::any(tx);
    store::outbox::add(tx, world.feed, {.version = 1, .at = now});
    store::jobs::next_due(tx);
    store::outbox::feeds(tx, now, 10);
    store::jobs::due_feeds(tx, now, 10);
    const auto lease = store::jobs::lease(tx, world.feed, now, std::chrono::minutes(1)).value();
    EXPECT_TRUE(store::jobs::holds(tx, lease));
    for (const auto& row : store::outbox::of_feed(tx, world.feed, 10)) store::outbox::erase(tx, world.feed, row.number);
    store::jobs::due(tx, world.feed, now, 10);
    store::jobs::held(tx, world.feed, now);
    store::jobs::nudges(tx, world.feed);
    const store::Job job{.feed = world.feed, .due_at = now};
    store::jobs::put(tx, job);
    store::jobs::find(tx, job);
    store::jobs::under_way(tx, world.feed, job.subscription, now);
    store::jobs::awaiting_credentials(tx, world.feed.app, now, 10);
    store::jobs::wake(tx, world.feed, now);
    store::jobs::hold(tx, world.feed, job.subscription, now);
    store::jobs::erase_alerts(tx, world.feed, job.subscription);
    store::jobs::erase(tx, job);
    store::outcomes::put(tx, world.feed, world.id("late"), {});
    store::outcomes::find(tx, world.feed, world.id("late"));
    store::outcomes::erase(tx, world.feed, world.id("late"));
    store::subscriptions::active(tx, world.feed, now);
    store::subscriptions::put_nudged(tx, world.feed, job.subscription, {});
    store::subscriptions::nudged(tx, world.feed);
    const std::string hash(32, 'h');
    store::channels::claim(tx, hash, world.feed, job.subscription);
    store::channels::names(tx, hash, job.subscription);
    store::channels::release(tx, hash, job.subscription);
    store::jobs::release(tx, lease);
    store::feeds::cap_entries(tx, world.feed, now);
    store::feeds::tombstones(tx, world.feed);
    store::feeds::oldest_tombstones(tx, world.feed, 10);
    store::feeds::alerted(tx, world.feed, 1, 10);
    store::feeds::newest_asking(tx, world.feed, model::PlatformMask{}, now);
  });
}

TEST(Statements, are_found_wherever_they_name_a_table) {
  for (const auto* text : {"SELECT MIN(due_at) FROM jobs", "SELECT 1 FROM jobs j", "UPDATE jobs SET kind = 1",
                           "INSERT INTO jobs (shard)", "SELECT 1 FROM feeds f JOIN jobs, x"})
    EXPECT_TRUE(concerns(text, "jobs")) << text;
  EXPECT_FALSE(concerns("SELECT 1 FROM jobs_of_others", "jobs"));
}

TEST(Statements, of_the_hot_path_name_their_shard) {
  World world(store::kPostgres);
  live_through_it(world);
  work_off(world);
  const auto statements = prepared(world);
  std::size_t distributed = 0;
  for (const auto& statement : statements) {
    const auto found = [&](std::string_view start) { return statement.starts_with(start); };
    if (std::ranges::none_of(kDistributed, [&](std::string_view table) { return concerns(statement, table); }))
      continue;
    ++distributed;
    EXPECT_TRUE(names_its_shard(statement) || std::ranges::any_of(kFinders, found)) << statement;
  }
  EXPECT_GT(distributed, 40U);
}

}  // namespace
}  // namespace hg::feed
