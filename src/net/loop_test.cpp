#include "net/loop.h"

#include <gtest/gtest.h>

namespace hg::net {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLate{20};

void work_for(Clock::duration time) {
  for (const auto end = Clock::now() + time; Clock::now() < end;) {
  }
}

TEST(Loop, knows_how_late_it_is_while_a_handler_keeps_it) {
  Loop loop;
  EXPECT_EQ(loop.lag(), Duration{0});
  work_for(kLate + std::chrono::milliseconds(1));
  EXPECT_GE(loop.lag(), kLate);
}

TEST(Loop, was_as_late_as_what_was_ready_had_to_wait) {
  Loop loop;
  (void)loop.lag();
  work_for(kLate + std::chrono::milliseconds(1));
  loop.context().run_one();  // it comes to what was ready
  EXPECT_GE(loop.lag(), kLate);
}

TEST(Loop, forgets_what_is_long_past) {
  Loop loop;
  (void)loop.lag();
  work_for(kLate);
  loop.context().run_one();
  work_for(std::chrono::milliseconds(200));
  EXPECT_EQ(loop.lag(), Duration{0});
}

}  // namespace
}  // namespace hg::net
