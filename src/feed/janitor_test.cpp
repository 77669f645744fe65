#include "feed/janitor.h"

#include <gtest/gtest.h>

#include "feed/testing.h"
#include "store/outcomes.h"
#include "store/subscriptions.h"

namespace hg::feed {
namespace {

using std::chrono::days;
using std::chrono::hours;

std::int64_t count(World& world, const std::string& table) {
  return world.store->read_now([&](store::Connection& tx) {
    return tx.first("SELECT COUNT(*) FROM " + table, {}, [](const store::Row& r) { return r.integer(0); }).value();
  });
}

TEST(Janitor, removes_notifications_and_tombstones_whose_time_is_over) {
  World world;
  Janitor janitor(*world.store, world.bus);
  world.apply({world.post("short", hours(1)), world.post("gone", hours(1)), world.remove("gone"),
               world.post("long", hours(9)), world.post("kept", hours(9)), world.remove("kept")});
  world.clock.advance(hours(2));

  EXPECT_EQ(world.run(janitor.step(world.clock.now())), 2U);

  EXPECT_EQ(count(world, "notifications"), 2);
  const auto row =
      world.store->read_now([&](store::Connection& tx) { return store::feeds::find(tx, world.feed).value(); });
  EXPECT_EQ(row.live, 1);
  EXPECT_EQ(row.unread, 1);
  EXPECT_EQ(row.tombstones, 1);
  EXPECT_EQ(row.floor_version, 0);
  EXPECT_EQ(row.version, 6);
}

TEST(Janitor, works_in_small_batches) {
  World world;
  Janitor janitor(*world.store, world.bus);
  for (int i = 0; i < 10; ++i) world.apply({world.post("n" + std::to_string(i), hours(1))});
  world.clock.advance(hours(2));

  EXPECT_EQ(world.run(janitor.step(world.clock.now(), 4)), 4U);
  EXPECT_EQ(count(world, "notifications"), 6);
}

TEST(Janitor, ends_subscriptions_past_their_end_and_forgets_them_ninety_days_later) {
  World world;
  Janitor janitor(*world.store, world.bus);
  auto wanted = world.endpoint("phone", model::ChannelKind::fcm, "token");
  const auto made = world.run(world.subscriptions.create_or_renew(wanted));
  world.clock.advance(days(31));

  EXPECT_EQ(world.run(janitor.step(world.clock.now())), 1U);
  const auto ended = world.run(world.subscriptions.find(world.feed, made->subscription.id));
  world.clock.advance(days(88));
  EXPECT_EQ(world.run(janitor.step(world.clock.now())), 0U);
  world.clock.advance(days(2));
  EXPECT_EQ(world.run(janitor.step(world.clock.now())), 1U);

  EXPECT_EQ(ended->ended_reason, model::EndReason::expired);
  EXPECT_EQ(ended->ended_at, made->subscription.expires_at);
  EXPECT_EQ(count(world, "subscriptions"), 0);
  EXPECT_EQ(count(world, "channels"), 0);
}

TEST(Janitor, forgets_idempotency_keys_after_a_day) {
  World world;
  Janitor janitor(*world.store, world.bus);
  auto request = world.post("a", days(5));
  request.idempotency = model::IdempotencyKey{world.application, "key", "print"};
  world.apply({request});

  world.clock.advance(hours(23));
  EXPECT_EQ(world.run(janitor.step(world.clock.now())), 0U);
  world.clock.advance(hours(1));
  EXPECT_EQ(world.run(janitor.step(world.clock.now())), 1U);

  EXPECT_EQ(count(world, "idempotency"), 0);
}

TEST(Janitor, drops_a_week_that_is_over_as_a_whole_with_its_reports) {
  // Given notifications of two weeks, and reports of them
  World world(store::kPostgres);
  Janitor janitor(*world.store, world.bus);
  world.run(janitor.step(world.clock.now()));
  std::vector<model::ChangeRequest> posts;
  for (int i = 0; i < 10; ++i) posts.push_back(world.post(fmt::format("short{}", i), hours(1)));
  posts.push_back(world.post("long", days(20)));
  world.apply(posts);
  world.store->transact_now([&](store::Connection& tx) {
    for (const auto& one : posts) store::outcomes::put(tx, world.feed, std::get<model::PostRequest>(one.what).id, {});
  });
  const auto week = fmt::format(
      "pg_class WHERE relname = 'notifications_w{}' AND relnamespace = CAST(current_schema() AS REGNAMESPACE)",
      world.clock.now().time_since_epoch() / std::chrono::weeks(1));
  EXPECT_EQ(count(world, week), 1);
  // When the week of the first is over, and the janitor comes by some times, for four at a time
  world.clock.advance(days(8));
  for (int i = 0; i < 30 && count(world, week) > 0; ++i) world.run(janitor.step(world.clock.now(), 4));
  // Then it is gone, and what is left is the other
  EXPECT_EQ(count(world, "notifications"), 1);
  EXPECT_EQ(count(world, "outcomes"), 1);
  EXPECT_EQ(count(world, week), 0);
  EXPECT_EQ(world.run(world.reader.state(world.feed)).count, 1U);
  // And one that is posted again under its id is a new one
  const auto again = world.apply({world.post("short1", hours(1))});
  EXPECT_EQ(again.answers[0]->new_version, 12);
  EXPECT_EQ(count(world, "notifications"), 2);
}

TEST(Janitor, leaves_in_its_place_what_came_before_its_week_was_made) {
  World world(store::kPostgres);
  Janitor janitor(*world.store, world.bus);
  world.apply({world.post("early", hours(1))});
  world.run(janitor.step(world.clock.now()));
  EXPECT_EQ(count(world, "notifications_other"), 1);
  world.apply({world.post("early", days(20))});
  EXPECT_EQ(count(world, "notifications_other"), 0);
  EXPECT_EQ(count(world, "notifications"), 1);
  world.clock.advance(days(21));
  world.apply({world.post("late", hours(1))});
  EXPECT_EQ(world.run(world.reader.state(world.feed)).count, 1U);
}

}  // namespace
}  // namespace hg::feed
