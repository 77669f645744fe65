#include "delivery/round.h"

#include <boost/asio/redirect_error.hpp>

#include "delivery/testing.h"

namespace hg::delivery {
namespace {

using model::ChannelKind;
using Outcome = push::Verdict::Outcome;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Delivery, brings_a_notification_to_every_endpoint_and_reports_it) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone"), desk = s.subscribe(ChannelKind::wns, "desk");
  s.subscribe(ChannelKind::live, "page");
  const auto id = s.post("order");

  s.step();

  ASSERT_EQ(s.sender(ChannelKind::apns).given.size(), 1U);
  ASSERT_EQ(s.sender(ChannelKind::wns).given.size(), 1U);
  const auto& [channel, message] = s.sender(ChannelKind::apns).given[0];
  EXPECT_EQ(channel.address, "token of phone");
  EXPECT_EQ(message.kind, push::Message::Kind::visual);
  EXPECT_EQ(message.id, id.str());
  EXPECT_EQ(message.title, "Hello order");
  EXPECT_EQ(message.ttl, hours(2));
  EXPECT_EQ(message.signal.base_etag, "etag-0");
  EXPECT_EQ(message.signal.new_etag, "etag-1");
  EXPECT_EQ(message.signal.subscription_id, phone.str());
  ASSERT_EQ(message.signal.activities.size(), 1U);
  EXPECT_TRUE(message.signal.activities[0].contains(id.str()));
  EXPECT_FALSE(message.signal.activities[0].contains("\"alert\":false"));
  EXPECT_EQ(s.outcome(id, phone), "accepted");
  EXPECT_EQ(s.outcome(id, desk), "accepted");
  EXPECT_EQ(s.report(id).find(phone)->platform_id, "accepted");
  EXPECT_EQ(s.report(id).find(phone)->attempts, 1);
  EXPECT_FALSE(s.outbox());
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, tells_the_others_of_a_dismissal_and_notes_when_it_was_gone_there) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone"), desk = s.subscribe(ChannelKind::wns, "desk");
  const auto id = s.post("order");
  s.step();
  s.clock.advance(seconds(10));
  s.dismiss(id, desk);
  s.clock.advance(seconds(2));

  s.step();

  ASSERT_EQ(s.sender(ChannelKind::apns).given.size(), 2U);
  EXPECT_EQ(s.sender(ChannelKind::wns).given.size(), 1U);
  const auto& message = s.sender(ChannelKind::apns).given[1].message;
  EXPECT_EQ(message.kind, push::Message::Kind::change);
  EXPECT_EQ(message.id, id.str());
  EXPECT_EQ(message.signal.base_etag, "etag-1");
  EXPECT_EQ(message.signal.new_etag, "etag-2");
  EXPECT_EQ(s.report(id).find(phone)->cleared_at, s.clock.now());
  EXPECT_FALSE(s.report(id).find(desk)->cleared_at);
}

TEST(Delivery, sends_nothing_of_what_was_handled_before_it_could_go) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  const auto id = s.post("order");
  s.dismiss(id, phone);

  s.step();

  EXPECT_TRUE(s.sender(ChannelKind::fcm).given.empty());
  EXPECT_EQ(s.outcome(id, phone), "superseded/handled");
}

