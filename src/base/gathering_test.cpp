#include "base/gathering.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <future>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

namespace hg {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr GroupRule::Steady::time_point kSince{hours(1)};
constexpr GroupRule kRule{.enough = 50, .patience = milliseconds(2)};

GroupRule::Steady::time_point due(std::size_t count, std::size_t under_way) {
  return kRule.due({.count = count, .since = kSince, .under_way = under_way});
}

TEST(GroupRule, lets_one_go_at_once_where_nothing_is_under_way) { EXPECT_EQ(due(1, 0), kSince); }

TEST(GroupRule, lets_as_many_go_at_once_as_are_under_way) {
  EXPECT_EQ(due(1, 1), kSince);
  EXPECT_EQ(due(20, 20), kSince);
}

TEST(GroupRule, keeps_fewer_than_are_under_way_until_the_oldest_has_waited_long_enough) {
  EXPECT_EQ(due(1, 2), kSince + milliseconds(2));
  EXPECT_EQ(due(49, 200), kSince + milliseconds(2));
}

TEST(GroupRule, lets_a_whole_group_go_however_many_are_under_way) { EXPECT_EQ(due(50, 200), kSince); }

TEST(Gathering, calls_for_one_thread_at_a_time) {
  Gathering<int> queue({.enough = 2});
  EXPECT_TRUE(queue.push(1));
  EXPECT_FALSE(queue.push(2));
  EXPECT_FALSE(queue.push(3));
  const auto first = queue.take();
  EXPECT_EQ(first.items, (std::vector{1, 2}));
  EXPECT_TRUE(first.more);
  const auto second = queue.take();
  EXPECT_EQ(second.items, std::vector{3});
  EXPECT_FALSE(second.more);
  EXPECT_TRUE(queue.push(4));
}

// Of one who waits for company beside three that are under way, with a patience that no test lives to see, and is then
// given cause to go. Often, for nobody can tell from outside whether it waits already.
void wakes(const std::vector<int>& expected, const std::function<void(Gathering<int>&)>& cause) {
  for (int round = 0; round < 200; ++round) {
    Gathering<int> queue({.enough = 4, .patience = hours(1)});
    for (const int item : {1, 2, 3}) queue.push(item);
    EXPECT_EQ(queue.take().items.size(), 3U);
    queue.push(4);
    auto next = std::async(std::launch::async, [&] { return queue.take().items; });
    std::this_thread::yield();
    cause(queue);
    const bool woken = next.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
    if (!woken) {  // so that the test ends
      for (const int item : {5, 6, 7}) queue.push(item);
      queue.finish(3);
    }
    ASSERT_TRUE(woken) << "in round " << round;
    EXPECT_EQ(next.get(), expected);
  }
}

TEST(Gathering, wakes_who_waits_for_company_when_as_many_have_come_as_are_under_way) {
  wakes({4, 5, 6}, [](Gathering<int>& queue) {
    queue.push(5);
    queue.push(6);
  });
}

TEST(Gathering, wakes_who_waits_for_company_when_what_was_under_way_is_done) {
  wakes({4}, [](Gathering<int>& queue) { queue.finish(3); });
}

TEST(Gathering, gives_all_of_it_to_who_turns_it_away) {
  Gathering<int> queue({.enough = 2});
  for (const int item : {1, 2, 3}) queue.push(item);
  EXPECT_EQ(queue.clear(), (std::vector{1, 2, 3}));
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.age(), GroupRule::Steady::duration{});
  EXPECT_TRUE(queue.push(4));
}

TEST(Gathering, loses_and_repeats_nothing_under_many_threads) {
  constexpr int kEach = 2'000, kProducers = 4;
  Gathering<int> queue({.enough = 50, .patience = milliseconds(2)});
  std::mutex mutex;
  std::vector<int> taken;
  const auto take = [&](auto& self) -> void {
    const auto group = queue.take();
    if (group.more) self(self);
    {
      const std::scoped_lock lock(mutex);
      taken.insert(taken.end(), group.items.begin(), group.items.end());
    }
    queue.finish(group.items.size());
  };
  {
    std::vector<std::jthread> producers;
    for (int p = 0; p < kProducers; ++p)
      producers.emplace_back([&, p] {
        for (int i = 0; i < kEach; ++i)
          if (queue.push(p * kEach + i)) take(take);
      });
  }
  std::ranges::sort(taken);
  std::vector<int> all(kEach * kProducers);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(taken, all);
}

}  // namespace
}  // namespace hg
