#include "app/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace hg::app {
namespace {

struct Mistake {
  const char* key;
  const char* value;
  const char* said;  // a part of the sentence
};

Config with(std::initializer_list<std::pair<const char*, const char*>> values) {
  Config config;
  for (const auto& [name, value] : values) {
    const auto key = std::ranges::find(keys(), std::string_view(name), &Key::name);
    EXPECT_TRUE(set(config, *key, value)) << name;
  }
  return config;
}

TEST(Check, has_nothing_against_the_defaults_nor_against_what_is_right) {
  ::unsetenv("HG_TEST_CHECK");
  EXPECT_TRUE(check(Config{}));
  const Config config = with({{"public_url", "https://notify.example.com/"},
                              {"behind_tls_proxy", "true"},
                              {"trusted_proxies", "127.0.0.1,10.0.0.0/8"},
                              {"cors_origins", "https://app.example,http://localhost:3000,chrome-extension://abc"},
                              {"bus", "nats://one.example:4222"},
                              {"mail.relay", "smtps://relay.example:465"},
                              {"push.apns", "https://127.0.0.1:8443"},
                              {"limits.connections", "64"},
                              {"limits.live_connections", "56"}});
  const auto sound = check(config);
  EXPECT_TRUE(sound) << sound.error().message;
  EXPECT_TRUE(check(with({{"limits.connections", "64"}})));  // and as many live ones of the usual number as fit
}

TEST(Check, names_the_key_of_what_serve_could_not_use) {
  for (const auto& [key, value, said] : {
           Mistake{"trusted_proxies", "nonsense", "trusted_proxies"},
           {"identity.issuers", "x", "issuer"},
           {"bus", "http://x", "bus should be nats://"},
           {"tls_listen", "bad", "tls_listen is \"bad\"; it is ADDR:PORT"},
           {"admin_listen", "bad", "admin_listen is \"bad\""},
           {"listen", "0.0.0.0:80", "plain HTTP to the network"},
           {"listen", "", "nothing to listen on"},
           {"sealing_key", "file:/nope", "/nope cannot be read"},
           {"store", "file:/nope", "store: file:/nope cannot be read"},
           {"store", "env:HG_TEST_CHECK", "store: env:HG_TEST_CHECK names an environment variable that is not set"},
           {"bus", "env:HG_TEST_CHECK", "bus: env:HG_TEST_CHECK"},
           {"bus_credentials", "env:HG_TEST_CHECK", "bus_credentials: env:HG_TEST_CHECK"},
           {"sealing_key", "env:HG_TEST_CHECK", "sealing_key: env:HG_TEST_CHECK"},
           {"mail.password", "env:HG_TEST_CHECK", "mail.password: env:HG_TEST_CHECK"},
       }) {
    const auto refused = check(with({{key, value}}));
    ASSERT_FALSE(refused) << key << " " << value;
    EXPECT_NE(refused.error().message.find(said), std::string::npos) << refused.error().message;
  }
}

TEST(Check, misses_a_certificate_only_where_https_is_served) {
  EXPECT_TRUE(check(with({{"tls_cert", "/nope"}})));
  const auto refused = check(with({{"tls_cert", "/nope"}, {"tls_listen", "127.0.0.1:0"}}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "/nope cannot be read: No such file or directory; HTTPS wants it, tls_cert or --tls-cert names another");
}

TEST(Check, wants_addresses_that_are_some_and_bounds_that_fit) {
  for (const auto& [key, value, said] : {
           Mistake{"public_url", "hello", "public_url is \"hello\"; it is https://HOST[:PORT] or"},
           {"public_url", "ftp://x", "public_url"},
           {"push.apns", "ftp://x", "push.apns is \"ftp://x\""},
           {"push.apns_sandbox", "x", "push.apns_sandbox"},
           {"push.fcm", "ftp://x", "push.fcm"},
           {"push.wns_store_token", "x", "push.wns_store_token"},
           {"push.wns_entra", "https://", "push.wns_entra"},
           {"mail.relay", "foo", "mail.relay is \"foo\"; it is smtp://HOST[:PORT] or smtps://HOST[:PORT]"},
           {"mail.relay", "smtp://me:word@relay.example", "mail.relay"},
           {"cors_origins", "foo", "cors_origins names \"foo\"; an origin is https://HOST"},
           {"cors_origins", "https://app.example/", "without a path"},
           {"cors_origins", "https://App.example", "in lower case"},
           {"limits.live_connections", "14337",
            "limits.live_connections is 14337; it is at most 14336, seven eighths of limits.connections (16384)"},
       }) {
    const auto refused = check(with({{key, value}}));
    ASSERT_FALSE(refused) << key << " " << value;
    EXPECT_NE(refused.error().message.find(said), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace hg::app
