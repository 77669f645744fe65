#include "bus/local.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "bus/presence.h"

namespace hg::bus {
namespace {

FeedKey feed_in(std::int64_t shard) {
  FeedKey feed;
  feed.user.guid.bytes[0] = static_cast<std::byte>(shard >> 6);
  feed.user.guid.bytes[1] = static_cast<std::byte>(shard << 2);
  return feed;
}

// What all buses promise is in contract_test.cpp.
TEST(LocalBus, wakes_each_listener_once_however_many_messages) {
  Local bus;
  std::deque<std::function<void()>> tasks;
  std::size_t heard = 0;
  const auto listener = bus.subscribe([&](std::function<void()> task) { tasks.push_back(std::move(task)); },
                                      [&](const Message&) { ++heard; });
  listener->follow(feed_in(1));
  listener->follow(feed_in(200));

  bus.publish({Moved{.feed = feed_in(1), .from = 0, .to = 1}, Moved{.feed = feed_in(200), .from = 0, .to = 1}});

  ASSERT_EQ(tasks.size(), 1U);
  tasks.front()();
  EXPECT_EQ(heard, 2U);
}

TEST(LocalBus, tells_which_groups_anybody_follows) {
  std::vector<std::pair<int, bool>> told;
  Local bus([&](int group, bool followed) { told.emplace_back(group, followed); });
  const auto post = [](const std::function<void()>&) {};
  auto one = bus.subscribe(post, {}), two = bus.subscribe(post, {});

  one->follow(feed_in(64));
  two->follow(feed_in(65));
  one->follow(feed_in(66));
  one->unfollow(feed_in(66));
  one->follow(feed_in(kGroups * 64 - 1));
  EXPECT_EQ(told, (std::vector<std::pair<int, bool>>{{1, true}, {kGroups - 1, true}}));
  one.reset();
  two->unfollow(feed_in(65));

  EXPECT_EQ(told[2], std::pair(kGroups - 1, false));
  EXPECT_EQ(told[3], std::pair(1, false));
}

TEST(Presence, counts_by_user_and_by_feed_up_to_the_limit) {
  Presence presence(2);
  const auto feed = feed_in(1);
  FeedKey other = feed;
  other.app.guid.bytes[0] = std::byte{1};

  EXPECT_TRUE(presence.enter(feed));
  EXPECT_TRUE(presence.enter(other));
  EXPECT_FALSE(presence.enter(feed));

  EXPECT_EQ(presence.of(feed.user), 2U);
  EXPECT_EQ(presence.of(feed), 1U);
  presence.leave(other);
  EXPECT_TRUE(presence.enter(feed));
  EXPECT_EQ(presence.of(other), 0U);
  EXPECT_EQ(presence.total(), 2U);
}

}  // namespace
}  // namespace hg::bus
