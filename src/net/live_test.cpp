#include "net/live.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "net/server_for_tests.h"

namespace hg::net {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kHandshake =
    "GET /live HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

using Opened = std::function<void(const std::shared_ptr<Live>&)>;

Handler becoming(Response::Become become, Opened opened) {
  return [become, opened = std::move(opened)](Request&) -> asio::awaitable<Response> {
    Response response{.become = become};
    response.live = [opened](const std::shared_ptr<Live>& live) { opened(live); };
    co_return response;
  };
}

Handler websocket(Opened opened) { return becoming(Response::Become::websocket, std::move(opened)); }
Handler events(Opened opened) { return becoming(Response::Become::events, std::move(opened)); }

void echo_messages(const std::shared_ptr<Live>& live) {
  live->on_message = [live = live.get()](std::string_view text) { live->send(text); };
}

Peer shake_hands(const TestServer& server) {
  auto peer = server.connect();
  const auto head = peer.say(kHandshake).hear_until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  EXPECT_TRUE(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  return peer;
}

// With the mask 0, which leaves the payload as it is.
std::string masked(unsigned first, std::string_view payload) {
  std::string plain;
  write_frame(plain, Opcode::text, payload);
  const auto header = plain.size() - payload.size();
  plain.insert(header, 4, '\0');
  plain[0] = static_cast<char>(first);
  plain[1] = static_cast<char>(static_cast<unsigned char>(plain[1]) | 0x80U);
  return plain;
}

std::string text(std::string_view payload) {
  std::string frame;
  write_frame(frame, Opcode::text, payload);
  return frame;
}

std::string closing(std::uint16_t code, std::string_view reason = "") {
  std::string frame;
  write_close_frame(frame, code, reason);
  return frame;
}

std::string client_close(std::uint16_t code) {
  return masked(0x88, std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)});
}

TEST(Live, echoes_over_a_websocket) {
  TestServer server(websocket(echo_messages));
  auto peer = shake_hands(server);
  for (const std::size_t size : {5U, 300U, 65536U}) {
    const std::string payload(size, 'x');
    EXPECT_EQ(peer.say(masked(0x81, payload)).hear_exactly(text(payload).size()), text(payload));
  }
  EXPECT_EQ(server->live_connections(), 1U);
}

TEST(Live, hears_what_came_right_behind_the_handshake) {
  TestServer server(websocket(echo_messages));
  auto peer = server.connect();
  peer.say(std::string(kHandshake) + masked(0x81, "early"));
  peer.hear_until("\r\n\r\n");
  EXPECT_EQ(peer.hear_exactly(7), text("early"));
}

TEST(Live, may_speak_first) {
  TestServer server(websocket([](const auto& live) { live->send("welcome"); }));
  EXPECT_EQ(shake_hands(server).hear_exactly(9), text("welcome"));
}

TEST(Live, answers_pings) {
  TestServer server(websocket(echo_messages));
  EXPECT_EQ(shake_hands(server).say(masked(0x89, "abc")).hear_exactly(5),
            "\x8a\x03"
            "abc");
}

TEST(Live, answers_the_clients_close_with_its_code) {
  std::promise<void> closed;
  TestServer server(websocket([&](const auto& live) { live->on_closed = [&] { closed.set_value(); }; }));
  auto peer = shake_hands(server);
  EXPECT_EQ(peer.say(client_close(1001)).hear_all(), closing(1001));
  closed.get_future().wait();
}

TEST(Live, answers_a_close_without_code_with_one_without_code) {
  TestServer server(websocket(echo_messages));
  EXPECT_EQ(shake_hands(server).say(masked(0x88, "")).hear_all(), std::string("\x88\0", 2));
}

TEST(Live, says_why_it_closes_and_waits_for_the_peer) {
  std::promise<void> closed;
  TestServer server(websocket([&](const auto& live) {
    live->on_closed = [&] { closed.set_value(); };
    live->close(4410, "subscription ended");
  }));
  auto peer = shake_hands(server);
  const auto frame = closing(4410, "subscription ended");
  EXPECT_EQ(peer.hear_exactly(frame.size()), frame);
  EXPECT_TRUE(peer.say(masked(0x81, "too late") + client_close(4410)).at_end());
  closed.get_future().wait();
}

TEST(Live, waits_only_so_long_for_the_peers_close) {
  ServerLimits limits;
  limits.live.farewell = milliseconds(1);
  TestServer server(websocket([](const auto& live) { live->close(1012, ""); }), limits);
  EXPECT_EQ(shake_hands(server).hear_all(), closing(1012));
}

