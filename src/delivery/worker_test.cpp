#include "delivery/worker.h"

#include "delivery/testing.h"

namespace hg::delivery {
namespace {

using model::ChannelKind;
using Outcome = push::Verdict::Outcome;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Snoozed notifications.
store::Job snooze(Setting& s, const FeedKey& feed, std::int64_t version, Time until) {
  model::Notification n;
  n.id = NotificationId{crypto::random_guid()};
  n.version = version;
  n.action_state = model::ActionState::snoozed;
  n.snooze_until = until;
  n.content.expires_at = n.keep_until = until + hours(1);
  const store::Job job{.feed = feed,
                       .notification = n.id,
                       .version = version,
                       .kind = model::JobKind::snooze_return,
                       .due_at = until,
                       .guard = to_ms(until)};
  s.write([&](store::Connection& tx) {
    store::feeds::lock(tx, feed);
    store::feeds::insert(tx, feed, n);
    store::jobs::put(tx, job);
  });
  return job;
}
FeedKey new_feed() { return {UserId{crypto::random_guid()}, AppId{crypto::random_guid()}}; }

TEST(Snooze, returns_a_notification_when_its_time_has_come_and_not_before) {
  Setting s;
  const auto job = snooze(s, s.feed, 4, kStart + seconds(10));

  EXPECT_EQ(s.step(), kStart + seconds(10));
  EXPECT_TRUE(s.asked.empty());
  s.clock.advance(seconds(10));
  s.step();

  ASSERT_EQ(s.asked.size(), 1U);
  EXPECT_EQ(s.asked[0].feed, s.feed);
  EXPECT_EQ(std::get<model::ReturnRequest>(s.asked[0].what).id, job.notification);
  EXPECT_TRUE(s.jobs().empty());
  EXPECT_EQ(s.step(), kStart + seconds(40));
}

TEST(Snooze, returns_lowest_version_first) {
  Setting s;
  const auto later = snooze(s, s.feed, 9, kStart - seconds(2));
  const auto earlier = snooze(s, s.feed, 3, kStart - seconds(1));

  s.step();

  ASSERT_EQ(s.asked.size(), 2U);
  EXPECT_EQ(std::get<model::ReturnRequest>(s.asked[0].what).id, earlier.notification);
  EXPECT_EQ(std::get<model::ReturnRequest>(s.asked[1].what).id, later.notification);
}

TEST(Snooze, drops_the_return_of_one_that_was_changed_since) {
  Setting s;
  const auto job = snooze(s, s.feed, 1, kStart);
  s.write([&](store::Connection& tx) {
    auto n = store::feeds::notification(tx, s.feed, job.notification).value();
    n.snooze_until = kStart + minutes(5);
    store::feeds::update(tx, s.feed, n);
  });

  s.step();

  EXPECT_TRUE(s.asked.empty());
  EXPECT_TRUE(s.jobs().empty());
}

TEST(Snooze, tries_again_while_the_store_takes_no_changes) {
  Setting s;
  snooze(s, s.feed, 1, kStart);
  s.answer = []() -> Result<model::Changed> { return fail(Code::unavailable, "full"); };

  s.step();
  ASSERT_EQ(s.jobs().size(), 1U);
  EXPECT_GT(s.jobs()[0].due_at, kStart);
  s.answer = [] { return model::Changed{}; };
  s.clock.advance(seconds(5));
  s.step();

  EXPECT_TRUE(s.jobs().empty());
}

TEST(Snooze, gives_up_a_return_that_faults_fifteen_times_and_lets_its_neighbours_be) {
  Setting s;
  const auto neighbour = new_feed();
  snooze(s, s.feed, 1, kStart);
  snooze(s, neighbour, 1, kStart);
  int tries = 0;
  s.answer = [&]() -> Result<model::Changed> {
    if (s.asked.back().feed != s.feed) return model::Changed{};
    ++tries;
    throw std::runtime_error("poison");
  };

  s.run_until(kStart + hours(2));

  EXPECT_EQ(tries, 15);
  EXPECT_TRUE(s.jobs().empty());
  EXPECT_TRUE(s.jobs(neighbour).empty());
}

TEST(Worker, leaves_a_leased_feed_to_who_leased_it_until_the_lease_has_run_out) {
  Setting s;
  s.subscribe(ChannelKind::fcm, "phone");
  s.post("order");
  s.write([&](store::Connection& tx) { store::jobs::lease(tx, s.feed, kStart, seconds(30)); });

  EXPECT_EQ(s.step(), kStart + seconds(1));
  EXPECT_TRUE(s.sender(ChannelKind::fcm).given.empty());
  s.clock.advance(seconds(30));
  s.step();

  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 1U);
}

TEST(Worker, changes_nothing_once_it_has_slept_past_its_lease) {
  Setting s;
  const auto phone = s.subscribe(ChannelKind::fcm, "phone");
  s.sender(ChannelKind::fcm).before = [&](const Given&) -> boost::asio::awaitable<void> {
    s.write([&](store::Connection& tx) { store::jobs::lease(tx, s.feed, kStart + seconds(61), seconds(30)); });
    co_return;
  };
  const auto id = s.post("order");

  s.step();

  EXPECT_TRUE(s.outbox());
  EXPECT_EQ(s.outcome(id, phone), "");
}

TEST(Worker, wakes_at_a_hint_and_ends_when_it_is_stopped) {
  Setting s;
  s.subscribe(ChannelKind::fcm, "phone");
  bool ended = false;
  spawn(s.loop.get_executor(), s.worker.run(), [&](const std::exception_ptr&) { ended = true; });
  boost::asio::post(s.loop, [&] {
    s.post("order");
    s.worker.hint(s.clock.now());
  });
  s.sender(ChannelKind::fcm).before = [&](const Given&) -> boost::asio::awaitable<void> {
    s.worker.stop();
    co_return;
  };

  s.loop.run();

  EXPECT_TRUE(ended);
  EXPECT_EQ(s.sender(ChannelKind::fcm).given.size(), 1U);
  EXPECT_FALSE(s.outbox());
}

}  // namespace
}  // namespace hg::delivery
