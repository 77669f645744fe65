#include "net/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <string>

#include "net/server_for_tests.h"
#include "net/smuggling_for_tests.h"

namespace hg::net {
namespace {

using std::chrono::milliseconds;

asio::awaitable<Response> echo(Request& request) {
  Response response;
  response.headers.add("X-Path", request.path);
  response.headers.add("X-Query", request.query);
  response.headers.add("X-Method", request.method);
  response.body = request.body;
  if (request.path == "/fault") throw std::runtime_error("broken");
  if (request.path == "/close") response.close = true;
  if (request.path == "/empty") response.status = 204;
  if (request.path == "/who") response.body = request.remote + " " + request.local + " " + request.scheme;
  if (request.path == "/dated") response.headers.add("Date", "then");
  co_return response;
}

// So short that a test need not wait, so long that a busy machine keeps them.
ServerLimits impatient() {
  ServerLimits limits;
  limits.body_time = limits.body_check = limits.idle_time = limits.handshake_time = milliseconds(1);
  limits.head_time = milliseconds(1000);
  return limits;
}

TEST(Server, answers_requests_one_after_another_on_one_connection) {
  TestServer server(echo);
  auto peer = server.connect();
  for (int round = 0; round < 3; ++round) {
    const auto reply = peer.say(post("/a?b=c", "body " + std::to_string(round))).reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "body " + std::to_string(round));
    EXPECT_TRUE(reply.head.contains("X-Path: /a\r\nX-Query: b=c\r\n"));
    EXPECT_TRUE(reply.head.contains("Date: "));
    EXPECT_FALSE(reply.head.contains("Connection:"));
  }
}

TEST(Server, turns_requests_away_that_have_come_whole_and_goes_on_behind_them) {
  ServerCalls calls{.handle = echo};
  calls.turn_away = [](const Arrival& arrival) {
    return arrival.head.target == "/away" ? std::string("HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\naway") : "";
  };
  TestServer server(std::move(calls));
  auto peer = server.connect();
  peer.say(post("/away", "body") + post("/here", "seen") + post("/away", "") + post("/away", "more"));
  EXPECT_EQ(peer.reply().body, "away");
  EXPECT_EQ(peer.reply().body, "seen");
  EXPECT_EQ(peer.reply().body, "away");
  EXPECT_EQ(peer.reply().status, 503);
  // Of one whose body is still to come more is made.
  const auto late = post("/away", "late");
  peer.say(late.substr(0, late.size() - 4));
  peer.say("late");
  EXPECT_EQ(peer.reply().body.size(), 4);
}

TEST(Server, answers_pipelined_requests_in_order) {
  TestServer server(echo);
  auto peer = server.connect();
  peer.say(post("/1", "eins") + get("/2") + post("/3", "drei"));
  EXPECT_EQ(peer.reply().body, "eins");
  EXPECT_TRUE(peer.reply().head.contains("X-Path: /2"));
  EXPECT_EQ(peer.reply().body, "drei");
}

TEST(Server, reads_requests_that_come_byte_by_byte) {
  TestServer server(echo);
  auto peer = server.connect();
  for (const char byte : post("/slow", "tröpfchen")) peer.say({&byte, 1});
  EXPECT_EQ(peer.reply().body, "tröpfchen");
  constexpr std::string_view chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char byte : std::string(chunked) + "2\r\nok\r\n0\r\n\r\n" + std::string(chunked) + "0\r\n\r\n") {
    peer.say({&byte, 1});
  }
  EXPECT_EQ(peer.reply().body, "ok");
  EXPECT_EQ(peer.reply().body, "");
}

TEST(Server, reads_chunked_bodies_and_ignores_their_trailer) {
  TestServer server(echo);
  auto peer = server.connect();
  peer.say(
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\nX: "
      "t\r\n\r\n");
  peer.say(get("/next"));
  EXPECT_EQ(peer.reply().body, "Wikipedia");
  EXPECT_TRUE(peer.reply().head.contains("X-Path: /next"));
}

