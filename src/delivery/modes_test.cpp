#include "delivery/round.h"

#include "delivery/testing.h"

namespace hg::delivery {
namespace {

using model::ChannelKind;
using Outcome = push::Verdict::Outcome;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kFirstActive = R"({"deliveryPolicy":{"mode":"firstActive","escalateAfterSeconds":20}})";
constexpr std::string_view kFallbacks =
    R"({"fallbackPolicy":{"endpointFallback":{"platformTypes":["iOS"],"fallbackDelayInSeconds":60,)"
    R"("visualContent":{"title":"Look","body":"here"}},"transportFallback":{"transportType":"Email",)"
    R"("fallbackDelayInSeconds":120,"emailContent":{"subject":"News","bodyType":"Text","body":"Hello",)"
    R"("fromAddress":"news@example.com"}}}})";

TEST(Delivery, escalates_when_nobody_acknowledged_live) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.live = true;
  const auto id = s.post("order", [](model::Notification& n) { n.content.policies = kFirstActive; });

  s.run_until(kStart + seconds(19));
  EXPECT_TRUE(s.sender(ChannelKind::fcm).given.empty());
  EXPECT_EQ(s.outcome(id, phone), "pending/firstActive");
  s.run_until(kStart + seconds(21));

  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 1U);
  EXPECT_EQ(s.outcome(id, phone), "accepted");
}

TEST(Delivery, waits_for_who_is_live_at_another_node_and_asks_only_where_that_matters) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.post("plain");
  s.step();
  EXPECT_EQ(s.asked_elsewhere, 0);
  s.live_elsewhere = true;

  const auto id = s.post("order", [](model::Notification& n) { n.content.policies = kFirstActive; });
  s.step();

  EXPECT_EQ(s.asked_elsewhere, 1);
  EXPECT_EQ(s.outcome(id, phone), "pending/firstActive");
  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 1U) << "the plain one";
}

TEST(Delivery, never_buzzes_where_it_was_handled_before_the_escalation) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.live = true;
  const auto id = s.post("order", [](model::Notification& n) { n.content.policies = kFirstActive; });
  s.step();
  s.dismiss(id);

  s.run_until(kStart + minutes(1));

  for (const auto& given : s.sender(ChannelKind::fcm).given) EXPECT_EQ(given.message.kind, push::Message::Kind::change);
  EXPECT_EQ(s.outcome(id, phone), "superseded/handled");
}

TEST(Delivery, shows_the_fallback_and_mails_where_nobody_fetched) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  const auto id = s.post("order", [](model::Notification& n) {
    n.content.title.reset();
    n.content.raw_content = "data";
    n.content.policies = kFallbacks;
  });

  s.run_until(kStart + minutes(3));

  const auto& given = s.sender(ChannelKind::apns).given;
  ASSERT_EQ(given.size(), 2U);
  EXPECT_EQ(given[0].message.kind, push::Message::Kind::raw);
  EXPECT_EQ(given[1].message.kind, push::Message::Kind::visual);
  EXPECT_EQ(given[1].message.title, "Look");
  EXPECT_EQ(given[1].message.body, "here");
  EXPECT_TRUE(s.report(id).find(phone)->fallback_at);
  const auto& mails = s.sender(ChannelKind::email).given;
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_EQ(mails[0].channel.address, "alice@example.com");
  EXPECT_EQ(mails[0].message.mail.subject, "News");
  EXPECT_FALSE(mails[0].message.mail.html);
  EXPECT_EQ(s.outcome(id, {}), "accepted");
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, stays_accepted_where_the_fallback_comes_to_nothing) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  const auto id = s.post("order", [](model::Notification& n) {
    n.content.title.reset();
    n.content.raw_content = "data";
    n.content.policies = kFallbacks;
  });
  s.sender(ChannelKind::apns).verdicts = {verdict(Outcome::delivered), verdict(Outcome::retry, "503"),
                                          verdict(Outcome::rejected, "no")};

  s.run_until(kStart + minutes(3));

  EXPECT_EQ(s.outcome(id, phone), "accepted");
  EXPECT_FALSE(s.report(id).find(phone)->fallback_at);
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, falls_back_to_nothing_once_an_endpoint_has_fetched) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  const auto id = s.post("order", [](model::Notification& n) {
    n.content.title.reset();
    n.content.raw_content = "data";
    n.content.policies = kFallbacks;
  });
  s.step();
  s.write([&](store::Connection& tx) {
    auto row = store::subscriptions::find(tx, s.feed, phone).value();
    row.subscription.seen_version = 1;
    store::subscriptions::update(tx, row);
  });

  s.run_until(kStart + minutes(3));

  EXPECT_EQ(s.sender(ChannelKind::apns).given.size(), 1U);
  EXPECT_TRUE(s.sender(ChannelKind::email).given.empty());
  EXPECT_EQ(s.outcome(id, {}), "superseded/fetched");
}
}  // namespace
}  // namespace hg::delivery
