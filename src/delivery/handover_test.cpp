// A channel that goes to another user: what was for the one before never comes after it.
#include <gtest/gtest.h>

#include "delivery/round.h"
#include "delivery/testing.h"

namespace hg::delivery {
namespace {

using model::ChannelKind;

TEST(Delivery, sends_nothing_to_a_channel_that_another_has_taken_over) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  const FeedKey other{UserId{crypto::random_guid()}, s.feed.app};
  s.write([&](store::Connection& tx) {
    const auto row = store::subscriptions::find(tx, s.feed, phone);
    store::channels::claim(tx, row->channel_hash, other, SubscriptionId{crypto::random_guid()});
  });
  s.post("order");

  s.step();

  EXPECT_TRUE(s.sender(ChannelKind::fcm).given.empty());
  EXPECT_FALSE(s.outbox());
}

TEST(Delivery, whoever_takes_a_channel_over_waits_for_what_is_on_its_way) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  bool quiet = false, quiet_too_early = false;
  s.sender(ChannelKind::fcm).before = [&](const Given&) -> boost::asio::awaitable<void> {
    spawn(s.loop.get_executor(), s.worker.quiet(s.feed, phone), [&](const std::exception_ptr&) { quiet = true; });
    co_await boost::asio::post(s.loop, boost::asio::use_awaitable);
    co_await boost::asio::post(s.loop, boost::asio::use_awaitable);
    quiet_too_early = quiet;
  };
  s.post("order");

  s.step();

  EXPECT_TRUE(quiet);
  EXPECT_FALSE(quiet_too_early);
}

// Counts how often it was asked.
class CountingClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    ++asked;
    return kStart;
  }
  mutable int asked = 0;
};

TEST(Delivery, whoever_takes_a_channel_over_waits_for_another_node_that_has_given_the_feed_back) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  const auto id = s.post("order");
  CountingClock clock;
  Worker slow(s.loop.get_executor(), *s.store, s.hooks(), s.clock, {.patience = Duration::zero()});
  Worker other(s.loop.get_executor(), *s.store, s.hooks(), clock, {});
  std::string when_quiet;
  // The platform answers when the feed was given back and the other node has looked a few times.
  s.sender(ChannelKind::fcm).before = [&](const Given&) -> boost::asio::awaitable<void> {
    while (s.jobs().empty()) co_await boost::asio::post(s.loop, boost::asio::use_awaitable);
    spawn(s.loop.get_executor(), other.quiet(s.feed, phone),
          [&](const std::exception_ptr&) { when_quiet = s.outcome(id, phone); });
    while (clock.asked < 5 && when_quiet.empty()) co_await boost::asio::post(s.loop, boost::asio::use_awaitable);
  };
  s.begin_step(slow);

  s.drain();

  EXPECT_EQ(when_quiet, "accepted");
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, whoever_takes_a_channel_over_waits_for_no_other_endpoint_and_no_retry) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone"), desk = s.subscribe(ChannelKind::wns, "desk");
  s.write([&](store::Connection& tx) {
    store::feeds::lock(tx, s.feed);
    const auto due = s.clock.now() + std::chrono::minutes(1);
    store::jobs::put(tx, {.feed = s.feed, .subscription = phone, .kind = model::JobKind::alert, .due_at = due});
    store::jobs::put(tx, {.feed = s.feed,
                          .subscription = desk,
                          .kind = model::JobKind::alert,
                          .due_at = due,
                          .waits = model::Waits::answer});
  });
  CountingClock clock;
  Worker other(s.loop.get_executor(), *s.store, s.hooks(), clock, {});
  bool quiet = false;
  spawn(s.loop.get_executor(), other.quiet(s.feed, phone), [&](const std::exception_ptr&) { quiet = true; });

  // Any pause between two looks would outlast this.
  while (clock.asked < 2) s.loop.run_one();
  for (int i = 0; i < 3 && !quiet; ++i) s.loop.run_one();

  EXPECT_TRUE(quiet);
}

}  // namespace
}  // namespace hg::delivery