TEST(Server, answers_head_without_a_body_and_204_without_a_length) {
  TestServer server(echo);
  auto peer = server.connect();
  peer.say("HEAD /who HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(peer.reply(true).head.contains("Content-Length: "));
  const auto empty = peer.say(get("/empty")).reply(true);
  EXPECT_EQ(empty.status, 204);
  EXPECT_FALSE(empty.head.contains("Content-Length"));
  EXPECT_EQ(peer.say(get("/")).reply().status, 200);
}

TEST(Server, closes_when_either_side_wants_it) {
  TestServer server(echo);
  for (const auto& request :
       {get("/", "Connection: close\r\n"), get("/close"), std::string("GET / HTTP/1.0\r\n\r\n")}) {
    auto peer = server.connect();
    const auto reply = peer.say(request).reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.head.contains("Connection: close"));
    EXPECT_TRUE(peer.at_end());
  }
  auto old = server.connect();
  EXPECT_TRUE(
      old.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").reply().head.contains("Connection: keep-alive"));
  EXPECT_EQ(old.say("GET / HTTP/1.0\r\n\r\n").reply().status, 200);
}

TEST(Server, keeps_the_date_of_the_handler) {
  TestServer server(echo);
  const auto reply = server.connect().say(get("/dated")).reply();
  EXPECT_EQ(reply.head.find("Date: "), reply.head.rfind("Date: "));
}

TEST(Server, turns_faults_into_answers_and_goes_on) {
  TestServer server(echo);
  auto peer = server.connect();
  const auto reply = peer.say(get("/fault")).reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "broken");
  EXPECT_EQ(peer.say(get("/")).reply().status, 200);
}

TEST(Server, tells_where_a_request_came_from) {
  TestServer server(echo);
  EXPECT_EQ(server.connect().say(get("/who")).reply().body,
            "127.0.0.1 127.0.0.1:" + std::to_string(server.port()) + " http");
}

TEST(Server, says_continue_to_who_asks_and_not_to_who_sends) {
  TestServer server(echo);
  auto peer = server.connect();
  peer.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.reply().status, 100);
  EXPECT_EQ(peer.say("ok").reply().body, "ok");
  peer.say(post("/", "ok", "Expect: 100-continue\r\n"));
  EXPECT_EQ(peer.reply().status, 200);
  EXPECT_EQ(server.connect().say(post("/", "ok", "Expect: wonders\r\n")).reply().status, 417);
}

TEST(Server, bounds_bodies_by_length_and_by_count) {
  ServerLimits limits;
  limits.body = 1000;
  TestServer server(echo, limits);
  const auto chunked = [](std::size_t size) {
    std::string text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t sent = 0; sent < size; ++sent) text += "1\r\nx\r\n";
    return text + "0\r\n\r\n";
  };
  EXPECT_EQ(server.connect().say(post("/", std::string(1000, 'x'))).reply().body.size(), 1000U);
  EXPECT_EQ(server.connect().say(chunked(1000)).reply().body.size(), 1000U);
  for (const auto& request :
       {post("/", std::string(1001, 'x')), chunked(1001), post("/", std::string(3'000'000, 'x'))}) {
    auto peer = server.connect();
    const auto reply = peer.say(request).reply();
    EXPECT_EQ(reply.status, 413);
    EXPECT_TRUE(reply.head.contains("Connection: close"));
    EXPECT_TRUE(peer.at_end());
  }
  // It does not even wait for the body.
  EXPECT_EQ(server.connect().say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n").reply().status, 413);
}

TEST(Server, bounds_what_all_bodies_take_together) {
  ServerLimits limits;
  limits.body = limits.bodies = 10;
  TestServer server(echo, limits);
  auto slow = server.connect();
  slow.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n").hear_until("\r\n\r\n");
  // Announced alone it keeps nobody out.
  EXPECT_EQ(server.connect().say(post("/", "1234567890")).reply().status, 200);
  slow.say("12345678");
  while (server.connect().say(post("/", "xxx")).reply().status != 503) {
  }
  EXPECT_EQ(server.connect().say(post("/", "xx")).reply().status, 200);
  EXPECT_EQ(server.connect().say(get("/")).reply().status, 200);
  EXPECT_EQ(slow.say("90").reply().body, "1234567890");
  EXPECT_EQ(server.connect().say(post("/", "1234567890")).reply().status, 200);
}

