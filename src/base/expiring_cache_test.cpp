#include <gtest/gtest.h>

#include <string>

#include "base/expiring_cache.h"

namespace hg {
namespace {

TEST(ExpiringCache, forgets_the_expired_and_the_least_recently_used) {
  ExpiringCache<int, int> cache(2);
  cache.put(1, 10, from_ms(100));
  cache.put(2, 20, from_ms(100));
  EXPECT_EQ(*cache.find(1, from_ms(0)), 10);
  cache.put(3, 30, from_ms(100));
  EXPECT_EQ(cache.find(2, from_ms(0)), nullptr);
  EXPECT_EQ(cache.find(1, from_ms(100)), nullptr);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(ExpiringCache, the_later_value_of_a_key_stands) {
  ExpiringCache<std::string, int> cache(2);
  cache.put("a", 1, from_ms(10));
  cache.put("a", 2, from_ms(20));
  EXPECT_EQ(*cache.find("a", from_ms(15)), 2);
  EXPECT_EQ(cache.size(), 1U);
  cache.clear();
  EXPECT_EQ(cache.find("a", from_ms(0)), nullptr);
}

TEST(ExpiringCache, of_no_size_holds_one) {
  ExpiringCache<int, int> cache(0);
  cache.put(1, 1, from_ms(10));
  cache.put(2, 2, from_ms(10));
  EXPECT_EQ(cache.find(1, from_ms(0)), nullptr);
  EXPECT_EQ(*cache.find(2, from_ms(0)), 2);
}

}  // namespace
}  // namespace hg
