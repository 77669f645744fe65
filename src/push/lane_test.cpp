#include "push/lane.h"

#include <gtest/gtest.h>

namespace hg::push {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNow = from_ms(1'800'000'000'000);
const Verdict kTaken{.outcome = Verdict::Outcome::delivered};
const Verdict kDown{.outcome = Verdict::Outcome::retry, .reason = "503", .everywhere = true};
const Verdict kOneIsBusy{.outcome = Verdict::Outcome::retry, .reason = "429"};

void ends(Lane& lane, const Verdict& verdict, Time now = kNow, double chance = 0.99) {
  lane.begin();
  lane.end(verdict, now, chance);
}

TEST(Lane, is_closed_after_five_failures_in_a_row_and_then_lets_one_see) {
  Lane lane;
  for (int i = 0; i < 4; ++i) ends(lane, kDown);
  EXPECT_FALSE(lane.closed(kNow));
  ends(lane, kDown);

  ASSERT_TRUE(lane.closed(kNow));
  EXPECT_FALSE(lane.room(kNow));
  const Time later = kNow + *lane.closed(kNow);
  EXPECT_TRUE(lane.room(later));
  lane.begin();
  EXPECT_FALSE(lane.room(later));
  lane.end(kTaken, later, 0);
  lane.begin();
  EXPECT_TRUE(lane.room(later));
}

TEST(Lane, pauses_longer_each_time_it_finds_it_still_down) {
  Lane lane;
  for (int i = 0; i < 5; ++i) ends(lane, kDown);
  Time now = kNow;
  Duration last{};
  for (int i = 0; i < 10; ++i) {
    const auto pause = lane.closed(now);
    ASSERT_TRUE(pause);
    EXPECT_GE(*pause, std::min<Duration>(last, seconds(59)));
    EXPECT_LE(*pause, minutes(1));
    last = *pause;
    now += *pause;
    ends(lane, kDown, now);
  }
}

TEST(Lane, is_not_closed_longer_by_those_that_were_under_way) {
  Lane lane;
  for (int i = 0; i < 20; ++i) lane.begin();
  for (int i = 0; i < 20; ++i) lane.end(kDown, kNow, 0.99);

  EXPECT_LE(lane.closed(kNow).value(), seconds(1));
}

TEST(Lane, keeps_to_the_time_that_the_platform_names) {
  Lane lane;
  Verdict busy = kDown;
  busy.retry_after = seconds(90);
  ends(lane, busy);

  EXPECT_EQ(lane.closed(kNow), seconds(90));
  EXPECT_FALSE(lane.closed(kNow + seconds(90)));
}

TEST(Lane, takes_no_offence_at_one_endpoint_s_refusal) {
  Lane lane;
  Verdict gone{.outcome = Verdict::Outcome::gone};
  for (int i = 0; i < 50; ++i) ends(lane, i % 2 == 0 ? kOneIsBusy : gone);

  EXPECT_FALSE(lane.closed(kNow));
  EXPECT_GE(lane.limit(), static_cast<std::size_t>(Lane::kFirst));
}

// Three of four, so that it is never taken for down.
void mostly_fails(Lane& lane, Time now) {
  for (int i = 0; i < 60; ++i) ends(lane, i % 4 == 0 ? kTaken : kDown, now);
}

TEST(Lane, narrows_once_for_what_fails_together_and_widens_with_success) {
  Lane lane;
  mostly_fails(lane, kNow);
  const auto narrow = lane.limit();
  EXPECT_LT(narrow, static_cast<std::size_t>(Lane::kFirst));
  EXPECT_GE(narrow, static_cast<std::size_t>(Lane::kFirst * 0.7));
  mostly_fails(lane, kNow + seconds(2));
  EXPECT_LT(lane.limit(), narrow);

  for (int i = 0; i < 100'000; ++i) ends(lane, kTaken);
  EXPECT_EQ(lane.limit(), static_cast<std::size_t>(Lane::kMost));
}

TEST(Lane, stays_wide_where_a_third_fails) {
  Lane lane;
  for (int i = 0; i < 3'000; ++i) ends(lane, i % 3 == 0 ? kDown : kTaken, kNow + Duration(100 * i));
  EXPECT_GE(lane.limit(), static_cast<std::size_t>(Lane::kFirst));
}

TEST(Lane, has_no_more_under_way_than_its_limit) {
  Lane lane;
  std::size_t begun = 0;
  for (; lane.room(kNow) && begun < 1000; ++begun) lane.begin();
  EXPECT_EQ(begun, lane.limit());
  lane.end(kTaken, kNow, 0);
  EXPECT_TRUE(lane.room(kNow));
}

}  // namespace
}  // namespace hg::push
