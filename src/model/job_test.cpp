#include "model/job.h"

#include <gtest/gtest.h>

namespace hg::model {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNow = from_ms(1'800'000'000'000);
constexpr double kMost = 0.999999999;

TEST(Job, backs_off_up_to_a_bound_that_doubles_from_a_second_to_five_minutes) {
  struct Row {
    std::int64_t attempts;
    Duration bound;
  };
  for (const auto& [attempts, bound] :
       {Row{1, seconds(1)}, Row{2, seconds(2)}, Row{3, seconds(4)}, Row{8, seconds(128)}, Row{9, seconds(256)},
        Row{10, minutes(5)}, Row{1000, minutes(5)}}) {
    EXPECT_EQ(backoff(attempts, kMost), bound) << attempts;
    EXPECT_EQ(backoff(attempts, 0.5), bound / 2) << attempts;
    EXPECT_EQ(backoff(attempts, 0), Duration(0)) << attempts;
  }
}

TEST(Job, is_tried_again_no_sooner_than_the_platform_asked_and_not_by_all_at_once) {
  const Tried tried{.attempts = 3, .since = kNow, .not_before = kNow + seconds(60)};

  EXPECT_EQ(next_try(tried, kNow + hours(1), kNow, 0), kNow + seconds(60));
  EXPECT_EQ(next_try(tried, kNow + hours(1), kNow, 0.5), kNow + seconds(62));
}

TEST(Job, passes_over_a_time_to_come_back_that_is_past) {
  const Tried tried{.attempts = 1, .since = kNow, .not_before = kNow - seconds(60)};

  EXPECT_EQ(next_try(tried, kNow + hours(1), kNow, 0.5), kNow + Duration(500));
}

TEST(Job, is_not_tried_once_the_notification_has_expired) {
  const Tried tried{.attempts = 10, .since = kNow};

  EXPECT_EQ(next_try(tried, kNow + minutes(4), kNow, kMost), std::nullopt);
  EXPECT_NE(next_try(tried, kNow + minutes(4), kNow, 0.5), std::nullopt);
}

TEST(Job, of_a_platform_that_is_closed_is_looked_at_the_rarer_the_longer_it_waits) {
  const auto look = [](Duration waited, std::optional<Time> not_before = {}) {
    return next_look({.attempts = 0, .since = kNow - waited, .not_before = not_before}, kNow + hours(24), kNow, 0.5);
  };
  EXPECT_EQ(look(seconds(0)), kNow + Duration(500));
  EXPECT_EQ(look(seconds(80)), kNow + seconds(10));
  EXPECT_EQ(look(hours(2)), kNow + kLastRetry / 2);
  EXPECT_EQ(look(seconds(80), kNow + seconds(30)), kNow + seconds(40));
  EXPECT_EQ(next_look({.attempts = 0, .since = kNow}, kNow + Duration(400), kNow, 0.5), std::nullopt);
}

TEST(Job, is_tried_for_a_day_at_most) {
  const Tried tried{.attempts = 300, .since = kNow - hours(24) + minutes(4)};

  EXPECT_EQ(next_try(tried, kNow + hours(100), kNow, kMost), std::nullopt);
  EXPECT_NE(next_try(tried, kNow + hours(100), kNow, 0.5), std::nullopt);
}

TEST(Job, has_a_budget_that_counts_the_last_hour) {
  const std::vector<Time> sent{kNow - minutes(90), kNow - minutes(50), kNow - minutes(10)};

  EXPECT_EQ(budgeted({}, 2, kNow), std::nullopt);
  EXPECT_EQ(budgeted(std::span(sent).first(2), 2, kNow), std::nullopt);
  EXPECT_EQ(budgeted(sent, 2, kNow), kNow + minutes(10));
  EXPECT_EQ(budgeted(sent, 3, kNow), std::nullopt);
  EXPECT_EQ(budgeted(sent, 2, kNow + minutes(10)), std::nullopt);
}

TEST(Job, with_a_budget_of_nothing_waits_an_hour_and_asks_again) { EXPECT_EQ(budgeted({}, 0, kNow), kNow + hours(1)); }

}  // namespace
}  // namespace hg::model
