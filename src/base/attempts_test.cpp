#include "base/attempts.h"

#include <gtest/gtest.h>

namespace hg {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct AttemptsTest : testing::Test {
  Attempts attempts;
  Time now = from_ms(1'800'000'000'000);
  Duration begin(const std::string& key = "alice") { return attempts.begin(key, 5, now); }
  // As fast as it lets one.
  int made_within(Duration time) {
    int made = 0;
    for (const Time end = now + time; now < end;) {
      if (const Duration wait = begin(); wait > Duration{0})
        now += wait;
      else
        ++made;
    }
    return made;
  }
};

TEST_F(AttemptsTest, cost_nothing_at_first_and_then_wait_twice_as_long_each) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(begin(), Duration{0}) << i;
  for (const int wait : {1, 2, 4, 8, 16, 32, 64, 128, 256}) {
    EXPECT_EQ(begin(), seconds(wait));
    now += seconds(wait) - Duration{1};
    EXPECT_EQ(begin(), Duration{1}) << "asking does not count";
    now += Duration{1};
    EXPECT_EQ(begin(), Duration{0});
  }
}

TEST_F(AttemptsTest, who_waits_gains_no_more_than_who_goes_on) {
  const int first_hour = made_within(minutes(60));
  EXPECT_LE(first_hour, 25);
  now += minutes(60);
  const int after_a_rest = made_within(minutes(60));
  EXPECT_LE(after_a_rest, 12 + 13) << "what an hour forgives, and what an hour lets one";
}

TEST_F(AttemptsTest, of_long_ago_are_forgiven) {
  for (int day = 0; day < 100; ++day, now += std::chrono::hours(24)) EXPECT_EQ(begin(), Duration{0}) << day;
}

TEST_F(AttemptsTest, a_right_one_clears_what_is_ones_own) {
  while (begin() == Duration{0}) {
  }
  attempts.succeeded("alice");
  EXPECT_EQ(begin(), Duration{0});
}

TEST_F(AttemptsTest, of_many_who_share_an_address_only_the_wrong_ones_count) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(begin("office"), Duration{0}) << i;
    attempts.give_back("office");
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(begin("office"), Duration{0});
  EXPECT_GT(begin("office"), Duration{0});
  now += seconds(1);
  EXPECT_EQ(begin("office"), Duration{0});
  attempts.give_back("office");
  EXPECT_EQ(begin("office"), Duration{0}) << "a right one leaves no wait behind";
  EXPECT_GT(begin("office"), Duration{0}) << "and forgives none of the wrong ones";
}

TEST_F(AttemptsTest, are_bounded_however_many_come) {
  for (int i = 0; i < 300'000; ++i) EXPECT_EQ(begin(std::to_string(i)), Duration{0});
}

}  // namespace
}  // namespace hg