TEST(Server, bounds_what_a_chunked_body_may_waste) {
  TestServer server(echo);
  auto peer = server.connect();
  peer.say("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(40'000, 'x'));
  EXPECT_EQ(peer.reply().status, 413);
}

TEST(Server, answers_heads_that_are_too_large) {
  TestServer server(echo);
  EXPECT_EQ(server.connect().say("GET /" + std::string(9000, 'a')).reply().status, 414);
  EXPECT_EQ(server.connect().say(get("/", "X: " + std::string(17'000, 'a') + "\r\n")).reply().status, 431);
}

TEST(Server, runs_nothing_that_was_smuggled) {
  std::atomic<int> executed = 0;
  TestServer server([&](Request& request) -> asio::awaitable<Response> {
    if (request.path == "/executed") ++executed;
    return echo(request);
  });
  for (const auto& vector : kSmuggled) {
    for (const bool pipelined : {false, true}) {
      auto peer = server.connect();
      if (pipelined) peer.say(post("/honest", "before"));
      peer.say(vector.bytes);
      if (pipelined) {
        peer.say(get("/executed"));
        EXPECT_EQ(peer.reply().body, "before") << vector.name;
      }
      peer.finish_sending();
      const auto reply = peer.reply();
      EXPECT_EQ(reply.status, 400) << vector.name;
      EXPECT_TRUE(reply.head.contains("Connection: close")) << vector.name;
      EXPECT_TRUE(peer.at_end()) << vector.name;
    }
  }
  EXPECT_EQ(executed, 0);
}

TEST(Server, runs_none_of_the_smuggled_behind_each_other) {
  std::atomic<int> executed = 0;
  TestServer server([&](Request& request) -> asio::awaitable<Response> {
    ++executed;
    return echo(request);
  });
  for (std::size_t first = 0; first < kSmuggled.size(); ++first) {
    std::string all;
    for (std::size_t at = 0; at < kSmuggled.size(); ++at) all += kSmuggled[(first + at) % kSmuggled.size()].bytes;
    auto peer = server.connect();
    peer.say(all);
    EXPECT_EQ(peer.reply().status, 400) << kSmuggled[first].name;
    EXPECT_TRUE(peer.at_end());
  }
  EXPECT_EQ(executed, 0);
}

TEST(Server, ends_connections_that_send_their_head_too_slowly) {
  TestServer server(echo, impatient());
  auto half = server.connect();
  EXPECT_EQ(half.say("GET / HTTP/1.1\r\n").reply().status, 408);
  EXPECT_TRUE(half.at_end());
  auto silent = server.connect();
  EXPECT_TRUE(silent.at_end());
}

TEST(Server, ends_connections_that_send_their_body_too_slowly) {
  auto limits = impatient();
  limits.body_rate = 1'000'000;
  limits.body_time = std::chrono::seconds(30);
  limits.head_time = std::chrono::seconds(10);
  TestServer server(echo, limits);
  auto peer = server.connect();
  EXPECT_EQ(peer.say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhal").reply().status, 408);
  EXPECT_TRUE(peer.at_end());
}

TEST(Server, ends_idle_connections_without_a_word) {
  auto limits = impatient();
  limits.head_time = std::chrono::seconds(10);
  TestServer server(echo, limits);
  auto peer = server.connect();
  EXPECT_EQ(peer.say(get("/")).reply().status, 200);
  EXPECT_TRUE(peer.at_end());
}

struct Countdown {
  int left;
  asio::awaitable<bool> next(std::string& piece) {
    piece = "piece " + std::to_string(left--) + "\n";
    if (left < -2) throw std::runtime_error("broken off");
    co_return left != 0;
  }
};

Handler stream_of(int pieces) {
  return [pieces](Request&) -> asio::awaitable<Response> {
    Response response;
    const auto countdown = std::make_shared<Countdown>(pieces);
    response.more = [countdown](std::string& piece) { return countdown->next(piece); };
    co_return response;
  };
}

TEST(Server, streams_pieces_as_chunks) {
  TestServer server(stream_of(3));
  auto peer = server.connect();
  peer.say(get("/") + get("/"));
  EXPECT_EQ(peer.reply().body, "piece 3\npiece 2\npiece 1\n");
  EXPECT_EQ(peer.reply().body, "piece 3\npiece 2\npiece 1\n");
  const auto old = server.connect().say("GET / HTTP/1.0\r\n\r\n").hear_all();
  EXPECT_TRUE(old.ends_with("\r\n\r\npiece 3\npiece 2\npiece 1\n"));
}

TEST(Server, cuts_a_stream_that_broke_so_that_it_shows) {
  TestServer server(stream_of(-1));
  const auto all = server.connect().say(get("/")).hear_all();
  EXPECT_TRUE(all.contains("piece -1"));
  EXPECT_FALSE(all.contains("\r\n0\r\n\r\n"));
}

TEST(Server, answers_a_stream_that_broke_before_it_began) {
  TestServer server(stream_of(-5));
  EXPECT_EQ(server.connect().say(get("/")).reply().status, 503);
}

TEST(Server, serves_from_all_loops) {
  TestServer server(echo, {}, nullptr, 4);
  for (int count = 0; count < 40; ++count) EXPECT_EQ(server.connect().say(get("/")).reply().status, 200);
}

TEST(Server, drains_all_loops) {
  TestServer server(echo, {}, nullptr, 4);
  std::vector<Peer> peers;
  for (int count = 0; count < 40; ++count) {
    peers.push_back(server.connect());
    EXPECT_EQ(peers.back().say(get("/")).reply().status, 200);
  }
  EXPECT_EQ(server->connections(), 40U);
  server->drain(std::chrono::seconds(60));
  EXPECT_EQ(server->connections(), 0U);
  for (auto& peer : peers) EXPECT_TRUE(peer.at_end());
}

TEST(Server, notices_a_busy_port_and_a_bad_address) {
  TestServer server(echo);
  Loops loops(2);
  Server second(loops, {}, {.handle = echo});
  const auto busy = second.listen({.address = "127.0.0.1", .port = server.port()});
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().code, Code::unavailable);
  EXPECT_TRUE(busy.error().message.contains("Address already in use")) << busy.error().message;
  EXPECT_EQ(second.listen({.address = "nowhere"}).error().code, Code::property_invalid);
}

TEST(Server, serves_a_unix_socket_that_only_its_user_may_use) {
  const auto path = std::filesystem::temp_directory_path() / ("net_test." + std::to_string(::getpid()));
  TestServer server(echo);
  ASSERT_TRUE(server->listen_unix(path));
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(Peer(path.string()).say(get("/who")).reply().body, "unix " + path.string() + " http");
  EXPECT_EQ(server->listen_unix(path).error().code, Code::unavailable);
  server->drain(milliseconds(1000));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Server, replaces_a_socket_file_that_was_left_behind) {
  const auto path = std::filesystem::temp_directory_path() / ("net_test.left." + std::to_string(::getpid()));
  {
    const auto left = listen_unix_socket(path);
  }
  TestServer server(echo);
  EXPECT_TRUE(server->listen_unix(path));
  EXPECT_EQ(Peer(path.string()).say(get("/")).reply().status, 200);
}

TEST(Server, pauses_accepting_at_its_limit) {
  ServerLimits limits;
  limits.connections = 2;
  TestServer server(echo, limits);
  auto first = server.connect(), second = server.connect(), third = server.connect();
  EXPECT_EQ(first.say(get("/")).reply().status, 200);
  EXPECT_EQ(second.say(get("/")).reply().status, 200);
  EXPECT_EQ(server->connections(), 2U);
  third.say(get("/"));
  first.say(get("/close")).hear_all();
  EXPECT_EQ(third.reply().status, 200);
}

TEST(Server, pauses_accepting_when_descriptors_run_out) {
  TestServer server(echo);
  server.connect().say(get("/close")).hear_all();  // the loop works, and nothing is about to be freed
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const auto next = static_cast<rlim_t>(Descriptor(::dup(0)).get());
  auto scarce = before;
  scarce.rlim_cur = next + 1;  // enough for the client's side
  ::setrlimit(RLIMIT_NOFILE, &scarce);
  auto peer = server.connect();
  EXPECT_TRUE(peer.connected());
  peer.say(get("/"));
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(peer.reply().status, 200);
}

// A handler that answers when it is told to.
struct Gatekeeper {
  std::promise<void> entered;
  asio::steady_timer* timer = nullptr;
  asio::awaitable<Response> handle(Request& request) {
    asio::steady_timer forever(request.loop->context(), asio::steady_timer::time_point::max());
    timer = &forever;
    entered.set_value();
    boost::system::error_code ignored;
    co_await forever.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_return Response{.body = "finished"};
  }
};

TEST(Server, drains_with_every_request_in_flight_answered) {
  Gatekeeper keeper;
  TestServer server([&](Request& request) { return request.path == "/wait" ? keeper.handle(request) : echo(request); });
  auto idle = server.connect(), busy = server.connect(), fresh = server.connect();
  EXPECT_EQ(idle.say(get("/")).reply().status, 200);
  busy.say(get("/wait"));
  keeper.entered.get_future().wait();
  std::promise<void> gone;
  server->drain(std::chrono::seconds(60), [&] { gone.set_value(); });
  EXPECT_TRUE(idle.at_end());
  EXPECT_FALSE(server.connect().connected());
  server.loops()[0].post([&] { keeper.timer->cancel(); });
  const auto reply = busy.reply();
  EXPECT_EQ(reply.body, "finished");
  EXPECT_TRUE(reply.head.contains("Connection: close"));
  gone.get_future().wait();
  EXPECT_EQ(server->connections(), 0U);
}

TEST(Server, answers_who_was_in_the_backlog_when_the_drain_began) {
  TestServer server(echo);
  auto idle = server.connect();
  EXPECT_EQ(idle.say(get("/")).reply().status, 200);
  std::promise<void> blocked, go;
  server.loops()[0].post([&] {
    blocked.set_value();
    go.get_future().wait();
  });
  blocked.get_future().wait();
  auto late = server.connect();
  late.say(get("/late"));
  idle.say(get("/again"));
  std::promise<void> gone;
  server->drain(std::chrono::seconds(60), [&] { gone.set_value(); });
  go.set_value();
  EXPECT_TRUE(late.reply().head.contains("X-Path: /late"));
  EXPECT_TRUE(idle.reply().head.contains("X-Path: /again"));
  EXPECT_TRUE(late.at_end() && idle.at_end());
  gone.get_future().wait();
}

TEST(Server, gives_every_connection_its_turn_while_one_asks_without_end) {
  TestServer server(echo);
  auto greedy = server.connect(), modest = server.connect();
  std::string many;
  for (int count = 0; count < 1000; ++count) many += get("/");
  greedy.say(many);
  EXPECT_EQ(modest.say(get("/")).reply().status, 200);
  for (int count = 0; count < 1000; ++count) ASSERT_EQ(greedy.reply().status, 200);
}

TEST(Server, cuts_what_is_left_at_the_end_of_a_drain) {
  Gatekeeper keeper;
  TestServer server([&](Request& request) { return keeper.handle(request); });
  auto busy = server.connect();
  busy.say(get("/wait"));
  keeper.entered.get_future().wait();
  server->drain(milliseconds(1));
  EXPECT_TRUE(busy.at_end());
}

}  // namespace
}  // namespace hg::net
