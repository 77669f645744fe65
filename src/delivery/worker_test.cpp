#include "delivery/worker.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "crypto/hash.h"
#include "store/feeds.h"
#include "store/testing.h"

namespace hg::delivery {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNow = from_ms(1'800'000'000'000);

class FixedClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return kNow; }
};

// A store with snoozed notifications, and an apply that writes down what it is asked for.
struct Setting {
  boost::asio::io_context loop;
  FixedClock clock;
  store::TemporaryStore store;
  std::vector<model::ChangeRequest> asked;
  std::function<Result<model::Changed>()> answer = [] { return model::Changed{}; };
  Worker worker{loop.get_executor(),
                *store,
                [this](model::ChangeRequest request) -> boost::asio::awaitable<Result<model::Changed>> {
                  asked.push_back(std::move(request));
                  co_return answer();
                },
                clock,
                {}};

  ~Setting() { store->stop(); }

  store::Job snooze(FeedKey feed, std::int64_t version, Time until) {
    model::Notification n;
    n.id = NotificationId{crypto::random_guid()};
    n.version = version;
    n.action_state = model::ActionState::snoozed;
    n.snooze_until = until;
    n.content.expires_at = n.keep_until = until + minutes(60);
    const store::Job job{.feed = feed,
                         .subscription = {},
                         .notification = n.id,
                         .version = version,
                         .kind = store::JobKind::snooze_return,
                         .due_at = until,
                         .guard = to_ms(until)};
    store->transact_now([&](store::Connection& tx) {
      store::feeds::lock(tx, feed);
      store::feeds::insert(tx, feed, n);
      store::jobs::put(tx, job);
    });
    return job;
  }

  Time step(Time now) {
    Time next{};
    boost::asio::co_spawn(loop, worker.step(now), [&](const std::exception_ptr& fault, Time at) {
      if (fault) std::rethrow_exception(fault);
      next = at;
    });
    loop.restart();
    loop.run();
    return next;
  }

  std::vector<store::Job> jobs(const FeedKey& feed) {
    return store->read_now([&](store::Connection& tx) { return store::jobs::due(tx, feed, from_ms(1LL << 60), 100); });
  }
};

FeedKey new_feed() { return {UserId{crypto::random_guid()}, AppId{crypto::random_guid()}}; }

TEST(Worker, returns_a_snoozed_notification_when_its_time_has_come_and_not_before) {
  Setting s;
  const auto feed = new_feed();
  const auto job = s.snooze(feed, 4, kNow + seconds(10));

  EXPECT_EQ(s.step(kNow), kNow + seconds(10));
  EXPECT_TRUE(s.asked.empty());
  s.step(kNow + seconds(10));

  ASSERT_EQ(s.asked.size(), 1U);
  EXPECT_EQ(s.asked[0].feed, feed);
  EXPECT_EQ(std::get<model::ReturnRequest>(s.asked[0].what).id, job.notification);
  EXPECT_TRUE(s.jobs(feed).empty());
  EXPECT_EQ(s.step(kNow + seconds(10)), kNow + seconds(40));
}

TEST(Worker, works_off_a_feed_lowest_version_first) {
  Setting s;
  const auto feed = new_feed();
  const auto later = s.snooze(feed, 9, kNow - seconds(2));
  const auto earlier = s.snooze(feed, 3, kNow - seconds(1));

  s.step(kNow);

  ASSERT_EQ(s.asked.size(), 2U);
  EXPECT_EQ(std::get<model::ReturnRequest>(s.asked[0].what).id, earlier.notification);
  EXPECT_EQ(std::get<model::ReturnRequest>(s.asked[1].what).id, later.notification);
}

TEST(Worker, drops_a_job_whose_snooze_was_changed_since) {
  Setting s;
  const auto feed = new_feed();
  const auto job = s.snooze(feed, 1, kNow);
  s.store->transact_now([&](store::Connection& tx) {
    auto n = store::feeds::notification(tx, feed, job.notification).value();
    n.snooze_until = kNow + minutes(5);
    store::feeds::update(tx, feed, n);
  });

  s.step(kNow);

  EXPECT_TRUE(s.asked.empty());
  EXPECT_TRUE(s.jobs(feed).empty());
}

TEST(Worker, leaves_a_leased_feed_to_who_leased_it_until_the_lease_has_run_out) {
  Setting s;
  const auto feed = new_feed();
  s.snooze(feed, 1, kNow);
  s.store->transact_now([&](store::Connection& tx) { store::jobs::lease(tx, feed, kNow, seconds(30)); });

  EXPECT_EQ(s.step(kNow), kNow + seconds(1));
  EXPECT_TRUE(s.asked.empty());
  s.step(kNow + seconds(30));

  EXPECT_EQ(s.asked.size(), 1U);
}

TEST(Worker, changes_nothing_once_it_has_slept_past_its_lease) {
  Setting s;
  const auto feed = new_feed();
  s.snooze(feed, 1, kNow);
  s.answer = [&]() -> Result<model::Changed> {
    s.store->transact_now(
        [&](store::Connection& tx) { store::jobs::lease(tx, feed, kNow + seconds(31), seconds(30)); });
    return model::Changed{};
  };

  s.step(kNow);

  EXPECT_EQ(s.jobs(feed).size(), 1U);
}

TEST(Worker, tries_again_while_the_store_takes_no_changes) {
  Setting s;
  const auto feed = new_feed();
  s.snooze(feed, 1, kNow);
  s.answer = []() -> Result<model::Changed> { return fail(Code::unavailable, "full"); };

  s.step(kNow);
  ASSERT_EQ(s.jobs(feed).size(), 1U);
  EXPECT_GT(s.jobs(feed)[0].due_at, kNow);
  s.answer = [] { return model::Changed{}; };
  s.step(kNow + seconds(5));

  EXPECT_TRUE(s.jobs(feed).empty());
}

TEST(Worker, gives_up_a_job_that_fails_fifteen_times_and_lets_its_neighbours_be) {
  Setting s;
  const auto feed = new_feed(), neighbour = new_feed();
  s.snooze(feed, 1, kNow);
  s.snooze(neighbour, 1, kNow);
  s.answer = [&]() -> Result<model::Changed> {
    if (s.asked.back().feed == feed) throw std::runtime_error("poison");
    return model::Changed{};
  };

  int tries = 0;
  for (Time now = kNow; !s.jobs(feed).empty() && tries < 100; now += minutes(6)) {
    s.step(now);
    ++tries;
  }

  EXPECT_EQ(tries, 15);
  EXPECT_TRUE(s.jobs(neighbour).empty());
}

TEST(Worker, wakes_at_a_hint_and_ends_when_it_is_stopped) {
  Setting s;
  bool ended = false;
  boost::asio::co_spawn(s.loop, s.worker.run(), [&](const std::exception_ptr&) { ended = true; });
  const auto feed = new_feed();
  boost::asio::post(s.loop, [&] {
    s.snooze(feed, 1, kNow);
    s.worker.hint(kNow);
  });
  s.answer = [&]() -> Result<model::Changed> {
    s.worker.stop();
    return model::Changed{};
  };

  s.loop.run();

  EXPECT_TRUE(ended);
  EXPECT_EQ(s.asked.size(), 1U);
}

}  // namespace
}  // namespace hg::delivery
