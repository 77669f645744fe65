// What waits for credentials of push platforms, and goes as soon as they are there.
#include <gtest/gtest.h>

#include "base/run_for_tests.h"
#include "delivery/round.h"
#include "delivery/testing.h"
#include "store/directory.h"

namespace hg::delivery {
namespace {

using model::ChannelKind;
using Outcome = push::Verdict::Outcome;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Delivery, waits_for_credentials_while_there_are_none) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  const auto sender = std::exchange(s.senders[ChannelKind::fcm], nullptr);
  const auto first = s.post("first"), second = s.post("second");

  s.step();
  EXPECT_EQ(s.outcome(first, phone), "retrying/noCredentials");
  s.senders[ChannelKind::fcm] = sender;
  s.run_until(kStart + kCredentialsPause + seconds(1));

  EXPECT_EQ(s.outcome(first, phone), "accepted");
  EXPECT_EQ(s.outcome(second, phone), "accepted");
  ASSERT_EQ(sender->given.size(), 2U);
  EXPECT_EQ(sender->given[0].message.title, "Hello first");
}

TEST(Delivery, that_waits_for_credentials_in_vain_expires) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.senders[ChannelKind::fcm] = nullptr;
  const auto id = s.post("order");  // for two hours

  s.run_until(kStart + hours(3));

  EXPECT_EQ(s.outcome(id, phone), "expired/noCredentials");
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, waits_while_the_credentials_are_not_taken_however_long) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  const auto id = s.post("order");
  s.sender(ChannelKind::apns).verdicts.assign(10, verdict(Outcome::credentials, "InvalidProviderToken"));

  s.step();

  EXPECT_EQ(s.outcome(id, phone), "retrying/InvalidProviderToken");
  s.run_until(kStart + hours(1));

  EXPECT_EQ(s.outcome(id, phone), "accepted");
}

// As the server does when it hears that they were changed.
void wake(Setting& s) { run(s.loop, s.worker.wake(s.feed.app)); }

TEST(Delivery, goes_on_in_order_as_soon_as_credentials_were_changed) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::apns, "phone");
  auto& apple = s.sender(ChannelKind::apns);
  apple.verdicts = {verdict(Outcome::credentials, "InvalidProviderToken")};
  const auto first = s.post("first"), second = s.post("second");
  s.step();
  EXPECT_EQ(s.outcome(first, phone), "retrying/InvalidProviderToken");
  apple.given.clear();

  s.clock.advance(seconds(1));
  wake(s);
  s.step();

  ASSERT_EQ(apple.given.size(), 2U);
  EXPECT_EQ(apple.given[0].message.id, first.str());
  EXPECT_EQ(apple.given[1].message.id, second.str());
  EXPECT_EQ(s.outcome(second, phone), "accepted");
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Delivery, tries_once_with_what_was_changed_and_then_waits_again) {
  Setting s;
  s.subscribe(ChannelKind::apns, "phone");
  auto& apple = s.sender(ChannelKind::apns);
  apple.verdicts.assign(5, verdict(Outcome::credentials, "InvalidProviderToken"));
  s.post("order");
  s.step();

  s.clock.advance(seconds(1));
  wake(s);
  s.step();

  EXPECT_EQ(apple.given.size(), 2U);
  ASSERT_EQ(s.jobs().size(), 1U);
  EXPECT_EQ(s.jobs()[0].due_at, s.clock.now() + minutes(5));
}

TEST(Delivery, tries_soon_again_where_credentials_were_changed_during_the_push) {
  Setting s;
  s.subscribe(ChannelKind::apns, "phone");
  auto& apple = s.sender(ChannelKind::apns);
  apple.verdicts = {verdict(Outcome::credentials, "InvalidProviderToken")};
  apple.before = [&](const Given&) -> boost::asio::awaitable<void> {
    s.write([](store::Connection& tx) { store::bump_directory(tx); });
    co_return;
  };
  s.post("order");
  s.step();

  ASSERT_EQ(s.jobs().size(), 1U);
  EXPECT_EQ(s.jobs()[0].due_at, s.clock.now() + seconds(1));
}

TEST(Delivery, leaves_what_waits_for_another_apps_credentials_or_for_its_retry) {
  Setting s;
  s.subscribe(ChannelKind::apns, "phone");
  s.subscribe(ChannelKind::wns, "desk");
  s.sender(ChannelKind::apns).verdicts = {verdict(Outcome::credentials, "InvalidProviderToken")};
  s.sender(ChannelKind::wns).verdicts = {verdict(Outcome::retry, "busy")};
  s.post("order");
  s.step();
  const auto due = [&](model::Waits waits) {
    for (const auto& job : s.jobs())
      if (job.waits == waits) return job.due_at;
    return Time{};
  };
  const auto retry = due(model::Waits::nothing), credentials = due(model::Waits::credentials);
  EXPECT_EQ(credentials, s.clock.now() + minutes(5));

  run(s.loop, s.worker.wake(AppId{crypto::random_guid()}));
  EXPECT_EQ(due(model::Waits::credentials), credentials);
  wake(s);

  std::vector<Time> times;
  for (const auto& job : s.jobs()) times.push_back(job.due_at);
  std::ranges::sort(times);
  EXPECT_EQ(times, (std::vector{s.clock.now(), retry}));
}

}  // namespace
}  // namespace hg::delivery
