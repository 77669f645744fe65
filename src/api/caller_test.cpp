#include "api/caller.h"

#include <gtest/gtest.h>

namespace hg::api {
namespace {

Proxies proxies(std::vector<std::string> texts) { return *Proxies::parse(texts); }

net::Request from(std::string remote, std::vector<std::string> forwarded = {}) {
  net::Request request;
  request.remote = std::move(remote);
  for (const auto& one : forwarded) request.headers.add("X-Forwarded-For", one);
  return request;
}

std::string caller(const Proxies& proxies, const net::Request& request) {
  const auto address = proxies.caller(request);
  return address ? address->to_string() : "nobody knows";
}

TEST(Caller, is_the_peer_whatever_it_says_of_others) {
  for (const auto& none : {Proxies{}, proxies({"10.0.0.1", "fd00::/8"})}) {
    EXPECT_EQ(caller(none, from("192.0.2.1")), "192.0.2.1");
    EXPECT_EQ(caller(none, from("192.0.2.1", {"198.51.100.7"})), "192.0.2.1");
    EXPECT_EQ(caller(none, from("2001:db8::1", {"10.0.0.1"})), "2001:db8::1");
  }
  EXPECT_EQ(caller({}, from("unix")), "nobody knows");
}

TEST(Caller, is_who_a_trusted_proxy_says) {
  const auto known = proxies({"10.0.0.0/8", "127.0.0.1", "fd00::/8", "::1"});
  const struct {
    const char* remote;
    std::vector<std::string> forwarded;
    const char* caller;
  } table[] = {
      {"10.0.0.1", {"192.0.2.1"}, "192.0.2.1"},
      {"10.255.255.255", {"192.0.2.1"}, "192.0.2.1"},
      {"10.0.0.0", {"192.0.2.1"}, "192.0.2.1"},
      {"11.0.0.0", {"192.0.2.1"}, "11.0.0.0"},
      {"127.0.0.1", {"192.0.2.1"}, "192.0.2.1"},
      {"127.0.0.2", {"192.0.2.1"}, "127.0.0.2"},
      {"::ffff:10.0.0.1", {"192.0.2.1"}, "192.0.2.1"},
      {"fd12::3", {"2001:db8::7"}, "2001:db8::7"},
      {"::1", {"2001:db8::7"}, "2001:db8::7"},
      // What a client sent itself stands first, and is not believed.
      {"10.0.0.1", {"203.0.113.9, 192.0.2.1"}, "192.0.2.1"},
      {"10.0.0.1", {"203.0.113.9", "192.0.2.1"}, "192.0.2.1"},
      {"10.0.0.1", {"not, an, address, 192.0.2.1"}, "192.0.2.1"},
      {"10.0.0.1", {"192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
      {"10.0.0.1", {"203.0.113.9, 192.0.2.1 , 10.0.0.2,10.0.0.3"}, "192.0.2.1"},
      {"10.0.0.1", {"192.0.2.1:4711"}, "192.0.2.1"},
      {"10.0.0.1", {"[2001:db8::7]:4711"}, "2001:db8::7"},
      {"10.0.0.1", {"[2001:db8::7]"}, "2001:db8::7"},
      {"10.0.0.1", {"::ffff:192.0.2.1"}, "192.0.2.1"},
      {"10.0.0.1", {}, "nobody knows"},
      {"10.0.0.1", {""}, "nobody knows"},
      {"10.0.0.1", {"unknown"}, "nobody knows"},
      {"10.0.0.1", {"192.0.2.1, unknown"}, "nobody knows"},
      {"10.0.0.1", {"192.0.2.1,"}, "192.0.2.1"},
      {"10.0.0.1", {"[2001:db8::7"}, "2001:db8::7"},
      {"10.0.0.1", {"10.0.0.2"}, "nobody knows"},
  };
  for (const auto& row : table)
    EXPECT_EQ(caller(known, from(row.remote, row.forwarded)), row.caller)
        << row.remote << " " << (row.forwarded.empty() ? "" : row.forwarded.front());
}

TEST(Caller, of_unnamed_proxies_is_known_to_nobody) {
  EXPECT_EQ(caller(Proxies::unnamed(), from("10.0.0.1", {"192.0.2.1"})), "nobody knows");
}

TEST(Proxies, are_addresses_and_networks) {
  for (const char* good : {"192.0.2.1", "10.0.0.0/8", "10.1.2.3/8", "0.0.0.0/0", "2001:db8::1", "fd00::/8", "::/0"})
    EXPECT_TRUE(Proxies::parse(std::vector<std::string>{good})) << good;
  for (const char* bad :
       {"", "proxy.example", "10.0.0.0/33", "10.0.0.0/", "10.0.0", "fd00::/129", "10.0.0.1:80", "*"}) {
    const auto refused = Proxies::parse(std::vector<std::string>{bad});
    ASSERT_FALSE(refused) << bad;
    EXPECT_TRUE(refused.error().message.contains("\"" + std::string(bad) + "\"")) << refused.error().message;
  }
}

TEST(Neighbourhood, is_an_address_or_a_network_of_64_bits) {
  const auto of = [](const char* remote) { return neighbourhood(from(remote), {}); };
  EXPECT_TRUE(of("192.0.2.1"));
  EXPECT_NE(of("192.0.2.1"), of("192.0.2.2"));
  EXPECT_EQ(of("192.0.2.1"), of("::ffff:192.0.2.1"));
  EXPECT_EQ(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
  EXPECT_NE(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
  for (const char* nobody : {"127.0.0.1", "127.9.9.9", "::1", "unix", ""}) EXPECT_FALSE(of(nobody)) << nobody;
}

}  // namespace
}  // namespace hg::api
