#include "feed/subscribe.h"

#include <gtest/gtest.h>

#include "base/run_for_tests.h"
#include "feed/testing.h"
#include "store/jobs.h"
#include "store/outcomes.h"
#include "store/users.h"

namespace hg::feed {
namespace {

using model::ChannelKind;
using model::EndReason;
using std::chrono::days;
using std::chrono::hours;

Subscribed subscribe(World& world, model::Subscription wanted) {
  return world.run(world.subscriptions.create_or_renew(std::move(wanted))).value();
}

std::optional<model::Subscription> find(World& world, const Subscribed& s) {
  return world.run(world.subscriptions.find(s.subscription.feed, s.subscription.id));
}

std::vector<bus::Ended> ended_messages(World& world, const std::function<void()>& act) {
  std::vector<bus::Ended> heard;
  const auto listening = listen_to_all(world.bus, world.loop, [&](const bus::Message& message) {
    if (const auto* ended = std::get_if<bus::Ended>(&message)) heard.push_back(*ended);
  });
  act();
  world.settle();
  return heard;
}

TEST(Subscriptions, renew_the_same_device_under_the_same_unsid) {
  World world;
  const auto first = subscribe(world, world.endpoint("phone", ChannelKind::fcm, "token"));
  world.clock.advance(days(3));

  const auto again = subscribe(world, world.endpoint("phone", ChannelKind::fcm, "another"));

  EXPECT_FALSE(first.renewed);
  EXPECT_TRUE(again.renewed);
  EXPECT_EQ(again.subscription.id, first.subscription.id);
  EXPECT_EQ(again.unsid, first.unsid);
  EXPECT_EQ(again.subscription.channel.address, "another");
  EXPECT_EQ(again.subscription.created_at, first.subscription.created_at);
  EXPECT_EQ(again.subscription.expires_at, world.clock.now() + model::kDefaultLife);
}

TEST(Subscriptions, renew_an_ended_one_within_ninety_days_and_not_later) {
  World world;
  const auto first = subscribe(world, world.endpoint("phone"));
  ASSERT_TRUE(world.run(world.subscriptions.end(world.feed, first.subscription.id, EndReason::unsubscribed)));
  world.clock.advance(days(89));
  const auto renewed = subscribe(world, world.endpoint("phone"));
  ASSERT_TRUE(world.run(world.subscriptions.end(world.feed, first.subscription.id, EndReason::unsubscribed)));
  world.clock.advance(days(91));

  const auto late = subscribe(world, world.endpoint("phone"));

  EXPECT_EQ(renewed.subscription.id, first.subscription.id);
  EXPECT_NE(late.subscription.id, first.subscription.id);
  EXPECT_FALSE(late.renewed);
}

TEST(Subscriptions, begin_at_the_feeds_present_version) {
  World world;
  world.apply({world.post("a"), world.post("b")});

  const auto made = subscribe(world, world.endpoint("phone"));

  EXPECT_EQ(made.subscription.since_version, 2);
  EXPECT_EQ(world.tokens.parse_etag(world.feed, made.etag), 2);
}

TEST(Subscriptions, keep_channels_sealed_at_rest) {
  World world;
  const auto made = subscribe(world, world.endpoint("phone", ChannelKind::apns, "a-secret-token"));

  const auto stored = world.store->read_now(
      [&](store::Connection& tx) { return store::subscriptions::find(tx, world.feed, made.subscription.id).value(); });

  EXPECT_EQ(stored.sealed_channel.find("a-secret-token"), std::string::npos);
  EXPECT_EQ(stored.channel_hash.size(), 32U);
  EXPECT_EQ(find(world, made)->channel.address, "a-secret-token");
}

TEST(Subscriptions, move_a_channel_to_who_names_it_last_whoever_held_it) {
  World world;
  const auto former = subscribe(world, world.endpoint("phone", ChannelKind::fcm, "token"));
  auto wanted = world.endpoint("phone", ChannelKind::fcm, "token");
  wanted.feed.user = UserId{crypto::random_guid()};

  std::optional<Subscribed> owner;
  const auto heard = ended_messages(world, [&] { owner = subscribe(world, wanted); });

  const auto ended = find(world, former);
  EXPECT_EQ(ended->ended_reason, EndReason::channel_moved);
  EXPECT_TRUE(find(world, *owner)->active(world.clock.now()));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].subscription, former.subscription.id);
  EXPECT_EQ(heard[0].reason, "channelMoved");
  const auto resolved = world.run(world.subscriptions.resolve({world.feed, former.subscription.id}));
  EXPECT_EQ(resolved.state, Resolved::State::ended);
  EXPECT_EQ(resolved.reason, EndReason::channel_moved);
}

