#include "feed/apply.h"

#include <gtest/gtest.h>

#include "feed/testing.h"
#include "store/jobs.h"
#include "store/subscriptions.h"

namespace hg::feed {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

store::Feed feed_row(World& world) {
  return world.store->read_now(
      [&](store::Connection& tx) { return store::feeds::at(tx, world.feed, world.clock.now()); });
}

std::int64_t number(World& world, std::string_view sql) {
  return world.store->read_now([&](store::Connection& tx) {
    return tx.first(sql, {}, [](const store::Row& r) { return r.integer(0); }).value();
  });
}

std::optional<model::Notification> row(World& world, std::string_view name) {
  return world.store->read_now(
      [&](store::Connection& tx) { return store::feeds::notification(tx, world.feed, world.id(name)); });
}

TEST(Apply, decides_in_arrival_order_and_advances_the_feed_once) {
  World world;

  const auto applied = world.apply({world.post("a"), world.post("b"), world.dismiss("a"), world.read("b")});

  ASSERT_EQ(applied.advances.size(), 1U);
  EXPECT_EQ(applied.advances[0].from, 0);
  EXPECT_EQ(applied.advances[0].to, 4);
  EXPECT_EQ(applied.advances[0].unread, 1);
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(applied.answers[i]);
    EXPECT_EQ(applied.answers[i]->base_version, static_cast<std::int64_t>(i));
    EXPECT_EQ(applied.answers[i]->new_version, static_cast<std::int64_t>(i) + 1);
  }
  EXPECT_EQ(row(world, "a")->version, 3);
  EXPECT_EQ(row(world, "a")->action_state, model::ActionState::dismissed);
  EXPECT_EQ(row(world, "b")->version, 4);
}

TEST(Apply, answers_in_request_order_whatever_feeds_they_are_for) {
  World world;
  auto other = world.post("b");
  other.feed.user = UserId{crypto::random_guid()};
  const auto elsewhere = other.feed;

  const auto applied = world.apply({world.post("a"), other, world.remove("unknown"), world.post("c")});

  EXPECT_EQ(applied.answers[0]->new_version, 1);
  EXPECT_EQ(applied.answers[1]->new_version, 1);
  EXPECT_EQ(applied.answers[2].error().code, Code::not_found);
  EXPECT_EQ(applied.answers[3]->new_version, 2);
  EXPECT_EQ(applied.advances.size(), 2U);
  EXPECT_TRUE(std::ranges::is_sorted(applied.advances, {}, &Advance::feed));
  EXPECT_NE(elsewhere, world.feed);
}

// More feeds than one statement takes rows, half of them new, each with what only it has.
TEST(Apply, keeps_many_feeds_of_one_group_apart) {
  World world;
  std::vector<FeedKey> feeds(120, world.feed);
  for (auto& feed : feeds) feed.user = UserId{crypto::random_guid()};
  const auto titled = [&](const FeedKey& feed, std::string title) {
    world.feed = feed;
    auto request = world.post("n");
    std::get<model::PostRequest>(request.what).content.title = std::move(title);
    return request;
  };
  std::vector<model::ChangeRequest> first, second;
  for (std::size_t i = 0; i < feeds.size(); i += 2) first.push_back(titled(feeds[i], "first"));
  for (std::size_t i = 0; i < feeds.size(); ++i) second.push_back(titled(feeds[i], fmt::format("second {}", i)));

  world.apply(first);
  const auto applied = world.apply(second);

  ASSERT_EQ(applied.advances.size(), feeds.size());
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    world.feed = feeds[i];
    EXPECT_EQ(applied.answers[i].value().base_version, i % 2 == 0 ? 1 : 0) << i;
    EXPECT_EQ(row(world, "n").value().content.title, fmt::format("second {}", i));
    EXPECT_EQ(feed_row(world).version, i % 2 == 0 ? 2 : 1) << i;
    EXPECT_EQ(feed_row(world).live, 1) << i;
  }
}

