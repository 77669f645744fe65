#include "feed/cap_order.h"

#include <gtest/gtest.h>

#include <random>

#include "feed/testing.h"
#include "store/erase.h"

namespace hg::feed {
namespace {

using std::chrono::minutes;

const FeedKey kFeed{UserId{*Guid::parse("119081f2-0000-4000-8000-000000000001")}, AppId{}};

model::CapEntry numbered(int n) {
  model::CapEntry entry;
  entry.id.guid.bytes[15] = static_cast<std::byte>(n);
  entry.created_at = from_ms(n);
  entry.expires_at = from_ms(100 + n);
  return entry;
}

std::vector<int> numbers(const CapOrder& order) {
  std::vector<int> all;
  for (const auto& entry : order.entries()) all.push_back(std::to_integer<int>(entry.id.guid.bytes[15]));
  return all;
}

TEST(CapOrder, stays_in_order) {
  CapOrder order({numbered(3), numbered(1)});
  order.add(numbered(2));
  auto handled = numbered(4);
  handled.handled = true;
  order.add(handled);
  EXPECT_EQ(numbers(order), (std::vector<int>{4, 1, 2, 3}));
  order.remove(numbered(2));
  order.remove(numbered(9));
  order.expire(from_ms(101));
  EXPECT_EQ(numbers(order), (std::vector<int>{4, 3}));
}

TEST(CapOrders, know_a_feed_at_its_version_alone) {
  CapOrders orders;
  orders.keep(kFeed, 5, CapOrder({numbered(1)}));
  ASSERT_TRUE(orders.find(kFeed, 5));
  EXPECT_EQ(numbers(*orders.find(kFeed, 5)), std::vector<int>{1});
  EXPECT_FALSE(orders.find(kFeed, 4));
  EXPECT_FALSE(orders.find(kFeed, 6));
  EXPECT_FALSE(orders.find({kFeed.user, AppId{kFeed.user.guid}}, 5));
}

std::int64_t version(World& world) {
  return world.store->read_now([&](store::Connection& tx) { return store::feeds::find(tx, world.feed)->version; });
}

TEST(CapOrders, are_kept_of_full_feeds_and_not_taken_for_what_another_node_has_changed) {
  World world;
  world.apply(world.posts(0, 1000));
  EXPECT_FALSE(world.orders.find(world.feed, version(world))) << "not full yet";
  world.apply(world.posts(1000, 1001));
  const auto kept = world.orders.find(world.feed, version(world));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->entries().size(), 1000U);
  EXPECT_EQ(kept->entries().front().id, world.id("n1"));

  CapOrders another;
  world.apply({world.dismiss("n500")}, another);
  EXPECT_FALSE(world.orders.find(world.feed, version(world)));
  world.apply(world.posts(1001, 1002));
  const auto after = world.store->read_now(
      [&](store::Connection& tx) { return store::feeds::notification(tx, world.feed, world.id("n500")); });
  EXPECT_TRUE(after->deleted()) << "the handled one went";
}

// Names of what is there in the end, after changes that chance chose.
std::vector<int> left(bool remembering) {
  World world;
  world.apply(world.posts(0, 1000));
  std::mt19937 chance(4711);
  int next = 1000;
  for (int i = 0; i < 400; ++i) {
    const auto any = "n" + std::to_string(std::uniform_int_distribution(0, next - 1)(chance));
    const auto kind = std::uniform_int_distribution(0, 9)(chance);
    std::vector<model::ChangeRequest> group = world.posts(next, next + 1 + kind % 3);
    next += 1 + kind % 3;
    if (kind == 3) group.push_back(world.dismiss(any));
    if (kind == 4) group.push_back(world.read(any));
    if (kind == 5) group.push_back(world.snooze(any, minutes(5)));
    if (kind == 6) group.push_back(world.remove(any));
    if (kind == 7) world.clock.advance(minutes(1));
    CapOrders nothing;
    world.apply(group, remembering ? world.orders : nothing);
  }
  EXPECT_EQ(world.orders.find(world.feed, version(world)).has_value(), remembering);
  std::vector<int> names;
  for (int i = 0; i < next; ++i) {
    const auto found = world.store->read_now([&](store::Connection& tx) {
      return store::feeds::notification(tx, world.feed, world.id("n" + std::to_string(i)));
    });
    if (found && !found->deleted()) names.push_back(i);
  }
  return names;
}

TEST(CapOrders, of_an_erased_user_are_not_those_of_the_same_user_who_came_again) {
  World world;
  world.apply(world.posts(0, 1000));
  world.apply(world.posts(1000, 1001));
  ASSERT_EQ(version(world), 1001);
  world.store->transact_now([&](store::Connection& tx) { store::erase_user(tx, world.feed.user); });
  // The same person of an external issuer has the same id.
  world.apply(world.posts(2000, 3000));
  world.apply({world.dismiss("n2500")});
  ASSERT_EQ(version(world), 1001);
  for (int i = 3000; i < 3050; ++i) world.apply(world.posts(i, i + 1));
  const auto row = world.store->read_now([&](store::Connection& tx) { return *store::feeds::find(tx, world.feed); });
  EXPECT_EQ(row.live, 1000);
  const auto handled = world.store->read_now(
      [&](store::Connection& tx) { return store::feeds::notification(tx, world.feed, world.id("n2500")); });
  EXPECT_TRUE(handled->deleted()) << "the handled one goes first";
}

TEST(CapOrders, let_go_what_a_look_into_the_store_would) {
  const auto names = left(true);
  EXPECT_EQ(names.size(), 1000U);
  EXPECT_EQ(names, left(false));
}

}  // namespace
}  // namespace hg::feed
