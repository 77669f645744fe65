#include "api/live.h"

#include <future>

#include "api/testing.h"
#include "base/run_for_tests.h"
#include "net/peer_for_tests.h"
#include "net/server.h"
#include "store/grants.h"
#include "store/keys.h"

namespace hg::api {
namespace {

// The house behind a real server with one loop.
struct LiveHouse {
  House house;
  net::Loops loops{1};
  feed::Hub hub{loops[0].executor(), house.reader,    house.subscriptions, house.tokens,        house.bus,
                house.presence,      house.host_name, house.clock,         feed::Hub::Options{}};
  identity::Bearer bearer{house.registry, {std::string(kBase)}};
  Streams streams{loops[0], house.bus};
  UserNames names{*house.store};
  Services services = [this] {
    Services made = house.services;
    made.loops.clear();
    made.loops.push_back({hub, bearer, streams, names});
    return made;
  }();
  Dispatch dispatch{services};
  net::Server server{
      loops,
      {},
      {.handle = [this](net::Request& request) { return dispatch(request); }, .on_fault = {}, .on_refusal = {}}};
  std::uint16_t port = *server.listen({.address = "127.0.0.1", .port = 0});

  LiveHouse() { loops.start(); }
  ~LiveHouse() {
    loops.stop();
    loops.join();
    // What the loops still wait for must find them.
    house.store->stop();
  }

