#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "base/mailbox.h"

namespace hg {
namespace {

TEST(Mailbox, tells_the_one_who_must_wake_the_consumer) {
  Mailbox<int> box;
  EXPECT_TRUE(box.push(1));
  EXPECT_FALSE(box.push(2));
  EXPECT_EQ(box.take(1), std::vector<int>{1});
  EXPECT_EQ(box.take(9), std::vector<int>{2});
  EXPECT_TRUE(box.push(3));
}

TEST(Mailbox, loses_and_repeats_nothing_under_many_producers) {
  constexpr int kEach = 5'000;
  Mailbox<int> box;
  std::atomic<int> wakes = 0;
  std::vector<std::jthread> producers;
  for (int p = 0; p < 4; ++p)
    producers.emplace_back([&, p] {
      for (int i = 0; i < kEach; ++i)
        if (box.push(p * kEach + i)) ++wakes;
    });
  std::vector<int> last(4, -1);
  int taken = 0;
  while (taken < 4 * kEach) {
    for (const int item : box.take(64)) {
      EXPECT_EQ(item % kEach, last[static_cast<std::size_t>(item / kEach)] + 1);
      last[static_cast<std::size_t>(item / kEach)] = item % kEach;
      ++taken;
    }
  }
  EXPECT_GE(wakes, 1);
  EXPECT_EQ(box.size(), 0U);
}

}  // namespace
}  // namespace hg