TEST(Delivery, tries_again_later_what_the_platform_did_not_take) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  const auto id = s.post("order");
  auto busy = verdict(Outcome::retry, "UNAVAILABLE");
  busy.retry_after = seconds(30);
  s.sender(ChannelKind::fcm).verdicts = {busy, verdict(Outcome::retry, "UNAVAILABLE")};

  s.step();

  EXPECT_EQ(s.outcome(id, phone), "retrying/UNAVAILABLE");
  ASSERT_EQ(s.jobs().size(), 1U);
  EXPECT_EQ(s.jobs()[0].due_at, kStart + seconds(30) + Duration(500));
  s.run_until(kStart + minutes(1));

  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 3U);
  EXPECT_EQ(s.outcome(id, phone), "accepted");
  EXPECT_EQ(s.report(id).find(phone)->attempts, 3);
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, does_not_count_as_tried_what_the_platform_was_not_asked) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  const auto id = s.post("order");
  auto closed = verdict(Outcome::retry, "the platform is not asked for now");
  closed.retry_after = seconds(1);
  closed.asked = false;
  s.sender(ChannelKind::fcm).verdicts.assign(20, closed);

  s.step();
  ASSERT_EQ(s.jobs().size(), 1U);
  EXPECT_EQ(s.jobs()[0].attempts, 0);
  EXPECT_EQ(s.jobs()[0].due_at, kStart + seconds(1) + Duration(500));
  EXPECT_EQ(s.report(id).find(phone)->attempts, 0);
  s.run_until(kStart + minutes(3));

  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 21U);
  EXPECT_EQ(s.outcome(id, phone), "accepted");
  EXPECT_EQ(s.report(id).find(phone)->attempts, 1);
}

TEST(Delivery, gives_up_when_the_notification_expires) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  const auto id = s.post("order");
  s.sender(ChannelKind::fcm).verdicts.assign(1000, verdict(Outcome::retry, "503"));

  s.run_until(kStart + hours(3));

  EXPECT_EQ(s.outcome(id, phone), "expired/503");
  EXPECT_TRUE(s.jobs().empty());
  EXPECT_LT(s.sender(ChannelKind::fcm).given.size(), 80U);
}

TEST(Delivery, keeps_the_order_of_an_endpoint_while_the_others_go_on) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone"), desk = s.subscribe(ChannelKind::wns, "desk");
  s.sender(ChannelKind::fcm).verdicts = {verdict(Outcome::retry, "503"), verdict(Outcome::retry, "503")};
  const auto first = s.post("first");
  s.step();
  const auto second = s.post("second");
  s.step();

  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 1U);
  EXPECT_EQ(s.sender(ChannelKind::wns).given.size(), 2U);
  EXPECT_EQ(s.outcome(second, phone), "pending");
  s.run_until(kStart + minutes(1));

  std::vector<std::string> titles;
  for (const auto& given : s.sender(ChannelKind::fcm).given) titles.push_back(given.message.title);
  EXPECT_EQ(titles, (std::vector<std::string>{"Hello first", "Hello first", "Hello first", "Hello second"}));
  EXPECT_EQ(s.outcome(first, phone), "accepted");
  EXPECT_EQ(s.outcome(second, phone), "accepted");
  EXPECT_EQ(s.outcome(second, desk), "accepted");
}

TEST(Delivery, puts_what_stands_behind_a_failure_behind_it) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.sender(ChannelKind::fcm).verdicts = {verdict(Outcome::retry, "503")};
  s.post("first");
  const auto second = s.post("second");

  s.step();

  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 1U);
  EXPECT_EQ(s.outcome(second, phone), "retrying");
  ASSERT_EQ(s.jobs().size(), 2U);
  EXPECT_EQ(s.jobs()[0].due_at, s.jobs()[1].due_at);
}

TEST(Delivery, goes_on_behind_what_was_refused) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.sender(ChannelKind::fcm).verdicts = {verdict(Outcome::rejected, "INVALID_ARGUMENT")};
  const auto first = s.post("first"), second = s.post("second");

  s.step();

  EXPECT_EQ(s.outcome(first, phone), "failed/INVALID_ARGUMENT");
  EXPECT_EQ(s.outcome(second, phone), "accepted");
}

