#include "app/limits.h"

#include <gtest/gtest.h>

namespace hg::app {
namespace {

TEST(Limits, the_store_keeps_descriptors_of_its_own) {
  EXPECT_EQ(left_for_connections(20'000), 20'000U - 128);
  EXPECT_EQ(left_for_connections(257), 129U);
  EXPECT_EQ(left_for_connections(256), 128U);
  EXPECT_EQ(left_for_connections(64), 32U);
}

TEST(Limits, live_connections_leave_room_for_requests) {
  Config config;
  config.connections = 80;
  config.live_connections = 10'000;
  EXPECT_EQ(limits_of(config, 2).live_connections, 70U);
  config.live_connections = 5;
  EXPECT_EQ(limits_of(config, 2).live_connections, 5U);
}

TEST(Limits, a_loop_takes_some_of_the_largest_bodies) {
  Config config;
  EXPECT_EQ(limits_of(config, 2).bodies, 64U * 1024 * 1024);
  config.body_bytes = 64 * 1024 * 1024;
  EXPECT_GE(limits_of(config, 2).bodies / 2, 2U * 64 * 1024 * 1024);
}

}  // namespace
}  // namespace hg::app
