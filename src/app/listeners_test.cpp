#include <gtest/gtest.h>

#include "app/listeners.h"

namespace hg::app {
namespace {

TEST(Listeners, plain_http_stays_on_the_machine_unless_a_proxy_speaks_tls) {
  Config config;
  config.listen = "0.0.0.0:8080";
  const auto refused = listeners_of(config, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::property_invalid);
  EXPECT_TRUE(refused.error().message.contains("--behind-tls-proxy"));
  config.behind_tls_proxy = true;
  EXPECT_TRUE(listeners_of(config, false));
  EXPECT_FALSE(listeners_of(config, true));  // nor does demo data
}

TEST(Listeners, need_one) {
  Config config;
  config.listen.clear();
  config.admin_listen = "127.0.0.1:9090";
  const auto refused = listeners_of(config, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::property_missing);
}

TEST(Listeners, operators_are_apart_wherever_others_can_come) {
  EXPECT_FALSE(listeners_of(Config{}, false)->operators_apart);
  Config config;
  config.tls_listen = "127.0.0.1:8443";
  config.public_url = "https://localhost:8443";
  EXPECT_FALSE(listeners_of(config, false)->operators_apart);
  const auto apart = [](auto change) {
    Config changed;
    change(changed);
    return listeners_of(changed, false)->operators_apart;
  };
  EXPECT_TRUE(apart([](Config& c) { c.tls_listen = "0.0.0.0:8443"; }));
  EXPECT_TRUE(apart([](Config& c) { c.behind_tls_proxy = true; }));
  EXPECT_TRUE(apart([](Config& c) { c.public_url = "https://notify.example.com"; }));
  EXPECT_TRUE(apart([](Config& c) { c.admin_listen = "127.0.0.1:9090"; }));
}

TEST(Listeners, of_operators_speak_tls_off_the_machine) {
  Config config;
  config.admin_listen = "127.0.0.1:9090";
  EXPECT_FALSE(listeners_of(config, false)->endpoints.back().tls);
  config.admin_listen = "10.0.0.1:9090";
  EXPECT_TRUE(listeners_of(config, false)->endpoints.back().tls);
  EXPECT_TRUE(listeners_of(config, false)->endpoints.back().operators);
  config.behind_tls_proxy = true;
  EXPECT_FALSE(listeners_of(config, false)->endpoints.back().tls);
}

}  // namespace
}  // namespace hg::app