TEST(Delivery, ends_an_endpoint_that_is_gone_and_what_was_owed_to_it) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  s.sender(ChannelKind::apns).verdicts = {verdict(Outcome::gone, "Unregistered")};
  const auto first = s.post("first"), second = s.post("second");

  s.step();

  EXPECT_EQ(s.outcome(first, phone), "failed/Unregistered");
  EXPECT_EQ(s.outcome(second, phone), "failed/subscriptionEnded");
  const auto row =
      s.store->read_now([&](store::Connection& tx) { return store::subscriptions::find(tx, s.feed, phone); });
  EXPECT_EQ(row->subscription.ended_reason, model::EndReason::channel_gone);
  ASSERT_EQ(s.published.size(), 1U);
  EXPECT_EQ(std::get<bus::Ended>(s.published[0]).reason, "channelGone");
  EXPECT_FALSE(
      s.store->transact_now([&](store::Connection& tx) { return store::channels::find(tx, row->channel_hash); }));
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, keeps_the_environment_that_a_token_turned_out_to_be_of) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  auto found = verdict(Outcome::delivered);
  found.environment = "sandbox";
  s.sender(ChannelKind::apns).verdicts = {found};
  s.post("order");

  s.step();

  const auto row =
      s.store->read_now([&](store::Connection& tx) { return store::subscriptions::find(tx, s.feed, phone); });
  EXPECT_EQ(row->sealed_channel, "sandbox token of phone");
}

TEST(Delivery, lets_live_an_endpoint_that_registered_again_since_it_was_gone) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  auto gone = verdict(Outcome::gone, "Unregistered");
  gone.gone_since = kStart - hours(1);
  s.sender(ChannelKind::apns).verdicts = {gone};
  const auto id = s.post("order");

  s.run_until(kStart + seconds(10));

  EXPECT_EQ(s.outcome(id, phone), "accepted");
}

