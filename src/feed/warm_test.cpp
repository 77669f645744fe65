#include "feed/warm.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace hg::feed {
namespace {

FeedKey some_feed() { return {UserId{crypto::random_guid()}, AppId{crypto::random_guid()}}; }

TEST(Warm, knows_a_feed_from_the_second_time_on) {
  Warm warm;
  const FeedKey feed = some_feed(), other{feed.user, some_feed().app};
  EXPECT_FALSE(warm.seen(feed));
  EXPECT_TRUE(warm.seen(feed));
  EXPECT_FALSE(warm.seen(other));
}

TEST(Warm, forgets_what_others_took_the_place_of) {
  Warm warm;
  const FeedKey feed = some_feed();
  warm.seen(feed);
  for (int i = 0; i < 1'000'000; ++i) warm.seen(some_feed());
  EXPECT_FALSE(warm.seen(feed));
}

}  // namespace
}  // namespace hg::feed
