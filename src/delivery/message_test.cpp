#include "delivery/message.h"

#include "delivery/testing.h"

namespace hg::delivery {
namespace {

using model::ChannelKind;

const push::Message& last(Setting& s, ChannelKind kind) { return s.sender(kind).given.back().message; }

TEST(Tickets, an_alert_brings_the_one_of_what_it_is_about) {
  Setting s;
  s.subscribe(ChannelKind::fcm, "phone");
  s.post("older");
  s.post("newer");

  s.step();

  const auto& given = s.sender(ChannelKind::fcm).given;
  ASSERT_EQ(given.size(), 2U);
  EXPECT_EQ(given[0].message.signal.ticket, "ticket of older");
  EXPECT_EQ(given[1].message.signal.ticket, "ticket of newer");
}

TEST(Tickets, a_silent_push_brings_the_one_of_the_newest_that_asks_for_attention) {
  Setting s;
  s.subscribe(ChannelKind::fcm, "phone");
  const auto oldest = s.post("oldest"), older = s.post("older"), newer = s.post("newer");
  s.step();

  s.dismiss(newer);
  s.step();
  EXPECT_EQ(last(s, ChannelKind::fcm).kind, push::Message::Kind::change);
  EXPECT_EQ(last(s, ChannelKind::fcm).signal.ticket, "ticket of older");
  s.change(older, [](model::Notification& n) { n.read_state = model::ReadState::read; });
  s.step();
  EXPECT_EQ(last(s, ChannelKind::fcm).signal.ticket, "ticket of oldest");
  s.change(oldest, [](model::Notification& n) { n.action_state = model::ActionState::snoozed; });
  s.step();
  EXPECT_EQ(last(s, ChannelKind::fcm).signal.ticket, "");
}

TEST(Tickets, are_for_nothing_that_has_expired_or_is_not_for_the_endpoint) {
  Setting s;
  s.subscribe(ChannelKind::fcm, "phone");
  s.subscribe(ChannelKind::wns, "desk");
  s.post("for desks", [](model::Notification& n) {
    n.content.platforms = static_cast<model::PlatformMask>(model::Platform::windows);
  });
  s.post("short", [&](model::Notification& n) {
    n.content.expires_at = n.keep_until = s.clock.now() + std::chrono::minutes(1);
  });
  const auto handled = s.post("handled");
  s.step();
  s.clock.advance(std::chrono::minutes(2));

  s.dismiss(handled);
  s.step();

  EXPECT_EQ(last(s, ChannelKind::fcm).signal.ticket, "");
  EXPECT_EQ(last(s, ChannelKind::wns).signal.ticket, "ticket of for desks");
}

TEST(Tickets, come_with_a_signal_that_brings_no_contents_too) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.write([&](store::Connection& tx) {
    auto row = store::subscriptions::find(tx, s.feed, phone).value();
    row.subscription.notification_type = model::NotificationType::only;
    store::subscriptions::update(tx, row);
  });
  s.post("order");

  s.step();

  EXPECT_FALSE(last(s, ChannelKind::fcm).signal.contents);
  EXPECT_EQ(last(s, ChannelKind::fcm).signal.ticket, "ticket of order");
}

}  // namespace
}  // namespace hg::delivery