TEST(Live, closes_on_broken_rules) {
  TestServer server(websocket(echo_messages));
  const auto answer = [&](const std::string& bytes) {
    auto peer = shake_hands(server);
    peer.say(bytes);
    peer.finish_sending();
    return peer.hear_all();
  };
  EXPECT_EQ(answer("\x81\x01x"), closing(1002));
  EXPECT_EQ(answer(masked(0x81, "\xff")), closing(1007));
  EXPECT_EQ(answer(masked(0x81, std::string(65537, 'x'))), closing(1009));
  EXPECT_EQ(answer(masked(0x82, "binary")), closing(1003, "text only"));
}

TEST(Live, refuses_handshakes_that_are_none) {
  TestServer server(websocket(echo_messages));
  EXPECT_EQ(server.connect().say(get("/")).reply().status, 400);
  auto old = std::string(kHandshake);
  old.replace(old.find("Version: 13"), 11, "Version: 8");
  const auto reply = server.connect().say(old).reply();
  EXPECT_EQ(reply.status, 426);
  EXPECT_TRUE(reply.head.contains("Sec-WebSocket-Version: 13"));
}

TEST(Live, sends_events) {
  std::promise<std::shared_ptr<Live>> opened;
  TestServer server(events([&](const auto& live) { opened.set_value(live); }));
  auto peer = server.connect();
  const auto head = peer.say(get("/")).hear_until("\r\n\r\n");
  EXPECT_TRUE(head.contains("Content-Type: text/event-stream\r\n"));
  auto live = opened.get_future().get();
  auto& loop = live->loop();
  loop.post([live] { live->send(sse_event("7", "", "{}")); });
  EXPECT_EQ(peer.hear_until("\n\n"), "id: 7\ndata: {}\n\n");
  loop.post([live] { live->close(1012, "a \"b\""); });
  EXPECT_EQ(peer.hear_all(), "event: close\ndata: {\"code\":1012,\"reason\":\"a \\\"b\\\"\"}\n\n");
}

TEST(Live, notices_that_a_reader_of_events_left) {
  std::promise<void> closed;
  TestServer server(events([&](const auto& live) { live->on_closed = [&] { closed.set_value(); }; }));
  {
    auto peer = server.connect();
    peer.say(get("/")).hear_until("\r\n\r\n");
  }
  closed.get_future().wait();
}