TEST(Delivery, lets_state_changes_wait_where_the_platform_has_a_budget) {
  Setting s;
  s.subscribe(ChannelKind::apns, "phone");
  std::vector<NotificationId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(s.post("order " + std::to_string(i)));
  s.step();
  auto& given = s.sender(ChannelKind::apns).given;
  given.clear();

  for (int i = 0; i < 4; ++i) {
    s.clock.advance(minutes(1));
    s.dismiss(ids[static_cast<std::size_t>(i)]);
    s.step();
  }

  EXPECT_EQ(given.size(), 2U);
  ASSERT_EQ(s.jobs().size(), 1U);
  EXPECT_EQ(s.jobs()[0].kind, model::JobKind::nudge);
  s.run_until(kStart + minutes(70));

  ASSERT_EQ(given.size(), 3U);
  EXPECT_EQ(given[2].message.signal.base_etag, "etag-7");
  EXPECT_EQ(given[2].message.signal.new_etag, "etag-9");
  EXPECT_EQ(given[2].message.signal.activities.size(), 2U);
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, lets_waiting_state_changes_ride_on_the_next_visible_push) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  std::vector<NotificationId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(s.post("order " + std::to_string(i)));
  s.step();
  for (const auto& id : ids) {
    s.dismiss(id);
    s.step();
  }
  ASSERT_EQ(s.jobs().size(), 1U);
  auto& given = s.sender(ChannelKind::apns).given;
  given.clear();

  s.post("new");
  s.step();

  ASSERT_EQ(given.size(), 1U);
  EXPECT_EQ(given[0].message.signal.base_etag, "etag-5");
  EXPECT_EQ(given[0].message.signal.activities.size(), 2U);
  EXPECT_TRUE(s.report(ids[2]).find(phone)->cleared_at);
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, tells_of_a_state_change_less_and_less_often_where_the_platform_is_down) {
  Setting s;
  s.subscribe(ChannelKind::fcm, "phone");
  const auto id = s.post("order");
  s.step();
  s.sender(ChannelKind::fcm).verdicts.assign(10'000, verdict(Outcome::retry, "503"));
  s.dismiss(id);

  s.run_until(kStart + hours(30));

  EXPECT_LT(s.sender(ChannelKind::fcm).given.size(), 700U);
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, does_not_let_a_slow_endpoint_keep_the_others) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone"), desk = s.subscribe(ChannelKind::wns, "desk");
  boost::asio::steady_timer hanging(s.loop, boost::asio::steady_timer::time_point::max());
  s.sender(ChannelKind::apns).before = [&](const Given&) -> boost::asio::awaitable<void> {
    boost::system::error_code woken;
    co_await hanging.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  };
  const auto first = s.post("first");
  const auto second = [&] {
    // The next one comes while the first still hangs, and goes to the other endpoint.
    s.begin_step();
    s.loop.run_for(std::chrono::milliseconds(1500));
    const auto id = s.post("second");
    s.begin_step();
    for (int i = 0; i < 500 && s.sender(ChannelKind::wns).given.size() < 2; ++i)
      s.loop.run_for(std::chrono::milliseconds(10));
    return id;
  }();

  EXPECT_EQ(s.sender(ChannelKind::wns).given.size(), 2U);
  EXPECT_EQ(s.outcome(first, phone), "pending");
  s.sender(ChannelKind::apns).before = {};
  hanging.cancel();
  s.drain();
  s.run_until(kStart + minutes(2));

  EXPECT_EQ(s.sender(ChannelKind::apns).given.size(), 2U);
  EXPECT_EQ(s.outcome(first, phone), "accepted");
  EXPECT_EQ(s.outcome(second, phone), "accepted");
  EXPECT_EQ(s.outcome(second, desk), "accepted");
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, makes_a_send_again_that_nobody_heard_of_again) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  auto& sender = s.sender(ChannelKind::apns);
  boost::asio::steady_timer hanging(s.loop, boost::asio::steady_timer::time_point::max());
  sender.before = [&](const Given&) -> boost::asio::awaitable<void> {
    boost::system::error_code woken;
    co_await hanging.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  };
  const auto id = s.post("order");
  s.begin_step();
  s.loop.run_for(std::chrono::milliseconds(1500));
  ASSERT_EQ(s.jobs().size(), 1U);
  sender.before = {};
  s.clock.advance(minutes(2));

  s.begin_step();
  for (int i = 0; i < 500 && !s.jobs().empty(); ++i) s.loop.run_for(std::chrono::milliseconds(10));

  EXPECT_EQ(sender.given.size(), 2U);
  EXPECT_EQ(s.outcome(id, phone), "accepted");
  hanging.cancel();
  s.drain();
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, gives_up_a_send_that_faults_fifteen_times_and_lets_its_neighbours_be) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone"), desk = s.subscribe(ChannelKind::wns, "desk");
  s.sender(ChannelKind::fcm).before = [](const Given&) -> boost::asio::awaitable<void> {
    throw std::runtime_error("poison");
    co_return;
  };
  const auto id = s.post("order");

  s.run_until(kStart + hours(1));

  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 15U);
  EXPECT_EQ(s.outcome(id, phone), "failed/poison");
  EXPECT_EQ(s.outcome(id, desk), "accepted");
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, takes_back_what_still_waits_at_the_push_service_when_it_was_handled) {
  Setting s;
  const auto web = s.subscribe(ChannelKind::webpush, "browser"), other = s.subscribe(ChannelKind::webpush, "other");
  auto queued = verdict(Outcome::delivered);
  queued.location = "https://push.example/m/1";
  s.sender(ChannelKind::webpush).verdicts = {queued, verdict(Outcome::delivered)};
  const auto id = s.post("order");
  s.step();
  s.dismiss(id);

  s.step();

  const auto& given = s.sender(ChannelKind::webpush).given;
  ASSERT_EQ(given.size(), 3U);
  EXPECT_EQ(given[2].message.kind, push::Message::Kind::withdrawal);
  EXPECT_EQ(given[2].message.location, "https://push.example/m/1");
  // Which of the two the first answer was for is nobody's business.
  const std::set outcomes{s.outcome(id, web), s.outcome(id, other)};
  EXPECT_EQ(outcomes, (std::set<std::string>{"accepted", "withdrawn"}));
}

