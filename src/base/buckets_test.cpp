#include "base/buckets.h"

#include <gtest/gtest.h>

#include <string>

namespace hg {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct BucketsTest : testing::Test {
  Buckets<std::string> buckets;
  Time now = from_ms(1'800'000'000'000);
  Buckets<std::string>::Taken take(const std::string& key = "alice") { return buckets.take(key, 60, minutes(1), now); }
};

TEST_F(BucketsTest, gives_a_burst_and_no_more) {
  for (int i = 59; i >= 0; --i) {
    const auto taken = take();
    ASSERT_TRUE(taken.given) << i;
    EXPECT_EQ(taken.left, i);
  }
  const auto refused = take();
  EXPECT_FALSE(refused.given);
  EXPECT_EQ(refused.next, milliseconds(1000));
  EXPECT_EQ(refused.full, milliseconds(60'000));
}

TEST_F(BucketsTest, fills_again_at_its_rate) {
  while (take().given) {
  }
  now += milliseconds(999);
  EXPECT_FALSE(take().given);
  now += milliseconds(1);
  EXPECT_TRUE(take().given);
  EXPECT_FALSE(take().given);
  // Asked far more often than it fills: the rate holds to the call.
  int given = 0;
  for (int i = 0; i < 60'000; ++i) {
    now += milliseconds(1);
    given += take().given ? 1 : 0;
  }
  EXPECT_EQ(given, 60);
  now += minutes(5);
  EXPECT_EQ(take().left, 59) << "and no further than to its brim";
}

TEST_F(BucketsTest, is_everybodys_own) {
  while (take().given) {
  }
  EXPECT_TRUE(take("bob").given);
}

TEST_F(BucketsTest, is_bounded_however_many_come) {
  std::size_t most = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    take(std::to_string(i));
    if (i % 1'000 == 0) most = std::max(most, buckets.size());
  }
  EXPECT_LE(most, Buckets<std::string>::kMost);
  EXPECT_GT(most, 400'000U);
  EXPECT_TRUE(take().given);
}

TEST_F(BucketsTest, forgets_who_has_not_called_for_long_before_who_has) {
  for (int i = 0; i < 400'000; ++i) take(std::to_string(i));
  now += minutes(11);
  while (take("bob").given) {
  }
  for (int i = 0; i < 400'000; ++i) take("later " + std::to_string(i));
  EXPECT_FALSE(take("bob").given);
}

TEST_F(BucketsTest, does_not_mind_a_clock_that_goes_back) {
  take();
  now -= seconds(30);
  EXPECT_TRUE(take().given);
}

}  // namespace
}  // namespace hg