TEST(Apply, gives_a_change_that_changes_nothing_no_version) {
  World world;
  world.apply({world.post("a"), world.dismiss("a")});

  const auto again = world.apply({world.dismiss("a")});

  ASSERT_TRUE(again.answers[0]);
  EXPECT_EQ(again.answers[0]->new_version, again.answers[0]->base_version);
  EXPECT_EQ(again.answers[0]->notifications.size(), 1U);
  EXPECT_TRUE(again.advances.empty());
  EXPECT_EQ(feed_row(world).version, 2);
}

TEST(Apply, replaces_under_the_same_id_and_starts_its_state_anew) {
  World world;
  world.apply({world.post("a"), world.read("a"), world.dismiss("a")});
  auto again = world.post("a");
  std::get<model::PostRequest>(again.what).content.title = "Other";

  const auto applied = world.apply({again});

  const auto now = row(world, "a");
  EXPECT_EQ(now->content.title, "Other");
  EXPECT_EQ(now->content_version, 2);
  EXPECT_EQ(now->read_state, model::ReadState::unread);
  EXPECT_EQ(now->action_state, model::ActionState::no_interaction);
  EXPECT_FALSE(now->handled_by);
  EXPECT_EQ(now->alert_version, applied.answers[0]->new_version);
  EXPECT_EQ(number(world, "SELECT COUNT(*) FROM notifications"), 1);
  EXPECT_EQ(feed_row(world).live, 1);
  EXPECT_EQ(feed_row(world).unread, 1);
}

TEST(Apply, brings_a_deleted_one_back_by_a_new_post_alone) {
  World world;
  world.apply({world.post("a"), world.remove("a")});
  EXPECT_EQ(feed_row(world).tombstones, 1);
  EXPECT_EQ(feed_row(world).live, 0);

  const auto applied = world.apply({world.read("a"), world.remove("a"), world.post("a")});

  EXPECT_EQ(applied.answers[0].error().code, Code::not_found);
  EXPECT_TRUE(applied.answers[1]);
  EXPECT_EQ(applied.answers[1]->new_version, applied.answers[1]->base_version);
  EXPECT_TRUE(applied.answers[2]);
  EXPECT_EQ(feed_row(world).tombstones, 0);
  EXPECT_EQ(feed_row(world).live, 1);
}

TEST(Apply, marks_all_in_one_version_also_what_the_same_group_posted) {
  World world;
  world.apply({world.post("a"), world.post("b")});

  const auto applied = world.apply(
      {world.post("c"), world.request(model::MarkAllRequest{std::nullopt, true, {"Live", "d", world.clock.now()}})});

  ASSERT_TRUE(applied.answers[1]);
  EXPECT_EQ(applied.answers[1]->base_version, 3);
  EXPECT_EQ(applied.answers[1]->new_version, 4);
  EXPECT_EQ(applied.answers[1]->notifications.size(), 3U);
  for (const auto* name : {"a", "b", "c"}) EXPECT_EQ(row(world, name)->version, 4) << name;
  EXPECT_EQ(applied.advances[0].to, 4);
}

TEST(Apply, keeps_a_thousand_and_lets_go_the_handled_the_read_then_the_oldest) {
  World world;
  world.apply(world.posts(0, 1000));
  world.apply({world.dismiss("n500"), world.read("n700"), world.snooze("n0", hours(1))});

  const auto applied = world.apply(world.posts(1000, 1004));

  EXPECT_TRUE(row(world, "n500")->deleted());
  EXPECT_TRUE(row(world, "n700")->deleted());
  EXPECT_FALSE(row(world, "n0")->deleted());
  EXPECT_TRUE(row(world, "n1")->deleted());
  EXPECT_TRUE(row(world, "n2")->deleted());
  EXPECT_FALSE(row(world, "n3")->deleted());
  EXPECT_EQ(row(world, "n500")->version, applied.answers[0]->new_version);
  EXPECT_EQ(row(world, "n2")->version, applied.answers[3]->new_version);
  EXPECT_EQ(feed_row(world).live, 1000);
  EXPECT_EQ(feed_row(world).tombstones, 4);
  EXPECT_EQ(number(world, "SELECT COUNT(*) FROM notifications WHERE status <> 2"), 1000);
}

