#include "feed/janitor.h"

#include <gtest/gtest.h>

#include "feed/testing.h"
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

}  // namespace
}  // namespace hg::feed
