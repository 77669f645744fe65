#include "base/gathering.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// Groups of four, and a patience that no test lives to see.
struct Patient {
  Gathering<int> queue{{.enough = 4, .patience = hours(1)}};

  std::future<std::vector<int>> take() {
    return std::async(std::launch::async, [this] { return queue.take().items; });
  }
};

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

TEST(Gathering, wakes_who_waits_for_company_when_as_many_have_come_as_are_under_way) {
  Patient patient;
  for (const int item : {1, 2, 3}) patient.queue.push(item);
  EXPECT_EQ(patient.queue.take().items.size(), 3U);
  patient.queue.push(4);
  auto next = patient.take();
  patient.queue.push(5);
  patient.queue.push(6);
  EXPECT_EQ(next.get(), (std::vector{4, 5, 6}));
}

TEST(Gathering, wakes_who_waits_for_company_when_what_was_under_way_is_done) {
  Patient patient;
  for (const int item : {1, 2, 3}) patient.queue.push(item);
  patient.queue.take();
  patient.queue.push(4);
  auto next = patient.take();
  patient.queue.finish(3);
  EXPECT_EQ(next.get(), std::vector{4});
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