TEST(Delivery, begins_a_new_report_when_a_notification_is_replaced) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.sender(ChannelKind::fcm).verdicts = {verdict(Outcome::retry, "503")};
  const auto id = s.post("order");
  s.step();
  s.write([&](store::Connection& tx) {
    auto n = store::feeds::notification(tx, s.feed, id).value();
    n.content.title = "Again";
    n.version = n.alert_version = s.next(tx, model::ChangeKind::posted, true);
    store::feeds::update(tx, s.feed, n);
  });

  s.run_until(kStart + seconds(10));

  ASSERT_EQ(s.sender(ChannelKind::fcm).given.size(), 2U);
  EXPECT_EQ(s.sender(ChannelKind::fcm).given[1].message.title, "Again");
  EXPECT_EQ(s.outcome(id, phone), "accepted");
  EXPECT_EQ(s.report(id).alert_version, 2);
}

TEST(Delivery, counts_outcomes_that_add_up_to_what_was_owed) {
  Setting s;
  s.subscribe(ChannelKind::fcm, "phone");
  s.sender(ChannelKind::fcm).verdicts = {verdict(Outcome::delivered), verdict(Outcome::rejected, "no"),
                                         verdict(Outcome::retry, "503")};
  for (int i = 0; i < 5; ++i) s.post("order " + std::to_string(i));
  s.step();

  metrics::Page page;
  s.worker.tally().measure(page);

  const auto text = page.text();
  const auto row = [&](std::string_view outcome, int value) {
    return text.contains("heliograph_deliveries{platform=\"fcm\",outcome=\"" + std::string(outcome) + "\"} " +
                         std::to_string(value) + "\n");
  };
  EXPECT_TRUE(text.contains("heliograph_deliveries_owed_total{platform=\"fcm\"} 5\n")) << text;
  EXPECT_TRUE(row("accepted", 1)) << text;
  EXPECT_TRUE(row("failed", 1)) << text;
  EXPECT_TRUE(row("retrying", 3)) << text;
}

TEST(Delivery, measures_from_when_attention_was_asked_for) {
  Setting s;
  s.subscribe(ChannelKind::fcm, "phone");
  const auto id = s.post("order");
  const auto owed = s.clock.now();
  s.clock.advance(std::chrono::seconds(3));
  s.step();

  const auto report = s.report(id);
  ASSERT_EQ(report.deliveries.size(), 1U);
  EXPECT_EQ(report.deliveries[0].owed_at, owed);
  metrics::Page page;
  s.worker.tally().measure(page);
  EXPECT_TRUE(page.text().contains("heliograph_delivery_seconds_sum{platform=\"fcm\"} 3\n")) << page.text();
}

TEST(Delivery, counts_what_was_owed_before_the_start_when_something_becomes_of_it) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.sender(ChannelKind::fcm).verdicts = {verdict(Outcome::retry, "503")};
  const auto id = s.post("order");
  s.step();
  ASSERT_EQ(s.outcome(id, phone), "retrying/503");
  s.clock.advance(minutes(1));
  Worker next(s.loop.get_executor(), *s.store, s.hooks(), s.clock, {});

  s.begin_step(next);
  s.drain();

  ASSERT_EQ(s.outcome(id, phone), "accepted");
  metrics::Page page;
  next.tally().measure(page);
  const auto text = page.text();
  EXPECT_TRUE(text.contains("heliograph_deliveries_owed_total{platform=\"fcm\"} 1\n")) << text;
  EXPECT_TRUE(text.contains("heliograph_deliveries{platform=\"fcm\",outcome=\"accepted\"} 1\n")) << text;
  EXPECT_TRUE(text.contains("heliograph_deliveries{platform=\"fcm\",outcome=\"retrying\"} 0\n")) << text;
}

TEST(Delivery, ends_the_report_of_what_cannot_be_planned) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone"), desk = s.subscribe(ChannelKind::wns, "desk");
  const auto id = s.post("order", [](model::Notification& n) { n.content.policies = "no JSON"; });

  s.run_until(kStart + hours(1));

  EXPECT_EQ(s.outcome(id, phone), "failed/poison");
  EXPECT_EQ(s.outcome(id, desk), "failed/poison");
  EXPECT_TRUE(s.jobs().empty());
}

}  // namespace
}  // namespace hg::delivery