TEST(Apply, keeps_eight_mebibytes) {
  World world;
  const auto large = [&](int i) {
    world.clock.advance(Duration(1));
    auto request = world.post("n" + std::to_string(i));
    std::get<model::PostRequest>(request.what).content.raw_content = std::string(16'384, 'x');
    return request;
  };
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(world.apply({large(i)}).answers[0]);

  EXPECT_LE(feed_row(world).bytes, model::kMaxFeedBytes);
  EXPECT_GT(feed_row(world).bytes, model::kMaxFeedBytes - 20'000);
  EXPECT_TRUE(row(world, "n0")->deleted());
  EXPECT_FALSE(row(world, "n599")->deleted());
}

TEST(Apply, keeps_a_thousand_tombstones_at_most_and_raises_the_floor_beyond) {
  World world;
  world.apply(world.posts(0, 1000));
  std::vector<model::ChangeRequest> deletions;
  for (int i = 0; i < 1000; ++i) deletions.push_back(world.remove("n" + std::to_string(i)));
  world.apply(deletions);
  EXPECT_EQ(feed_row(world).floor_version, 0);

  world.apply({world.post("x"), world.remove("x")});

  EXPECT_EQ(feed_row(world).tombstones, 969) << "some more than must go, so that the next ones need not be counted";
  EXPECT_EQ(feed_row(world).floor_version, 1032);
  EXPECT_FALSE(row(world, "n31"));
  EXPECT_TRUE(row(world, "n32"));
}

TEST(Apply, gives_twins_of_one_idempotency_key_one_answer) {
  World world;
  auto request = world.post("a");
  request.idempotency = model::IdempotencyKey{world.application, "key", "print"};
  auto twin = request;

  const auto applied = world.apply({request, twin});
  world.apply({world.dismiss("a")});
  world.clock.advance(hours(1));
  const auto later = world.apply({twin});

  for (const auto* answer : {&applied.answers[1], &later.answers[0]}) {
    ASSERT_TRUE(*answer);
    EXPECT_TRUE((*answer)->replayed);
    EXPECT_EQ((*answer)->base_version, 0);
    EXPECT_EQ((*answer)->new_version, 1);
    const auto& first = applied.answers[0]->notifications[0];
    const auto& again = (*answer)->notifications[0];
    EXPECT_EQ(again.id, first.id);
    EXPECT_EQ(again.created_at, first.created_at);
    EXPECT_EQ(again.content.expires_at, first.content.expires_at);
    EXPECT_EQ(again.version, first.version);
    EXPECT_EQ(again.action_state, model::ActionState::no_interaction);
  }
  EXPECT_FALSE(applied.answers[0]->replayed);
  EXPECT_EQ(feed_row(world).version, 2);
}

TEST(Apply, refuses_an_idempotency_key_that_comes_with_another_request) {
  World world;
  auto request = world.post("a", hours(99));
  request.idempotency = model::IdempotencyKey{world.application, "key", "print"};
  auto other = world.post("b", hours(99));
  other.idempotency = model::IdempotencyKey{world.application, "key", "another"};
  auto elsewhere = other;
  elsewhere.idempotency->application = ApplicationId{crypto::random_guid()};

  const auto applied = world.apply({request, other, elsewhere});
  world.clock.advance(hours(25));
  other.now = world.clock.now();
  const auto next_day = world.apply({other});

  EXPECT_EQ(applied.answers[1].error().code, Code::idempotency_key_reused);
  EXPECT_TRUE(applied.answers[2]);
  EXPECT_TRUE(next_day.answers[0]);
}

TEST(Apply, answers_a_repeated_post_by_its_first_answer) {
  World world;
  auto request = world.post("a");
  auto& post = std::get<model::PostRequest>(request.what);
  post.request_id = "5f0c0b0e-0000-4000-8000-000000000001";
  world.apply({request, world.dismiss("a")});
  auto repeated = request;
  std::get<model::PostRequest>(repeated.what).retry = true;
  auto new_body = repeated;
  std::get<model::PostRequest>(new_body.what).fingerprint = std::string(32, 'g');

  const auto applied = world.apply({repeated});
  const auto replaced = world.apply({new_body});

  EXPECT_TRUE(applied.answers[0]->replayed);
  EXPECT_EQ(applied.answers[0]->new_version, 1);
  EXPECT_TRUE(applied.advances.empty());
  EXPECT_FALSE(replaced.answers[0]->replayed);
  EXPECT_EQ(replaced.answers[0]->new_version, 3);
}

TEST(Apply, owes_the_outbox_only_what_a_channel_or_a_mail_could_bring) {
  World world;
  world.run(world.subscriptions.create_or_renew(world.endpoint("browser")));
  world.apply({world.post("a")});
  EXPECT_EQ(number(world, "SELECT COUNT(*) FROM outbox"), 0);

  auto with_mail = world.post("b");
  std::get<model::PostRequest>(with_mail.what).content.policies = R"({"fallbackPolicy":{"transportFallback":{}}})";
  world.apply({with_mail});
  EXPECT_EQ(number(world, "SELECT COUNT(*) FROM outbox"), 1);

  world.run(world.subscriptions.create_or_renew(world.endpoint("phone", model::ChannelKind::fcm, "t")));
  const auto applied = world.apply({world.post("c"), world.dismiss("a")});
  EXPECT_EQ(number(world, "SELECT COUNT(*) FROM outbox"), 3);
  EXPECT_EQ(applied.answers[0]->endpoints, 2);
}

TEST(Apply, makes_a_job_for_a_snooze_and_none_for_what_leaves_it_snoozed) {
  World world;
  world.apply({world.post("a")});

  const auto applied = world.apply({world.snooze("a", minutes(30))});
  model::ContentPatch patch;
  patch.priority = model::Priority::low;
  world.apply({world.request(model::EditRequest{world.id("a"), patch})});

  EXPECT_EQ(applied.due, world.clock.now() + minutes(30));
  EXPECT_EQ(number(world, "SELECT COUNT(*) FROM jobs"), 1);
  EXPECT_EQ(row(world, "a")->action_state, model::ActionState::snoozed);
}

TEST(Apply, leaves_the_expired_out_of_the_counts) {
  World world;
  world.apply({world.post("short", hours(1)), world.post("long", hours(9)), world.post("gone", hours(1))});
  EXPECT_EQ(feed_row(world).unread, 3);

  world.clock.advance(hours(2));
  EXPECT_EQ(feed_row(world).unread, 1);
  const auto applied = world.apply({world.post("short"), world.read("gone")});

  EXPECT_EQ(applied.answers[1].error().code, Code::not_found);
  EXPECT_EQ(applied.answers[0]->notifications[0].content_version, 1);
  EXPECT_EQ(feed_row(world).live, 2);
  EXPECT_EQ(feed_row(world).unread, 2);
}

TEST(Apply, refuses_a_post_through_a_subscription_that_is_not_active) {
  World world;
  const auto made = world.run(world.subscriptions.create_or_renew(world.endpoint("phone")));
  const auto through = [&](const SubscriptionId& id, std::string name) {
    auto request = world.post(std::move(name));
    std::get<model::PostRequest>(request.what).through = id;
    return request;
  };
  EXPECT_EQ(world.change(through(made->subscription.id, "a"))->endpoints, 1);

  ASSERT_TRUE(world.run(world.subscriptions.end(world.feed, made->subscription.id, model::EndReason::unsubscribed)));
  const auto refused = world.change(through(made->subscription.id, "b"));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::subscription_ended);
  EXPECT_EQ(feed_row(world).version, 1);
}

}  // namespace
}  // namespace hg::feed
