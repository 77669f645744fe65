#include "net/client.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "net/http2_peer_for_tests.h"
#include "net/server_for_tests.h"

namespace hg::net {
namespace {

using std::chrono::milliseconds;
using Why = Unreached::Why;

// A client on a loop of its own that runs while something is under way.
struct Asker {
  explicit Asker(ClientOptions options = {.reach = Reach::loopback})
      : client(loop.get_executor(), std::move(options)) {}

  std::vector<Reached<Answer>> all(std::vector<Ask> asks) {
    std::vector<Reached<Answer>> replies(asks.size(), std::unexpected(Unreached{}));
    std::size_t left = asks.size();
    for (std::size_t i = 0; i < asks.size(); ++i)
      asio::co_spawn(loop, client.send(asks[i]), [&, i](const std::exception_ptr& fault, Reached<Answer> reply) {
        if (fault) std::rethrow_exception(fault);
        replies[i] = std::move(reply);
        --left;
      });
    loop.restart();
    while (left > 0 && loop.run_one() > 0) {  // connections that stay open keep the loop alive
    }
    return replies;
  }
  Reached<Answer> one(Ask ask) { return all({std::move(ask)}).front(); }

  asio::io_context loop;
  Client client;
};

std::string name(const Reached<Answer>& reply) {
  constexpr std::array names{"address", "name", "connect", "tls", "time", "size", "login", "broken", "stopped"};
  return reply ? std::to_string(reply->status) : names.at(static_cast<std::size_t>(reply.error().why));
}

Handler echo_body() {
  return [](Request& request) -> asio::awaitable<Response> {
    Response response;
    response.headers.add("X-Method", request.method);
    response.headers.add("X-Asked", request.headers.find("X-Asked").value_or("nothing"));
    response.headers.add("X-Length", request.headers.find("Content-Length").value_or("none"));
    response.body = request.target + ' ' + request.body;
    co_return response;
  };
}

std::string url(const TestServer& server, const std::string& path = "/") {
  return "http://127.0.0.1:" + std::to_string(server.port()) + path;
}

TEST(Client, brings_status_headers_and_body_of_what_was_asked) {
  TestServer server(echo_body());
  Asker asker;
  Ask ask{.url = url(server, "/a?b=c"), .body = "body"};
  ask.headers.add("X-Asked", "this");

  const auto reply = asker.one(ask);

  ASSERT_EQ(name(reply), "200");
  EXPECT_EQ(reply->body, "/a?b=c body");
  EXPECT_EQ(reply->headers.find("x-method"), "POST");
  EXPECT_EQ(reply->headers.find("X-Asked"), "this");
  EXPECT_EQ(reply->headers.find("X-Length"), "4");
}

TEST(Client, uses_a_connection_again_whatever_the_method) {
  TestServer server(echo_body());
  Asker asker;

  const auto first = asker.one({.url = url(server), .body = "body"});
  const auto second = asker.one({.method = "DELETE", .url = url(server)});
  const auto third = asker.one({.url = url(server)});
  const auto fourth = asker.one({.method = "PATCH", .url = url(server), .body = "body"});

  EXPECT_EQ(second->headers.find("X-Method"), "DELETE");
  EXPECT_EQ(second->body, "/ ");
  EXPECT_EQ(third->headers.find("X-Length"), "0");
  EXPECT_EQ(fourth->headers.find("X-Method"), "PATCH");
  EXPECT_EQ(fourth->body, "/ body");
  EXPECT_EQ(asker.client.connected(), 1U);
  EXPECT_EQ(asker.client.open(), 1U);
}

TEST(Client, reaches_nothing_private_by_whatever_name) {
  std::atomic<int> asked = 0;
  TestServer server([&](Request&) -> asio::awaitable<Response> {
    ++asked;
    co_return Response{};
  });
  Asker asker({.reach = Reach::internet});
  const std::string port = ":" + std::to_string(server.port()) + "/";
  for (const char* host : {"127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]",
                           "0.0.0.0", "[::ffff:127.0.0.1]", "[::]", "127.0.0.1.", "x.localhost"}) {
    const auto reply = asker.one({.url = std::string("https://") + host + port});
    EXPECT_FALSE(reply) << host;
    if (!reply) EXPECT_TRUE(reply.error().why == Why::address || reply.error().why == Why::name) << host << name(reply);
  }
  EXPECT_EQ(name(asker.one({.url = url(server)})), "broken");  // http
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(asker.client.connected(), 0U);
}

TEST(Client, follows_no_redirect) {
  std::atomic<int> asked = 0;
  TestServer server([&](Request&) -> asio::awaitable<Response> {
    ++asked;
    Response response{.status = 302};
    response.headers.add("Location", "/elsewhere");
    co_return response;
  });
  Asker asker;

  EXPECT_EQ(name(asker.one({.url = url(server)})), "302");
  EXPECT_EQ(asked, 1);
}

TEST(Client, gives_up_on_what_is_too_slow_or_too_large) {
  TestServer server([](Request& request) -> asio::awaitable<Response> {
    Response response;
    if (request.path == "/slow") {
      asio::steady_timer timer(request.loop->executor(), std::chrono::seconds(20));
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (request.path == "/large") response.body = std::string(64 * 1024 + 1, 'x');
    if (request.path == "/most") response.body = std::string(64 * 1024, 'x');
    if (request.path == "/headers")
      for (int i = 0; i < 40; ++i) response.headers.add("X-Header", std::string(1000, 'x'));
    co_return response;
  });
  Asker asker({.reach = Reach::loopback, .time = milliseconds(3000)});

  EXPECT_EQ(name(asker.one({.url = url(server, "/most")})), "200");
  EXPECT_EQ(name(asker.one({.url = url(server, "/large")})), "size");
  EXPECT_EQ(name(asker.one({.url = url(server, "/headers")})), "size");
  Asker hasty({.reach = Reach::loopback, .time = milliseconds(300)});
  EXPECT_EQ(name(hasty.one({.url = url(server, "/slow")})), "time");
}

TEST(Client, says_what_came_between) {
  Asker asker;
  std::uint16_t free_port = 0;
  {
    const TestServer server(echo_body());
    free_port = server.port();
  }

  EXPECT_EQ(name(asker.one({.url = "http://127.0.0.1:" + std::to_string(free_port)})), "connect");
  EXPECT_EQ(name(asker.one({.url = "https://nothing.invalid/"})), "name");
  EXPECT_EQ(name(asker.one({.url = "gopher://127.0.0.1/"})), "broken");
  EXPECT_EQ(name(asker.one({.url = "file:///etc/passwd"})), "broken");
}

TEST(Client, speaks_only_to_whom_a_known_authority_vouches_for) {
  Http2Peer peer([](auto& connection, std::uint32_t stream) { connection.answer(stream); });
  Asker trusting({.reach = Reach::loopback, .authorities = peer.authorities()});
  Asker strict;
  std::string other = peer.url();
  other.replace(other.find("localhost"), 9, "x.localhost");

  EXPECT_EQ(name(trusting.one({.url = peer.url()})), "200");
  EXPECT_EQ(name(trusting.one({.url = other})), "tls");
  EXPECT_EQ(name(strict.one({.url = peer.url()})), "tls");
}

TEST(Client, shares_one_http2_connection_between_many_requests) {
  Http2Peer peer([](auto& connection, std::uint32_t stream) { connection.answer(stream); });
  Asker asker({.reach = Reach::loopback, .authorities = peer.authorities()});

  const auto replies = asker.all(std::vector<Ask>(300, {.url = peer.url(), .body = "body"}));

  for (const auto& reply : replies) EXPECT_EQ(name(reply), "200");
  EXPECT_EQ(peer.requests(), 300U);
  EXPECT_LE(peer.connections(), 4U);
}

TEST(Client, sends_again_what_a_server_going_away_has_not_taken) {
  // The first connection takes three requests, then goes away while more are under way.
  std::uint32_t last = 0;
  Http2Peer peer([&](auto& connection, std::uint32_t stream) {
    if (connection.number() > 1 || connection.requests() <= 3 || stream <= last) connection.answer(stream);
    if (connection.number() > 1) return;
    if (connection.requests() <= 3) last = std::max(last, stream);
    if (connection.requests() == 3) connection.go_away(last);
  });
  Asker asker({.reach = Reach::loopback, .authorities = peer.authorities()});

  const auto replies = asker.all(std::vector<Ask>(20, {.url = peer.url(), .body = "body"}));

  for (std::size_t i = 0; i < replies.size(); ++i)
    EXPECT_EQ(name(replies[i]), "200") << i << (replies[i] ? "" : replies[i].error().what);
  EXPECT_GE(peer.connections(), 2U);
  EXPECT_EQ(name(asker.one({.url = peer.url()})), "200");
}

TEST(Client, survives_a_server_that_resets_what_it_was_sent) {
  constexpr std::uint32_t kRefused = 7, kInternal = 2;
  std::atomic<int> asked = 0;
  Http2Peer peer([&](auto& connection, std::uint32_t stream) {
    ++asked;
    if (asked == 1) return connection.reset(stream, kRefused);
    if (asked == 3) return connection.reset(stream, kInternal);
    connection.answer(stream);
  });
  Asker asker({.reach = Reach::loopback, .authorities = peer.authorities()});

  EXPECT_EQ(name(asker.one({.url = peer.url()})), "200");  // refused streams were not looked at: once more
  EXPECT_EQ(name(asker.one({.url = peer.url()})), "broken");
  EXPECT_EQ(name(asker.one({.url = peer.url()})), "200");
}

TEST(Client, keeps_to_the_streams_that_a_server_allows) {
  std::atomic<int> under_way = 0, most = 0;
  Http2Peer peer(
      [&](auto& connection, std::uint32_t stream) {
        most = std::max<int>(most, ++under_way);
        --under_way;
        connection.answer(stream);
      },
      1);
  Asker asker({.reach = Reach::loopback, .authorities = peer.authorities(), .connections_a_host = 1});
  ASSERT_EQ(name(asker.one({.url = peer.url()})), "200");

  const auto replies = asker.all(std::vector<Ask>(50, {.url = peer.url()}));

  for (const auto& reply : replies) EXPECT_EQ(name(reply), "200");
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(Client, answers_what_is_under_way_when_it_is_stopped) {
  Http2Peer peer([](auto&, std::uint32_t) {});
  Asker asker({.reach = Reach::loopback, .authorities = peer.authorities()});
  asio::steady_timer timer(asker.loop, milliseconds(100));
  timer.async_wait([&](auto) { asker.client.stop(); });

  EXPECT_EQ(name(asker.one({.url = peer.url()})), "stopped");
  EXPECT_EQ(name(asker.one({.url = peer.url()})), "stopped");
}

TEST(Reach, leaves_out_every_private_and_reserved_network) {
  for (const char* text :
       {"0.0.0.0",         "10.1.2.3",        "100.64.0.1", "127.0.0.1",   "127.255.255.255", "169.254.169.254",
        "172.16.0.1",      "172.31.255.255",  "192.0.0.1",  "192.168.1.1", "198.18.0.1",      "198.19.255.255",
        "224.0.0.1",       "255.255.255.255", "::",         "::1",         "::7f00:1",        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1", "2002:7f00:1::",   "fc00::1",    "fdff::1",     "fe80::1",         "febf::1",
        "ff02::1"})
    EXPECT_FALSE(within(Reach::internet, asio::ip::make_address(text))) << text;
  for (const char* text : {"8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
                           "192.167.255.255", "2606:4700::1111", "2a00:1450::1"})
    EXPECT_TRUE(within(Reach::internet, asio::ip::make_address(text))) << text;
  EXPECT_TRUE(within(Reach::loopback, asio::ip::make_address("127.0.0.1")));
  EXPECT_TRUE(within(Reach::loopback, asio::ip::make_address("::1")));
  EXPECT_FALSE(within(Reach::loopback, asio::ip::make_address("10.0.0.1")));
  EXPECT_TRUE(within(Reach::anywhere, asio::ip::make_address("10.0.0.1")));
}

TEST(Url, is_read_as_it_is_asked) {
  const auto url = parse_url("https://Push.Example:8443/a?b#c").value();
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "push.example");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.origin, "https://push.example:8443");
  EXPECT_EQ(parse_url("https://push.example:443/")->origin, "https://push.example");
  EXPECT_EQ(parse_url("https://push.example")->port, 443);
  EXPECT_TRUE(parse_url("https://user@push.example/")->credentials);
  EXPECT_TRUE(parse_url("https://good.example@evil.example/")->credentials);
  EXPECT_FALSE(parse_url("https://push.example/")->address);
  for (const char* address : {"https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/",
                              "https://[::1]/", "https://127.1/"})
    EXPECT_TRUE(parse_url(address)->address) << address;
  for (const char* none : {"", "push.example", "https://", "//push.example/", "https://a b/"})
    EXPECT_FALSE(parse_url(none)) << none;
}

}  // namespace
}  // namespace hg::net
