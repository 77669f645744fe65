#include "app/bus.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "bus/local.h"

namespace hg::app {
namespace {

TEST(ConfiguredBus, is_within_the_process_where_none_is_named) {
  const auto made = make_bus({}, crypto::SealingKey::generate(), "tenant");
  ASSERT_TRUE(made);
  EXPECT_NE(dynamic_cast<bus::Local*>(made->get()), nullptr);
}

TEST(ConfiguredBus, has_several_servers_and_shows_what_is_kept_elsewhere) {
  Config config;
  config.bus = "nats://one.example:4222, tls://two.example";
  ::setenv("HG_TEST_BUS_CREDENTIALS", "hg:p:w\n", 1);
  config.bus_credentials = "env:HG_TEST_BUS_CREDENTIALS";

  const auto named = nats_of(config);
  ASSERT_TRUE(named);
  EXPECT_EQ(named->servers, (std::vector<std::string>{"nats://one.example:4222", "tls://two.example"}));
  EXPECT_EQ(named->user, "hg");
  EXPECT_EQ(named->password, "p:w");
  EXPECT_EQ(named->token, "");
  ::setenv("HG_TEST_BUS_CREDENTIALS", "a-token", 1);
  EXPECT_EQ(nats_of(config)->token, "a-token");
  ::unsetenv("HG_TEST_BUS_CREDENTIALS");
  EXPECT_FALSE(nats_of(config));
}

TEST(ConfiguredBus, refuses_addresses_that_are_none) {
  for (const auto* wrong : {"redis://one.example", "nats://", "one.example:4222", ",", "file:/no/such/file"}) {
    Config config;
    config.bus = wrong;
    EXPECT_FALSE(nats_of(config)) << wrong;
    EXPECT_FALSE(make_bus(config, crypto::SealingKey::generate(), "tenant")) << wrong;
  }
}

}  // namespace
}  // namespace hg::app