TEST(Live, formats_events_of_many_lines) {
  EXPECT_EQ(sse_event("", "x", "a\nb\r\nc\rd"), "event: x\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(sse_event("", "", ""), "data: \n\n");
}

TEST(Live, beats_while_it_has_nothing_to_say) {
  TestServer server(websocket([](const auto& live) { live->heartbeat(milliseconds(1), "beat"); }));
  EXPECT_EQ(shake_hands(server).hear_exactly(12), text("beat") + text("beat"));
}

// Sends until the peer's window is full; tells when it is, and when all went out.
struct Flood {
  std::promise<std::size_t> blocked;
  std::promise<void> drained, closed;

  void begin(const std::shared_ptr<Live>& live) {
    live->on_drained = [this] { drained.set_value(); };
    live->on_closed = [this] { closed.set_value(); };
    std::size_t sent = 1;
    while (live->send(std::string(1000, 'x'))) ++sent;
    blocked.set_value(sent);
  }
};

TEST(Live, tells_when_a_slow_reader_has_caught_up) {
  Flood flood;
  TestServer server(websocket([&](const auto& live) { flood.begin(live); }));
  Peer peer(server.port(), 4096);
  peer.say(kHandshake).hear_until("\r\n\r\n");
  const auto frames = flood.blocked.get_future().get();
  const auto frame = text(std::string(1000, 'x'));
  std::string all;
  for (std::size_t count = 0; count < frames; ++count) ASSERT_EQ(peer.hear_exactly(frame.size()), frame) << count;
  flood.drained.get_future().wait();
}

TEST(Live, closes_a_reader_for_whom_too_much_waits) {
  Flood flood;
  TestServer server(websocket([&](const auto& live) {
    flood.begin(live);
    for (int count = 0; count < 100 && live->open(); ++count) live->send(std::string(1000, 'y'));
    EXPECT_FALSE(live->open());
  }));
  Peer peer(server.port(), 4096);
  peer.say(kHandshake).hear_until("\r\n\r\n");
  flood.blocked.get_future().wait();
  EXPECT_TRUE(peer.hear_until(closing(kTooSlow, "too slow")).ends_with("too slow"));
  peer.finish_sending();
  flood.closed.get_future().wait();
}

TEST(Live, leaves_little_in_the_kernel_for_a_reader_that_takes_nothing) {
  Flood flood;
  TestServer server(websocket([&](const auto& live) { flood.begin(live); }));
  Peer peer(server.port(), 4096);
  peer.say(kHandshake).hear_until("\r\n\r\n");
  EXPECT_LT(flood.blocked.get_future().get(), 100U);
}

TEST(Live, says_too_slow_to_a_reader_that_takes_nothing_at_all) {
  ServerLimits limits;
  limits.live.stall = milliseconds(1);
  limits.live.farewell = std::chrono::minutes(1);
  Flood flood;
  std::shared_ptr<Live> flooded;
  TestServer server(websocket([&](const auto& live) {
                      flooded = live;
                      flood.begin(live);
                      // The kernel may take the rest yet: until it takes no more.
                      live->on_drained = [raw = live.get()] {
                        while (raw->send(std::string(1000, 'x'))) {
                        }
                      };
                    }),
                    limits);
  Peer peer(server.port(), 4096);
  peer.say(kHandshake).hear_until("\r\n\r\n");
  flood.blocked.get_future().wait();
  std::promise<void> closes;
  std::function<void()> look = [&] {
    if (flooded->open()) return server.loops()[0].post(look);
    closes.set_value();
  };
  server.loops()[0].post(look);
  closes.get_future().wait();
  flooded.reset();
  EXPECT_TRUE(peer.hear_until(closing(kTooSlow, "too slow")).ends_with("too slow"));
  peer.finish_sending();
  flood.closed.get_future().wait();
}

TEST(Live, ends_with_1011_where_its_owner_faults) {
  TestServer server(websocket([](const auto& live) {
    live->on_message = [](std::string_view) { throw std::runtime_error("an owner's fault"); };
  }));
  auto peer = shake_hands(server);
  EXPECT_EQ(peer.say(masked(0x81, "x") + client_close(1011)).hear_all(), closing(1011, "internal error"));
}

// Answers later, one message at a time.
struct Slowly {
  Live* live = nullptr;
  void begin(const std::shared_ptr<Live>& opened) {
    live = opened.get();
    live->on_closed = [this] { live = nullptr; };
    live->on_message = [this](std::string_view message) {
      live->pause();
      live->loop().post([this, message = std::string(message)] {
        if (!live) return;
        live->send(message);
        live->resume();
      });
    };
  }
};

TEST(Live, keeps_messages_in_order_while_it_is_paused) {
  Slowly slowly;
  TestServer server(websocket([&](const auto& live) { slowly.begin(live); }));
  auto peer = shake_hands(server);
  std::string asked, expected;
  for (int count = 0; count < 500; ++count) {
    asked += masked(0x81, std::to_string(count));
    expected += text(std::to_string(count));
  }
  EXPECT_EQ(peer.say(asked).hear_exactly(expected.size()), expected);
  peer.say(asked + client_close(1000));
  EXPECT_EQ(peer.hear_all(), expected + closing(1000));
}

TEST(Live, is_closed_by_its_owner_when_the_server_drains) {
  std::promise<std::shared_ptr<Live>> opened;
  TestServer server(websocket([&](const auto& live) { opened.set_value(live); }));
  auto peer = shake_hands(server);
  auto live = opened.get_future().get();
  std::promise<void> gone;
  server->drain(std::chrono::seconds(60), [&] { gone.set_value(); });
  server.loops()[0].post([live] { live->close(1012, "restarting"); });
  const auto frame = closing(1012, "restarting");
  EXPECT_EQ(peer.hear_exactly(frame.size()), frame);
  EXPECT_TRUE(peer.say(client_close(1012)).at_end());
  gone.get_future().wait();
  EXPECT_EQ(server->live_connections(), 0U);
}

TEST(Live, is_cut_when_the_drain_has_lasted_long_enough) {
  std::promise<void> closed;
  TestServer server(websocket([&](const auto& live) { live->on_closed = [&] { closed.set_value(); }; }));
  auto peer = shake_hands(server);
  server->drain(milliseconds(1));
  EXPECT_TRUE(peer.at_end());
  closed.get_future().wait();
}

TEST(Live, beyond_the_most_there_may_be_is_refused_while_requests_are_answered) {
  ServerLimits limits;
  limits.live_connections = 1;
  const auto plain = [](Request&) -> asio::awaitable<Response> { co_return Response{}; };
  TestServer server([live = websocket(echo_messages),
                     plain](Request& request) { return request.path == "/live" ? live(request) : plain(request); },
                    limits);
  auto first = shake_hands(server);
  EXPECT_EQ(server.connect().say(kHandshake).reply().status, 503);
  EXPECT_EQ(server.connect().say("GET / HTTP/1.1\r\nHost: h\r\n\r\n").reply().status, 200);
  first.say(masked(0x88, "")).hear_all();
  shake_hands(server);
}

}  // namespace
}  // namespace hg::net
