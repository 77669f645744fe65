#include "bus/local.h"

#include <gtest/gtest.h>

#include <deque>

#include "bus/presence.h"

namespace hg::bus {
namespace {

// A loop in miniature.
struct Loop {
  std::deque<std::function<void()>> tasks;
  std::vector<Message> heard;

  std::shared_ptr<void> listen(Bus& bus, std::int64_t first = 0, std::int64_t last = Bus::kLastShard) {
    return bus.subscribe(
        first, last, [this](std::function<void()> task) { tasks.push_back(std::move(task)); },
        [this](const Message& message) { heard.push_back(message); });
  }
  void run() {
    for (; !tasks.empty(); tasks.pop_front()) tasks.front()();
  }
};

FeedKey feed_in(std::int64_t shard) {
  FeedKey feed;
  feed.user.guid.bytes[0] = static_cast<std::byte>(shard >> 6);
  feed.user.guid.bytes[1] = static_cast<std::byte>(shard << 2);
  return feed;
}

TEST(LocalBus, wakes_each_subscriber_once_however_many_messages) {
  Local bus;
  Loop one, two;
  const auto first = one.listen(bus), second = two.listen(bus);

  bus.publish({Moved{.feed = feed_in(1), .from = 0, .to = 1}, Moved{.feed = feed_in(2), .from = 0, .to = 1}});

  EXPECT_EQ(one.tasks.size(), 1U);
  EXPECT_EQ(two.tasks.size(), 1U);
  one.run();
  EXPECT_EQ(one.heard.size(), 2U);
}

TEST(LocalBus, brings_feeds_to_their_group_of_shards_and_staleness_to_everybody) {
  Local bus;
  Loop low, high;
  const auto first = low.listen(bus, 0, 99), second = high.listen(bus, 100, Bus::kLastShard);

  bus.publish({Moved{.feed = feed_in(100), .from = 0, .to = 1}});
  bus.publish({Stale{.kind = Stale::Kind::user}});
  low.run();
  high.run();

  EXPECT_EQ(low.heard.size(), 1U);
  EXPECT_EQ(high.heard.size(), 2U);
}

TEST(LocalBus, calls_nobody_who_has_left_not_even_with_what_was_posted_before) {
  Local bus;
  Loop loop;
  auto token = loop.listen(bus);
  bus.publish({Stale{}});

  token.reset();
  loop.run();

  EXPECT_TRUE(loop.heard.empty());
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