TEST(Subscriptions, keep_a_channel_of_one_app_apart_from_the_same_in_another) {
  World world;
  const auto one = subscribe(world, world.endpoint("phone", ChannelKind::fcm, "token"));
  auto wanted = world.endpoint("phone", ChannelKind::fcm, "token");
  wanted.feed.app = AppId{crypto::random_guid()};

  const auto two = subscribe(world, wanted);

  EXPECT_TRUE(find(world, one)->active(world.clock.now()));
  EXPECT_TRUE(find(world, two)->active(world.clock.now()));
}

TEST(Subscriptions, take_a_browser_for_the_same_by_its_endpoint) {
  World world;
  const auto one = subscribe(world, world.endpoint("a", ChannelKind::webpush,
                                                   R"({"endpoint":"https://push.example/1","keys":{"p256dh":"x"}})"));

  subscribe(world, world.endpoint("b", ChannelKind::webpush, R"({"keys":{},"endpoint":"https://push.example/1"})"));

  EXPECT_EQ(find(world, one)->ended_reason, EndReason::channel_moved);
}

TEST(Subscriptions, let_go_the_channel_they_left) {
  World world;
  subscribe(world, world.endpoint("phone", ChannelKind::fcm, "old"));
  const auto renewed = subscribe(world, world.endpoint("phone", ChannelKind::fcm, "new"));

  subscribe(world, world.endpoint("tablet", ChannelKind::fcm, "old"));

  EXPECT_TRUE(find(world, renewed)->active(world.clock.now()));
}

TEST(Subscriptions, end_once_with_their_reason) {
  World world;
  const auto made = subscribe(world, world.endpoint("phone"));

  EXPECT_TRUE(world.run(world.subscriptions.end(world.feed, made.subscription.id, EndReason::unsubscribed)));
  const auto again = world.run(world.subscriptions.end(world.feed, made.subscription.id, EndReason::channel_gone));

  EXPECT_EQ(again.error().code, Code::subscription_ended);
  EXPECT_EQ(again.error().reason, "unsubscribed");
  const auto unknown =
      world.run(world.subscriptions.end(world.feed, SubscriptionId{crypto::random_guid()}, EndReason::unsubscribed));
  EXPECT_EQ(unknown.error().code, Code::subscription_not_found);
}

TEST(Subscriptions, slide_their_end_with_use_but_write_it_once_a_day) {
  World world;
  const auto made = subscribe(world, world.endpoint("phone"));
  world.clock.advance(hours(23));
  const auto soon = world.run(world.subscriptions.touch(world.feed, made.subscription.id));
  world.clock.advance(hours(2));
  const auto later = world.run(world.subscriptions.touch(world.feed, made.subscription.id));

  EXPECT_EQ(soon->expires_at, made.subscription.expires_at);
  EXPECT_EQ(later->expires_at, world.clock.now() + model::kDefaultLife);
}

TEST(Subscriptions, slide_a_short_life_too) {
  World world;
  auto wanted = world.endpoint("phone");
  wanted.expires_at = world.clock.now() + hours(4);
  const auto made = subscribe(world, wanted);
  world.clock.advance(hours(2));

  const auto touched = world.run(world.subscriptions.touch(world.feed, made.subscription.id));

  EXPECT_EQ(touched->expires_at, world.clock.now() + hours(4));
}

TEST(Subscriptions, write_what_was_seen_once_a_minute_and_lose_nothing_of_it) {
  World world;
  const auto made = subscribe(world, world.endpoint("phone"));
  const auto id = made.subscription.id;

  world.run(world.subscriptions.touch(world.feed, id, 3));
  world.clock.advance(std::chrono::seconds(10));
  world.run(world.subscriptions.touch(world.feed, id, 5));
  EXPECT_EQ(find(world, made)->seen_version, 3);
  world.run(world.subscriptions.flush_seen());

  EXPECT_EQ(find(world, made)->seen_version, 5);
}

TEST(Subscriptions, note_what_was_fetched_by_itself_beside_what_was_seen) {
  World world;
  const auto made = subscribe(world, world.endpoint("phone"));
  ASSERT_TRUE(world.change(world.post("older")));
  const auto newer = world.change(world.post("newer"))->notifications.front();

  world.run(world.subscriptions.fetched(made.subscription, newer));
  world.run(world.subscriptions.fetched(made.subscription, newer));
  world.run(world.subscriptions.flush_seen());

  const auto report = world.store->read_now(
      [&](store::Connection& tx) { return store::outcomes::find(tx, world.feed, newer.id).value(); });
  EXPECT_EQ(report.fetched, (std::vector<model::Fetched>{{made.subscription.id, newer.alert_version}}));
  EXPECT_EQ(find(world, made)->seen_version, 0);
}

TEST(Subscriptions, note_nothing_fetched_of_what_asked_for_attention_again_or_is_gone) {
  World world;
  const auto made = subscribe(world, world.endpoint("phone"));
  const auto first = world.change(world.post("one"))->notifications.front();
  ASSERT_TRUE(world.change(world.post("one")));

  world.run(world.subscriptions.fetched(made.subscription, first));
  auto unknown = first;
  unknown.id = NotificationId{crypto::random_guid()};
  world.run(world.subscriptions.fetched(made.subscription, unknown));
  world.run(world.subscriptions.flush_seen());

  for (const auto& id : {first.id, unknown.id}) {
    EXPECT_FALSE(
        world.store->read_now([&](store::Connection& tx) { return store::outcomes::find(tx, world.feed, id); }));
  }
}

std::vector<store::Job> owed(World& world) {
  return world.store->read_now(
      [&](store::Connection& tx) { return store::jobs::due(tx, world.feed, from_ms(1LL << 60), 100); });
}

TEST(Subscriptions, owe_a_warning_three_days_before_the_end_wherever_it_moves) {
  World world;
  auto made = subscribe(world, world.endpoint("phone", ChannelKind::apns, "token")).subscription;
  const auto check = [&] {
    const auto jobs = owed(world);
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].kind, model::JobKind::expiring);
    EXPECT_EQ(jobs[0].subscription, made.id);
    EXPECT_EQ(jobs[0].due_at, made.expires_at - days(3));
    EXPECT_EQ(jobs[0].guard, to_ms(made.expires_at));
  };
  check();
  world.clock.advance(days(2));
  made = world.run(world.subscriptions.touch(world.feed, made.id)).value();
  check();
  world.clock.advance(days(2));
  made = subscribe(world, world.endpoint("phone", ChannelKind::fcm, "other")).subscription;
  check();
}

TEST(Subscriptions, owe_a_warning_in_the_middle_of_a_short_life) {
  World world;
  auto wanted = world.endpoint("phone", ChannelKind::fcm, "token");
  wanted.expires_at = world.clock.now() + hours(10);
  subscribe(world, wanted);

  EXPECT_EQ(owed(world).at(0).due_at, world.clock.now() + hours(5));
}

TEST(Subscriptions, owe_no_warning_to_whom_nobody_can_wake_silently) {
  World world;
  subscribe(world, world.endpoint("page"));
  subscribe(world, world.endpoint("browser", ChannelKind::webpush, R"({"endpoint":"https://push.example.com/1"})"));

  EXPECT_TRUE(owed(world).empty());
}

TEST(Subscriptions, refuse_use_after_their_end) {
  World world;
  const auto made = subscribe(world, world.endpoint("phone"));
  world.clock.advance(days(31));

  const auto touched = world.run(world.subscriptions.touch(world.feed, made.subscription.id));

  EXPECT_EQ(touched.error().code, Code::subscription_ended);
  EXPECT_EQ(touched.error().reason, "expired");
}

TEST(Subscriptions, resolve_an_ended_one_to_another_active_one_of_the_user) {
  World world;
  const auto gone = subscribe(world, world.endpoint("phone"));
  const auto left = subscribe(world, world.endpoint("tablet"));
  world.run(world.subscriptions.end(world.feed, gone.subscription.id, EndReason::unsubscribed));

  const auto resolved = world.run(world.subscriptions.resolve({world.feed, gone.subscription.id}));
  const auto itself = world.run(world.subscriptions.resolve({world.feed, left.subscription.id}));

  EXPECT_EQ(resolved.state, Resolved::State::replaced);
  EXPECT_EQ(resolved.replacement, left.unsid);
  EXPECT_EQ(itself.state, Resolved::State::active);
  EXPECT_TRUE(itself.replacement.empty());
}

TEST(Subscriptions, resolve_what_is_no_longer_kept_as_expired_or_as_of_a_removed_user) {
  World world;
  const SubscriptionId forgotten{crypto::random_guid()};
  EXPECT_EQ(world.run(world.subscriptions.resolve({world.feed, forgotten})).reason, EndReason::user_removed);
  world.store->transact_now([&](store::Connection& tx) {
    store::User user;
    user.id = world.feed.user;
    user.upn = "a@example.com";
    return store::users::insert(tx, user);
  });

  EXPECT_EQ(world.run(world.subscriptions.resolve({world.feed, forgotten})).reason, EndReason::expired);
}

TEST(Subscriptions, list_the_active_and_end_all_of_a_user) {
  World world;
  subscribe(world, world.endpoint("phone"));
  subscribe(world, world.endpoint("tablet"));

  EXPECT_EQ(world.run(world.subscriptions.list(world.feed.user, {world.feed.app})).size(), 2U);
  EXPECT_EQ(world.run(world.subscriptions.end_all(world.feed.user, EndReason::user_removed)), 2U);

  EXPECT_TRUE(world.run(world.subscriptions.list(world.feed.user, {world.feed.app})).empty());
  EXPECT_EQ(world.run(world.subscriptions.list_all(world.feed.user)).size(), 2U);
}

// On a database server several write at a time.
TEST(Subscriptions, of_twins_at_once_are_one) {
  World world(store::chosen_engine(), 4);
  for (int round = 0; round < 40; ++round) {
    std::optional<Result<Subscribed>> one, other;
    const auto wanted = world.endpoint("d" + std::to_string(round));
    run_at_once(world.loop, into(one, world.subscriptions.create_or_renew(wanted)),
                into(other, world.subscriptions.create_or_renew(wanted)));
    ASSERT_TRUE(*one && *other);
    EXPECT_EQ((*one)->unsid, (*other)->unsid);
  }
}

TEST(Subscriptions, that_are_ended_while_they_are_used_stay_ended) {
  World world(store::chosen_engine(), 4);
  int undone = 0;
  for (int round = 0; round < 60; ++round) {
    const auto made = subscribe(world, world.endpoint("d" + std::to_string(round)));
    world.clock.advance(days(2));
    std::optional<Result<model::Subscription>> used;
    std::optional<Result<void>> ended;
    run_at_once(world.loop, into(used, world.subscriptions.touch(world.feed, made.subscription.id, round + 1)),
                into(ended, world.subscriptions.end(world.feed, made.subscription.id, EndReason::unsubscribed)));
    EXPECT_TRUE(*ended);
    if (find(world, made)->active(world.clock.now())) ++undone;
  }
  EXPECT_EQ(undone, 0) << "of 60";
}

}  // namespace
}  // namespace hg::feed
