// The silent push that tells an endpoint when its subscription ends.
#include "delivery/testing.h"

namespace hg::delivery {
namespace {

using model::ChannelKind;
using Outcome = push::Verdict::Outcome;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// As subscribing owes it.
void owe(Setting& s, const SubscriptionId& endpoint, Time due) {
  s.write([&](store::Connection& tx) {
    store::feeds::lock(tx, s.feed);
    const auto row = store::subscriptions::find(tx, s.feed, endpoint).value();
    store::jobs::put(tx, {.feed = s.feed,
                          .subscription = endpoint,
                          .kind = model::JobKind::expiring,
                          .due_at = due,
                          .guard = to_ms(row.subscription.expires_at),
                          .made_at = due});
  });
}

void renew(Setting& s, const SubscriptionId& endpoint) {
  s.write([&](store::Connection& tx) {
    auto row = store::subscriptions::find(tx, s.feed, endpoint).value();
    row.subscription.expires_at += days(1);
    store::subscriptions::update(tx, row);
  });
}

TEST(Warning, is_one_silent_push_at_its_time) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  const auto id = s.post("order");
  owe(s, phone, kStart + hours(1));

  s.run_until(kStart + minutes(59));
  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 1U);
  s.run_until(kStart + hours(2));

  const auto& given = s.sender(ChannelKind::fcm).given;
  ASSERT_EQ(given.size(), 2U);
  EXPECT_EQ(given[1].message.kind, push::Message::Kind::change);
  EXPECT_EQ(given[1].message.signal.expiring, kStart + days(30));
  EXPECT_EQ(given[1].message.signal.base_etag, "etag-1");
  EXPECT_EQ(given[1].message.signal.new_etag, "etag-1");
  EXPECT_TRUE(given[1].message.signal.activities.empty());
  EXPECT_TRUE(s.jobs().empty());
  EXPECT_EQ(s.outcome(id, phone), "accepted");
}

TEST(Warning, is_not_sent_to_who_was_renewed_has_ended_or_wants_no_pushes) {
  Setting s;
  const auto renewed = s.subscribe(ChannelKind::fcm, "renewed"), ended = s.subscribe(ChannelKind::apns, "ended"),
             quiet = s.subscribe(ChannelKind::wns, "quiet");
  for (const auto& one : {renewed, ended, quiet}) owe(s, one, kStart + hours(1));
  renew(s, renewed);
  s.write([&](store::Connection& tx) {
    store::subscriptions::end(tx, s.feed, ended, model::EndReason::unsubscribed, kStart);
    auto row = store::subscriptions::find(tx, s.feed, quiet).value();
    row.subscription.notification_type = model::NotificationType::none;
    store::subscriptions::update(tx, row);
  });

  s.run_until(kStart + hours(2));

  for (const auto kind : {ChannelKind::fcm, ChannelKind::apns, ChannelKind::wns})
    EXPECT_TRUE(s.sender(kind).given.empty());
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Warning, is_tried_again_and_holds_back_nothing) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  owe(s, phone, kStart);
  s.sender(ChannelKind::fcm).verdicts = {verdict(Outcome::retry, "503"), verdict(Outcome::delivered)};

  s.step();
  s.post("order");
  s.step();
  EXPECT_EQ(s.sender(ChannelKind::fcm).given.back().message.kind, push::Message::Kind::visual);
  s.run_until(kStart + minutes(1));

  EXPECT_EQ(s.sender(ChannelKind::fcm).given.back().message.signal.expiring, kStart + days(30));
  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 3U);
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Warning, comes_behind_the_news_and_is_not_lost_where_those_are_not_taken) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  const auto id = s.post("order");
  s.step();
  s.dismiss(id);
  owe(s, phone, s.clock.now());
  s.sender(ChannelKind::fcm).verdicts = {verdict(Outcome::retry, "503")};

  s.step();
  EXPECT_FALSE(s.sender(ChannelKind::fcm).given.back().message.signal.expiring);
  EXPECT_EQ(s.jobs().size(), 2U);
  s.run_until(kStart + minutes(10));

  const auto& given = s.sender(ChannelKind::fcm).given;
  ASSERT_EQ(given.size(), 4U);
  EXPECT_EQ(given[2].message.signal.base_etag, "etag-1");
  EXPECT_TRUE(given[3].message.signal.expiring);
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Warning, leaves_a_nudge_that_waits_where_it_is) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  const auto id = s.post("order");
  s.step();
  s.write([&](store::Connection& tx) {
    store::subscriptions::put_nudged(tx, s.feed, phone, std::vector<Time>{kStart - minutes(50), kStart});
  });
  s.dismiss(id);
  s.step();
  owe(s, phone, kStart);

  s.step();
  EXPECT_EQ(s.sender(ChannelKind::apns).given.size(), 1U);
  EXPECT_EQ(s.jobs().size(), 2U);
  s.run_until(kStart + hours(2));

  EXPECT_EQ(s.sender(ChannelKind::apns).given.size(), 3U);
  EXPECT_TRUE(s.jobs().empty());
}

// While the push is on its way the app renews: what is owed for the new end must outlive what is settled.
TEST(Warning, of_a_new_end_stays_owed_when_the_one_of_the_old_is_settled) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  owe(s, phone, kStart);
  s.sender(ChannelKind::fcm).before = [&](const Given&) -> boost::asio::awaitable<void> {
    renew(s, phone);
    owe(s, phone, kStart + days(5));
    co_return;
  };

  s.step();

  const auto jobs = s.jobs();
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].due_at, kStart + days(5));
  EXPECT_EQ(jobs[0].guard, to_ms(kStart + days(31)));
}

}  // namespace
}  // namespace hg::delivery