  // The client's half of a handshake or event stream, answered.
  net::Peer open(const std::string& target, const std::string& fields) const {
    net::Peer peer(port);
    peer.say("GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n" + fields + "\r\n");
    return peer;
  }
  net::Peer websocket(const std::string& target, const std::string& fields = "") const {
    return open(target, fields +
                            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  }
  // After everything that was asked of the loop before.
  void on_loop(const std::function<void()>& task) {
    std::promise<void> done;
    loops[0].post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  std::string authorization(const store::User& user) {
    const auto [name, value] = house.as(user);
    return name + ": " + value + "\r\n";
  }
  // By a token of alice's, of that family.
  std::string ticket(const Guid& family = {}) {
    identity::TokenRequest token;
    token.user = house.alice;
    token.application = house.client_app;
    token.scope = "Notifications.ReadWrite.CreatedByApp";
    token.family = family;
    const auto reply = house.call("POST", "/beta/me/notifications/stream/tickets", {house.bearer_of(std::move(token))});
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.at("/ticket");
  }
};

// A client's frame (RFC 6455 §5.3), masked with zeros.
std::string frame(std::string_view text) {
  std::string out = "\x81";
  if (text.size() < 126) {
    out += static_cast<char>(0x80 | text.size());
  } else {
    out += '\xfe';
    out += static_cast<char>(text.size() >> 8);
    out += static_cast<char>(text.size() & 0xff);
  }
  return out.append(4, '\0').append(text);
}

// What the server says next: a text, or a close code as "close 4401".
std::string hear(net::Peer& peer) {
  const std::string head = peer.hear_exactly(2);
  if (head.size() < 2) return "(end)";
  std::size_t size = static_cast<unsigned char>(head[1]);
  if (size == 126) {
    const std::string more = peer.hear_exactly(2);
    size = static_cast<std::size_t>(static_cast<unsigned char>(more[0])) << 8 | static_cast<unsigned char>(more[1]);
  }
  const std::string text = peer.hear_exactly(size);
  if ((head[0] & 0xf) != 8) return text;
  return "close " + std::to_string(static_cast<unsigned char>(text[0]) << 8 | static_cast<unsigned char>(text[1]));
}

json::value hear_json(net::Peer& peer) {
  const std::string text = hear(peer);
  return text.starts_with('{') ? json::parse(text) : json::value(json::object{{"type", text}});
}

TEST(Live, a_websocket_hears_of_a_post_and_dismisses_it) {
  LiveHouse live;
  const auto unsid = live.house.subscribe(live.house.alice);
  auto peer = live.websocket("/v2/feeds/me/views/" + unsid + "/stream", live.authorization(live.house.alice));
  ASSERT_TRUE(peer.hear_until("\r\n\r\n").starts_with("HTTP/1.1 101"));

  const auto posted = live.house.post_as(live.house.alice, "one");
  const auto signal = hear_json(peer);
  EXPECT_EQ(signal.at("changeType").as_string(), "afsChange");
  EXPECT_EQ(signal.at("newETag").as_string(), posted.header("X-New-ETag"));
  EXPECT_EQ(signal.at("activities").at(0).at("appActivityId").as_string(), "one");

  peer.say(frame(R"({"type":"update","id":")" + posted.at("/id") + R"(","userActionState":"dismissed"})"));
  peer.say(frame(R"({"type":"ack","etag":")" + posted.header("X-New-ETag") + R"("})"));
  const auto answer = hear_json(peer);
  EXPECT_EQ(answer.at("type").as_string(), "ok");
  EXPECT_EQ(answer.at("for").as_string(), posted.at("/id"));
  EXPECT_EQ(answer.at("baseETag").as_string(), posted.header("X-New-ETag"));
  EXPECT_EQ(hear_json(peer).at("for").as_string(), posted.header("X-New-ETag"));
  const auto shown =
      live.house.call("GET", "/beta/me/notifications/" + posted.at("/id"), {live.house.as(live.house.alice)});
  EXPECT_EQ(shown.at("/userActionState"), "dismissed");
  EXPECT_EQ(shown.at("/handledBy/deviceName"), "a device");
}

TEST(Live, what_was_missed_comes_first) {
  LiveHouse live;
  const auto posted = live.house.post_as(live.house.alice, "one");
  auto peer = live.websocket("/beta/me/notifications/stream?etag=" + posted.header("X-Base-ETag"),
                             live.authorization(live.house.alice));
  peer.hear_until("\r\n\r\n");
  EXPECT_EQ(hear_json(peer).at("newETag").as_string(), posted.header("X-New-ETag"));
}

TEST(Live, nonsense_is_refused_or_ends_the_connection) {
  LiveHouse live;
  auto peer = live.websocket("/beta/me/notifications/stream", live.authorization(live.house.alice));
  peer.hear_until("\r\n\r\n");
  peer.say(frame(R"({"type":"delete","id":"11111111-1111-1111-1111-111111111111"})"));
  const auto refused = hear_json(peer);
  EXPECT_EQ(refused.at("type").as_string(), "refused");
  EXPECT_EQ(refused.at("code").as_string(), "itemNotFound");
  peer.say(frame(R"({"type":"dance"})"));
  EXPECT_EQ(hear(peer), "close 4400");
}

TEST(Live, a_token_is_renewed_by_one_of_the_same_user_alone) {
  LiveHouse live;
  auto peer = live.websocket("/beta/me/notifications/stream", live.authorization(live.house.alice));
  peer.hear_until("\r\n\r\n");
  const auto token = [&](const store::User& user) {
    return frame(R"({"type":"token","accessToken":")" + live.house.as(user).second.substr(7) + R"("})");
  };
  peer.say(token(live.house.bob));
  EXPECT_EQ(hear_json(peer).at("code").as_string(), "tokenInvalid");
  peer.say(token(live.house.alice));
  EXPECT_EQ(hear_json(peer).at("type").as_string(), "ok");
}

TEST(Live, a_revocation_closes_it) {
  LiveHouse live;
  auto peer = live.websocket("/beta/me/notifications/stream", live.authorization(live.house.alice));
  peer.hear_until("\r\n\r\n");
  live.house.alice.blocked = true;
  live.house.store->transact_now(
      [&](store::Connection& tx) { return store::users::update(tx, live.house.alice).has_value(); });
  live.house.registry.load();
  live.on_loop([&] { live.streams.recheck(); });
  EXPECT_EQ(hear(peer), "close 4403");
}

TEST(Live, a_key_that_ends_closes_what_it_signed_by_a_ticket_too) {
  LiveHouse live;
  auto by_token = live.websocket("/beta/me/notifications/stream", live.authorization(live.house.alice));
  auto by_ticket = live.websocket("/beta/me/notifications/stream?ticket=" + live.ticket());
  for (auto* peer : {&by_token, &by_ticket}) peer->hear_until("\r\n\r\n");
  const std::string signed_with = live.house.registry.directory()->signing_kid();
  asio::io_context here;
  ASSERT_TRUE(run(here, live.house.registry.rotate_keys({}, std::nullopt)));
  live.on_loop([&] { live.streams.recheck(); });
  live.house.store->transact_now([&](store::Connection& tx) { store::keys::remove(tx, signed_with); });
  live.house.registry.load();
  live.on_loop([&] { live.streams.recheck(); });
  for (auto* peer : {&by_token, &by_ticket}) EXPECT_EQ(hear(*peer), "close 4403");
}

TEST(Live, a_family_that_is_revoked_closes_what_a_ticket_opened) {
  LiveHouse live;
  const Guid family = crypto::random_guid();
  auto peer = live.websocket("/beta/me/notifications/stream?ticket=" + live.ticket(family));
  peer.hear_until("\r\n\r\n");
  live.house.store->transact_now([&](store::Connection& tx) {
    store::revocations::add(tx,
                            {store::Revocation::Kind::family, family, live.house.clock.now() + std::chrono::hours(1)});
  });
  live.house.registry.load();
  live.on_loop([&] { live.streams.recheck(); });
  EXPECT_EQ(hear(peer), "close 4403");
}

TEST(Live, an_expired_token_closes_it) {
  LiveHouse live;
  auto peer = live.websocket("/beta/me/notifications/stream", live.authorization(live.house.alice));
  peer.hear_until("\r\n\r\n");
  live.house.clock.advance(std::chrono::hours(2));
  live.on_loop([&] { live.streams.recheck(); });
  EXPECT_EQ(hear(peer), "close 4401");
}

TEST(Live, a_user_has_twenty_at_the_most) {
  LiveHouse live;
  std::vector<net::Peer> peers;
  for (int i = 0; i < 20; ++i) {
    peers.push_back(live.websocket("/beta/me/notifications/stream", live.authorization(live.house.alice)));
    peers.back().hear_until("\r\n\r\n");
  }
  auto one_more = live.open("/beta/me/notifications/stream", live.authorization(live.house.alice));
  one_more.hear_until("\r\n\r\n");
  one_more.hear_until("\n\n");
  EXPECT_TRUE(one_more.hear_until("\n\n").contains("\"code\":4429"));
}

TEST(Live, an_ended_subscription_closes_it) {
  LiveHouse live;
  const auto unsid = live.house.subscribe(live.house.alice);
  auto peer =
      live.websocket("/beta/me/notifications/stream?subscription=" + unsid, live.authorization(live.house.alice));
  peer.hear_until("\r\n\r\n");
  live.house.call("DELETE", "/v1/feeds/me/subscriptions/" + unsid, {live.house.as(live.house.alice)});
  EXPECT_EQ(hear_json(peer).at("type").as_string(), "subscriptionEnded");
  EXPECT_EQ(hear(peer), "close 4410");
}

TEST(Live, pages_of_other_origins_open_no_websocket) {
  LiveHouse live;
  const auto status = [&](const std::string& origin) {
    auto peer = live.websocket("/beta/me/notifications/stream",
                               live.authorization(live.house.alice) + "Origin: " + origin + "\r\n");
    return peer.hear_until("\r\n").substr(9, 3);
  };
  EXPECT_EQ(status("https://evil.example"), "403");
  EXPECT_EQ(status("https://web.example.com"), "101");
}

TEST(Live, a_ticket_opens_one_websocket) {
  LiveHouse live;
  const std::string target = "/beta/me/notifications/stream?ticket=" + live.ticket();
  auto first = live.websocket(target);
  EXPECT_TRUE(first.hear_until("\r\n\r\n").starts_with("HTTP/1.1 101"));
  EXPECT_EQ(live.websocket(target).reply().status, 401);
  EXPECT_EQ(live.open(target, "Last-Event-ID: x\r\n").reply().status, 401);
}

TEST(Live, a_ticket_reopens_its_event_stream_and_ends_the_one_before) {
  LiveHouse live;
  const std::string target = "/beta/me/notifications/stream?ticket=" + live.ticket();
  auto first = live.open(target, "");
  EXPECT_TRUE(first.hear_until("\r\n\r\n").contains("text/event-stream"));
  const std::string id = first.hear_until("\n");
  ASSERT_TRUE(id.starts_with("id: ")) << id;
  EXPECT_TRUE(first.hear_until("\n\n").starts_with("retry: "));
  EXPECT_EQ(live.open(target, "").reply().status, 401);

  const auto posted = live.house.post_as(live.house.alice, "one");
  EXPECT_TRUE(first.hear_until("\n\n").starts_with("id: " + posted.header("X-New-ETag") + "\ndata: {"));
  auto second = live.open(target, "Last-Event-ID: " + id.substr(4, id.size() - 5) + "\r\n");
  second.hear_until("\r\n\r\n");
  second.hear_until("\n\n");
  EXPECT_TRUE(second.hear_until("\n\n").contains(posted.header("X-New-ETag")));
  EXPECT_TRUE(first.hear_until("\n\n").starts_with("event: close\ndata: {\"code\":4403"));
}

TEST(Live, says_no_more_than_it_knows_of_an_etag_that_is_invented_or_anothers) {
  LiveHouse live;
  const auto bobs = live.house.post_as(live.house.bob, "bob's").header("X-New-ETag");
  for (const std::string& etag : {std::string("a%0A%0Adata:%20x"), bobs}) {
    auto peer = live.open("/beta/me/notifications/stream?etag=" + etag, live.authorization(live.house.alice));
    peer.hear_until("\r\n\r\n");
    EXPECT_TRUE(peer.hear_until("\n\n").starts_with("retry: "));
    EXPECT_TRUE(peer.hear_until("\n\n").contains("afsChangeNotification"));
  }
}

TEST(Live, a_ticket_of_somebody_blocked_opens_nothing) {
  LiveHouse live;
  const std::string target = "/beta/me/notifications/stream?ticket=" + live.ticket();
  live.house.alice.blocked = true;
  live.house.store->transact_now(
      [&](store::Connection& tx) { return store::users::update(tx, live.house.alice).has_value(); });
  live.house.registry.load();
  EXPECT_EQ(live.open(target, "").reply().status, 403);
}

TEST(Live, a_ticket_is_over_after_a_minute) {
  LiveHouse live;
  const std::string target = "/beta/me/notifications/stream?ticket=" + live.ticket();
  live.house.clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(live.websocket(target).reply().status, 401);
}

TEST(Live, an_event_stream_does_not_reopen_past_the_end_of_its_token) {
  LiveHouse live;
  const std::string target = "/beta/me/notifications/stream?ticket=" + live.ticket();
  live.open(target, "").hear_until("\r\n\r\n");
  live.house.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(live.open(target, "Last-Event-ID: x\r\n").reply().status, 401);
}

TEST(Live, sends_its_readers_away_with_a_time_to_come_back) {
  LiveHouse live;
  auto socket = live.websocket("/beta/me/notifications/stream", live.authorization(live.house.alice));
  socket.hear_until("\r\n\r\n");
  auto events = live.open("/beta/me/notifications/stream", live.authorization(live.house.alice));
  events.hear_until("\r\n\r\n");
  events.hear_until("\n\n");
  live.on_loop([&] { live.hub.drain(); });
  EXPECT_EQ(hear(socket), "close 1012");
  EXPECT_TRUE(events.hear_until("\n\n").starts_with("retry: "));
  EXPECT_TRUE(events.hear_until("\n\n").starts_with("event: close\ndata: {\"code\":1012"));
}

TEST(Live, announces_the_end_of_a_subscription_that_is_near) {
  LiveHouse live;
  const auto made = live.house.call(
      "POST", "/v1/feeds/me/subscriptions", {live.house.as(live.house.alice)},
      R"({"deviceId": "d", "expirationDateTime": ")" + iso(live.house.clock.now() + std::chrono::hours(48)) + R"("})");
  auto peer = live.websocket("/beta/me/notifications/stream?subscription=" + made.at("/id"),
                             live.authorization(live.house.alice));
  peer.hear_until("\r\n\r\n");
  const auto event = hear_json(peer);
  EXPECT_EQ(event.at("type").as_string(), "subscriptionExpiring");
  EXPECT_EQ(event.at("expirationDateTime").as_string(), made.at("/channelUrlExpiry"));
}

TEST(Live, answers_head_without_a_stream) {
  LiveHouse live;
  net::Peer peer(live.port);
  peer.say("HEAD /beta/me/notifications/stream HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n" +
           live.authorization(live.house.alice) + "\r\n");
  EXPECT_TRUE(peer.hear_until("\r\n\r\n").contains("text/event-stream"));
  EXPECT_TRUE(peer.at_end());
  EXPECT_EQ(live.hub.size(), 0U);
}

}  // namespace
}  // namespace hg::api
