#include "store/webhooks.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "store/subscriptions.h"
#include "store/testing.h"

namespace hg::store {
namespace {

using std::chrono::seconds;

constexpr Time kNow = from_ms(1'800'000'000'000);
constexpr Duration kLease = seconds(60);

struct World {
  TemporaryStore store;
  AppId app{crypto::random_guid()};

  template <class F>
  auto write(F work) {
    return store->transact_now(work);
  }
  Webhook add(AppId of) {
    Webhook hook{
        .id = crypto::random_guid(), .app = of, .url = "https://a.example/", .sealed = "x", .created_at = kNow};
    EXPECT_TRUE(write([&](Connection& tx) { return webhooks::insert(tx, hook); }));
    return hook;
  }
  SubscriptionId subscribe() {
    SubscriptionRow row;
    auto& s = row.subscription;
    s.id = SubscriptionId{crypto::random_guid()};
    s.feed = {UserId{crypto::random_guid()}, app};
    s.device_id = s.id.str();
    s.expires_at = kNow + seconds(10);
    write([&](Connection& tx) { subscriptions::insert(tx, row); });
    made.push_back(s.feed);
    return s.id;
  }
  bool end(const SubscriptionId& id, Time now, std::optional<Time> ended_at = {}) {
    return write([&](Connection& tx) {
      return subscriptions::end(tx, made.back(), id, model::EndReason::channel_gone, now, ended_at);
    });
  }
  void end_many(int count) {
    for (int i = 0; i < count; ++i) end(subscribe(), kNow);
  }
  std::vector<WebhookCall> claim(Time now) {
    return write([&](Connection& tx) { return webhooks::claim(tx, now, kLease, 10); });
  }
  std::int64_t waiting() {
    return write([](Connection& tx) { return webhooks::waiting(tx); });
  }

  std::vector<FeedKey> made;
};

TEST(Webhooks, come_to_be_owed_an_end_in_its_transaction_and_once) {
  World world;
  const auto mine = world.add(world.app);
  world.add(AppId{crypto::random_guid()});
  const auto id = world.subscribe();

  EXPECT_TRUE(world.end(id, kNow + seconds(20), kNow + seconds(10)));
  EXPECT_FALSE(world.end(id, kNow + seconds(30)));

  const auto calls = world.claim(kNow + seconds(30));
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].webhook.id, mine.id);
  ASSERT_EQ(calls[0].ends.size(), 1U);
  EXPECT_EQ(calls[0].ends[0].subscription, id);
  EXPECT_EQ(calls[0].ends[0].feed, world.made.back());
  EXPECT_EQ(calls[0].ends[0].reason, model::EndReason::channel_gone);
  EXPECT_EQ(calls[0].ends[0].ended_at, kNow + seconds(10));
  EXPECT_EQ(calls[0].ends[0].made_at, kNow + seconds(20));
}

TEST(Webhooks, are_owed_nothing_of_a_transaction_that_is_undone) {
  World world;
  world.add(world.app);
  const auto id = world.subscribe();

  EXPECT_THROW(world.write([&](Connection& tx) {
    subscriptions::end(tx, world.made.back(), id, model::EndReason::expired, kNow);
    throw std::runtime_error("undone");
  }),
               std::runtime_error);

  EXPECT_EQ(world.waiting(), 0);
}

TEST(Webhooks, get_the_same_call_again_until_it_is_taken) {
  World world;
  world.add(world.app);
  world.end_many(2);
  const auto first = world.claim(kNow).at(0);
  EXPECT_TRUE(world.claim(kNow + seconds(1)).empty());  // leased

  world.write([&](Connection& tx) { return webhooks::failed(tx, first, kNow + seconds(5), "answered 500", kNow); });
  world.end_many(1);  // what comes meanwhile waits
  EXPECT_TRUE(world.claim(kNow + seconds(4)).empty());
  const auto second = world.claim(kNow + seconds(5)).at(0);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.ends.size(), 2U);
  EXPECT_EQ(second.attempts, 1);
  EXPECT_EQ(second.webhook.failing_since, kNow);
  EXPECT_EQ(second.webhook.failure, "answered 500");

  EXPECT_TRUE(world.write([&](Connection& tx) { return webhooks::taken(tx, second, kNow + seconds(6)); }));
  const auto third = world.claim(kNow + seconds(6)).at(0);
  EXPECT_NE(third.id, first.id);
  EXPECT_EQ(third.ends.size(), 1U);
  EXPECT_FALSE(third.webhook.failing_since);
  EXPECT_EQ(third.attempts, 0);
}

TEST(Webhooks, take_a_hundred_ends_in_a_call_in_their_order) {
  World world;
  world.add(world.app);
  world.end_many(130);

  const auto first = world.claim(kNow).at(0);
  world.write([&](Connection& tx) { return webhooks::taken(tx, first, kNow); });
  const auto rest = world.claim(kNow).at(0);

  EXPECT_EQ(first.ends.size(), webhooks::kAtOnce);
  EXPECT_EQ(first.ends[0].feed, world.made[0]);
  EXPECT_EQ(rest.ends.size(), 30U);
}

TEST(Webhooks, settle_nothing_when_the_lease_was_lost) {
  World world;
  const auto mine = world.add(world.app);
  world.end_many(1);
  const auto slow = world.claim(kNow).at(0);
  const auto other = world.claim(kNow + kLease).at(0);
  EXPECT_EQ(other.id, slow.id);

  EXPECT_FALSE(world.write([&](Connection& tx) { return webhooks::taken(tx, slow, kNow + kLease); }));
  EXPECT_EQ(world.waiting(), 1);
  world.write([](Connection& tx) { webhooks::release_all(tx); });
  EXPECT_EQ(world.claim(kNow + kLease).size(), 1U);

  EXPECT_TRUE(world.write([&](Connection& tx) { return webhooks::remove(tx, world.app, mine.id); }));
  EXPECT_FALSE(world.write([&](Connection& tx) { return webhooks::given_up(tx, other, kNow, "", kNow); }));
}

TEST(Webhooks, that_are_given_up_or_removed_leave_nothing_behind) {
  World world;
  const auto mine = world.add(world.app);
  world.end_many(1);
  const auto call = world.claim(kNow).at(0);

  EXPECT_TRUE(world.write(
      [&](Connection& tx) { return webhooks::given_up(tx, call, kNow + seconds(300), "timed out", kNow); }));
  EXPECT_EQ(world.waiting(), 0);
  world.end_many(1);
  EXPECT_TRUE(world.claim(kNow + seconds(299)).empty());
  EXPECT_EQ(world.write([&](Connection& tx) { return webhooks::next_due(tx); }), kNow + seconds(300));

  EXPECT_FALSE(world.write([&](Connection& tx) { return webhooks::remove(tx, AppId{mine.id}, mine.id); }));
  EXPECT_TRUE(world.write([&](Connection& tx) { return webhooks::remove(tx, world.app, mine.id); }));
  EXPECT_EQ(world.waiting(), 0);
  EXPECT_EQ(world.write([&](Connection& tx) { return webhooks::next_due(tx); }), std::nullopt);
}

TEST(Webhooks, are_a_few_an_app) {
  World world;
  for (std::size_t i = 0; i < webhooks::kMost; ++i) world.add(world.app);
  const auto more = world.write([&](Connection& tx) {
    return webhooks::insert(tx, {.id = crypto::random_guid(), .app = world.app, .created_at = kNow});
  });
  EXPECT_EQ(more.error().code, Code::conflict);
}

}  // namespace
}  // namespace hg::store
