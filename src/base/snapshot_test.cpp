#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/snapshot.h"

namespace hg {
namespace {

TEST(Snapshot, what_was_loaded_stays_while_it_is_held) {
  Snapshot<int> snapshot(std::make_shared<const int>(1));
  const auto held = snapshot.load();
  snapshot.store(std::make_shared<const int>(2));
  EXPECT_EQ(*held, 1);
  EXPECT_EQ(*snapshot.load(), 2);
}

TEST(Snapshot, readers_never_see_one_half_replaced) {
  Snapshot<std::vector<int>> snapshot(std::make_shared<const std::vector<int>>(8, 0));
  std::atomic<bool> done = false;
  std::vector<std::jthread> readers;
  for (int r = 0; r < 3; ++r)
    readers.emplace_back([&] {
      while (!done) {
        const auto seen = snapshot.load();
        EXPECT_EQ(*seen, std::vector<int>(8, seen->front()));
      }
    });
  for (int i = 1; i <= 2'000; ++i) snapshot.store(std::make_shared<const std::vector<int>>(8, i));
  done = true;
  readers.clear();
  EXPECT_EQ(snapshot.load()->front(), 2'000);
}

}  // namespace
}  // namespace hg
