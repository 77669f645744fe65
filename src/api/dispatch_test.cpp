#include "api/dispatch.h"

#include "api/testing.h"

namespace hg::api {
namespace {

TEST(Dispatch, every_answer_says_which_request_it_is_of) {
  House house;
  const std::string id = "1d25d2c7-a2f0-4a9b-8a8a-3a1a5c3b6c11";
  const auto reply = house.call("GET", "/beta/me", {house.as(house.alice), {"client-request-id", id}});
  EXPECT_EQ(reply.header("client-request-id"), id);
  EXPECT_TRUE(Guid::parse(reply.header("request-id")));
  EXPECT_EQ(reply.header("Cache-Control"), "private");
  EXPECT_TRUE(reply.header("Content-Type").starts_with("application/json;odata.metadata=minimal"));
  const auto odd = house.call("GET", "/beta/me", {house.as(house.alice), {"client-request-id", "no guid"}});
  EXPECT_EQ(odd.header("client-request-id"), odd.header("request-id"));
}

TEST(Dispatch, a_token_that_is_missing_is_401_in_each_shape) {
  House house;
  const auto graph = house.call("GET", "/beta/me/notifications");
  EXPECT_EQ(graph.status, 401);
  EXPECT_EQ(graph.at("/error/innerError/code"), "tokenMissing");
  EXPECT_TRUE(graph.header("WWW-Authenticate").starts_with("Bearer realm="));
  const auto feed = house.call("GET", "/V2/Feeds/me/subscriptions");
  EXPECT_EQ(feed.status, 401);
  EXPECT_EQ(feed.at("/errorCode"), "20001");
}

TEST(Dispatch, a_bad_token_is_never_403_in_the_feed_api) {
  House house;
  const auto reply = house.call("GET", "/v1/feeds/me/subscriptions", {{"Authorization", "bearer abc"}});
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.at("/errorCode"), "20002");
}

TEST(Dispatch, a_refused_token_says_why) {
  House house;
  const auto ask = [&](const std::string& audience, std::string_view base) {
    identity::TokenRequest request;
    request.user = house.alice;
    request.application = house.client_app;
    request.scope = "Notifications.ReadWrite.CreatedByApp";
    request.base = base;
    request.audience = audience;
    const std::string token = "Bearer " + house.issuer.access_token(request);
    return house.call("GET", "/beta/me", {{"Authorization", token}}).at("/error/innerError/code");
  };
  EXPECT_EQ(ask("api://elsewhere", kBase), "wrongAudience");
  EXPECT_EQ(ask("api://heliograph", "https://elsewhere.example"), "issuerUnknown");
  const auto old = house.as(house.alice);
  house.clock.advance(std::chrono::hours(2));
  const auto expired = house.call("GET", "/beta/me", {old});
  EXPECT_EQ(expired.status, 401);
  EXPECT_EQ(expired.at("/error/innerError/code"), "tokenExpired");
}

TEST(Dispatch, a_token_without_the_scope_is_403) {
  House house;
  const auto mail = house.as(house.alice, "User.Read");
  EXPECT_EQ(house.call("GET", "/beta/me/notifications", {mail}).at("/error/innerError/code"), "scopeMissing");
  EXPECT_EQ(house.call("GET", "/v1/feeds/me/subscriptions", {mail}).at("/errorCode"), "20004");
  const auto old = house.as(house.alice, "UserActivity.ReadWrite.CreatedByApp");
  EXPECT_EQ(house.call("GET", "/v1/feeds/me/subscriptions", {old}).status, 200);
  EXPECT_EQ(house.call("GET", "/beta/me/notifications", {old}).status, 403);
}

TEST(Dispatch, a_blocked_user_is_refused_at_the_next_request) {
  House house;
  const House::Fields fields{house.as(house.alice)};
  ASSERT_EQ(house.call("GET", "/beta/me", fields).status, 200);
  house.alice.blocked = true;
  house.store->transact_now([&](store::Connection& tx) { return store::users::update(tx, house.alice).has_value(); });
  house.registry.load();
  EXPECT_EQ(house.call("GET", "/beta/me", fields).at("/error/innerError/code"), "userBlocked");
}

TEST(Dispatch, refuses_by_method_path_media_type_and_host) {
  House house;
  const auto alice = house.as(house.alice);
  const auto put = house.call("PUT", "/beta/me/notifications", {alice}, "{}");
  EXPECT_EQ(put.status, 405);
  EXPECT_TRUE(put.header("Allow").contains("POST"));
  EXPECT_EQ(house.call("GET", "/beta/nothing", {alice}).at("/error/code"), "itemNotFound");
  EXPECT_EQ(house.call("GET", "/v1/feeds/nothing", {alice}).at("/errorCode"), "30001");
  EXPECT_EQ(house.call("GET", "/beta/me", {alice, {"Accept", "text/html"}}).status, 406);
  EXPECT_EQ(house.call("GET", "/beta/me", {alice, {"If-Modified-Since", "x"}}).at("/error/innerError/code"),
            "unsupportedHeader");
  EXPECT_EQ(house.call("POST", "/beta/me/notifications", {alice, {"Content-Type", "text/plain"}}, "{}").status, 415);
  EXPECT_EQ(house.call("GET", "/beta/me", {alice, {"Host", "evil.example"}}).status, 421);
  EXPECT_EQ(house.call("POST", "/beta/me/notifications", {alice}, "{").at("/error/innerError/code"), "invalidJson");
}

TEST(Dispatch, a_unsid_is_sent_once) {
  House house;
  const auto unsid = house.subscribe(house.alice);
  auto twice = house.request("GET", "/beta/me/notifications", {house.as(house.alice), {"X-UNS-ID", unsid}}, "");
  twice.headers.add("X-UNS-ID", unsid);
  EXPECT_EQ(house.send(std::move(twice)).status, 400);
  const auto joined =
      house.call("GET", "/beta/me/notifications", {house.as(house.alice), {"X-UNS-ID", unsid + ", " + unsid}});
  EXPECT_EQ(joined.status, 400) << joined.body;
}

TEST(Dispatch, refuses_codings_it_does_not_unpack) {
  House house;
  const auto post = [&](std::string_view target, House::Fields fields) {
    fields.push_back(house.as(house.alice));
    return house.call("POST", target, fields, "{}").status;
  };
  for (const char* coding : {"br", "zstd", "gzip, gzip", "compress", "gzip;q=1"}) {
    EXPECT_EQ(post("/beta/me/notifications", {{"Content-Encoding", coding}}), 415) << coding;
    EXPECT_EQ(post("/v1/feeds/me/subscriptions", {{"Content-Encoding", coding}}), 415) << coding;
  }
  auto twice = house.request("POST", "/beta/me/notifications", {house.as(house.alice)}, "{}");
  twice.headers.add("Content-Encoding", "gzip");
  twice.headers.add("Content-Encoding", "gzip");
  EXPECT_EQ(house.send(twice).status, 415);
  const House::Fields form{{"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Encoding", "gzip"}};
  EXPECT_EQ(house.call("POST", "/common/oauth2/v2.0/token", form, "grant_type=x").status, 415);
}

TEST(Dispatch, unpacks_a_body_once_the_token_is_good) {
  House house;
  const std::string packed("\x01\x02\x00\xfd\xff{}", 7);  // "{}" as RFC 1951 §3.2.4 stores it
  const std::pair<std::string, std::string> coding{"Content-Encoding", "Deflate"};
  const auto good = house.call("POST", "/beta/me/notifications", {house.as(house.alice), coding}, packed);
  EXPECT_EQ(good.at("/error/innerError/code"), "propertyMissing") << good.body;
  EXPECT_EQ(house.call("POST", "/beta/me/notifications", {coding}, "not packed").status, 401);
  const auto broken = house.call("POST", "/beta/me/notifications", {house.as(house.alice), coding}, "not packed");
  EXPECT_EQ(broken.at("/error/innerError/code"), "invalidJson");
  EXPECT_TRUE(broken.at("/error/message").contains("not deflate")) << broken.body;
  house.settings.unpacked_body = 1;
  const auto large = house.call("POST", "/v1/feeds/me/subscriptions", {house.as(house.alice), coding}, packed);
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.at("/errorCode"), "10013");
}

TEST(Dispatch, users_by_id_are_oneself_alone) {
  House house;
  const House::Fields fields{house.as(house.alice)};
  EXPECT_EQ(house.call("GET", "/beta/users/" + house.alice.id.str() + "/notifications", fields).status, 200);
  EXPECT_EQ(house.call("GET", "/beta/users/Alice@example.com/notifications", fields).status, 200);
  EXPECT_EQ(house.call("GET", "/beta/users/" + house.bob.id.str() + "/notifications", fields).status, 404);
}

TEST(Dispatch, pages_of_registered_origins_may_read_answers) {
  House house;
  const std::pair<std::string, std::string> origin{"Origin", "https://web.example.com"};
  const auto allowed = house.call("GET", "/beta/me", {house.as(house.alice), origin});
  EXPECT_EQ(allowed.header("Access-Control-Allow-Origin"), origin.second);
  EXPECT_TRUE(allowed.header("Access-Control-Expose-Headers").contains("X-New-ETag"));
  const auto refused = house.call("GET", "/beta/me", {{"Origin", "https://evil.example"}});
  EXPECT_EQ(refused.header("Access-Control-Allow-Origin"), "");

  const auto preflight =
      house.call("OPTIONS", "/beta/me/notifications/x", {origin, {"Access-Control-Request-Method", "PATCH"}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), origin.second);
  EXPECT_TRUE(preflight.header("Access-Control-Allow-Headers").contains("x-uns-id"));
}

TEST(Dispatch, calls_beyond_those_in_progress_are_told_to_come_back) {
  House house;
  house.services.loops[0].in_progress = house.settings.requests;
  const auto refused = house.call("GET", "/beta/me/notifications", {house.as(house.alice)});
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "2");
  EXPECT_EQ(house.call("GET", "/v1/feeds/me/subscriptions", {}).at("/errorCode"), "50001");
  for (const char* path : {"/healthz", "/admin/v1/status", "/common/discovery/v2.0/keys"})
    EXPECT_NE(house.call("GET", path, {}).status, 503) << path;

  house.services.loops[0].in_progress = house.settings.requests - 1;
  EXPECT_EQ(house.call("GET", "/beta/me/notifications", {house.as(house.alice)}).status, 200);
  EXPECT_EQ(house.services.loops[0].in_progress, house.settings.requests - 1);
}

// What the door says to a request whose head is this; "" where it lets it in.
std::string at_the_door(House& house, const std::string& raw) {
  const auto head = net::check_head(raw, {});
  EXPECT_TRUE(head) << raw;
  return house.dispatch.turn_away({.head = *head, .raw = raw, .role = 0, .loop = house.live_loop});
}

TEST(Dispatch, a_crowd_is_turned_away_with_the_answer_that_a_handler_would_get) {
  House house;
  const std::string id = "11111111-2222-4333-8444-555555555555";
  const std::string raw = "GET /beta/me/notifications HTTP/1.1\r\nHost: x\r\nClient-Request-Id: " + id + "\r\n\r\n";
  EXPECT_EQ(at_the_door(house, raw), "");

  house.services.loops[0].in_progress = house.settings.requests;
  const auto answer = at_the_door(house, raw);
  const auto handled = house.call("GET", "/beta/me/notifications", {house.as(house.alice), {"client-request-id", id}});
  const auto request_id = std::string(field_of(answer, "request-id"));
  EXPECT_TRUE(Guid::parse(request_id));
  EXPECT_NE(field_of(at_the_door(house, raw), "request-id"), request_id);
  EXPECT_EQ(field_of(answer, "client-request-id"), id);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 "));
  for (const auto& field : handled.headers)
    EXPECT_EQ(field_of(answer, field.name), field.name == "request-id" ? request_id : field.value);
  std::string body = handled.body;
  body.replace(body.find(handled.header("request-id")), request_id.size(), request_id);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body)) << answer << body;
}

TEST(Dispatch, behind_a_late_loop_a_quarter_is_a_crowd) {
  House house;
  const std::string raw = "GET /beta/me/notifications HTTP/1.1\r\nHost: x\r\n\r\n";
  house.services.loops[0].in_progress = house.settings.requests / 4;
  EXPECT_EQ(at_the_door(house, raw), "");
  const auto late = std::chrono::steady_clock::now() + std::chrono::milliseconds(40);
  while (std::chrono::steady_clock::now() < late) {
  }
  EXPECT_NE(at_the_door(house, raw), "");
  house.services.loops[0].in_progress -= 1;
  EXPECT_EQ(at_the_door(house, raw), "");
}

TEST(Dispatch, who_needs_more_than_an_answer_to_a_crowd_is_let_in) {
  House house;
  house.services.loops[0].in_progress = house.settings.requests;
  EXPECT_NE(at_the_door(house, "POST /v2/feeds/me/subscriptions HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  EXPECT_EQ(at_the_door(house, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  EXPECT_EQ(at_the_door(house, "GET /beta/nothing HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  EXPECT_EQ(at_the_door(house, "GET /beta/me/notifications/stream HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  EXPECT_EQ(at_the_door(house, "GET /beta/me HTTP/1.1\r\nHost: x\r\nORIGIN: https://a.example\r\n\r\n"), "");
  EXPECT_EQ(at_the_door(house, "GET /beta/me HTTP/1.1\r\nHost: x\r\nconnection:close\r\n\r\n"), "");
}

TEST(Dispatch, a_fault_of_the_store_asks_for_patience) {
  House house;
  const auto request = house.request("GET", "/v1/feeds/me/subscriptions", {}, "");
  const auto full =
      house.dispatch.fault(request, std::make_exception_ptr(store::Fault(store::Fault::Kind::full, "disk full")));
  EXPECT_EQ(full.status, 503);
  EXPECT_TRUE(full.headers.find("Retry-After"));
  EXPECT_TRUE(full.body.contains("50001"));
  const auto bug = house.dispatch.fault(request, std::make_exception_ptr(std::logic_error("bug")));
  EXPECT_EQ(bug.status, 500);
  EXPECT_FALSE(bug.body.contains("bug"));
}

TEST(Dispatch, bytes_that_are_no_request_get_an_answer) {
  House house;
  EXPECT_EQ(house.dispatch.refusal(431, "the head is too large", "/v1/feeds/me").status, 431);
  EXPECT_EQ(house.dispatch.refusal(400, "bad", "").status, 400);
}

TEST(Dispatch, answers_operators_apart_where_that_is_wanted) {
  House house;
  house.settings.operators_apart = true;
  const auto asked = [&](std::string_view method, std::string_view target, net::Listener listener, Door door) {
    auto request = house.request(std::string(method), target, {}, "");
    request.listener = listener;
    request.role = static_cast<std::uint8_t>(door);
    return house.send(std::move(request)).status;
  };
  using enum net::Listener;
  for (const std::string_view path : {"/metrics", "/METRICS/", "/admin/v1/users", "/Admin/V1/audit"}) {
    for (const std::string_view method : {"GET", "HEAD", "PUT"}) {
      EXPECT_EQ(asked(method, path, tcp, Door::everybody), 404) << method << path;
      EXPECT_EQ(asked(method, path, tls, Door::everybody), 404) << method << path;
    }
  }
  EXPECT_EQ(asked("GET", "/metrics", unix_socket, Door::everybody), 200);
  EXPECT_EQ(asked("GET", "/admin/v1/users", unix_socket, Door::everybody), 200);
  EXPECT_EQ(asked("GET", "/metrics", tcp, Door::operators), 200);
  EXPECT_EQ(asked("GET", "/admin/v1/users", tcp, Door::operators), 401);
  EXPECT_EQ(asked("GET", "/healthz", tcp, Door::operators), 200);
  for (const std::string_view path : {"/", "/beta/me/notifications", "/v1/feeds/me/subscriptions",
                                      "/common/oauth2/v2.0/authorize", "/common/discovery/v2.0/keys"})
    EXPECT_EQ(asked("GET", path, tcp, Door::operators), 404) << path;
  EXPECT_EQ(asked("GET", "/beta/me/notifications", tcp, Door::everybody), 401);
}

TEST(Metrics, are_a_page_of_text) {
  House house;
  EXPECT_EQ(house.call("GET", "/healthz").status, 200);
  house.services.measure = [&](metrics::Page& page) { house.dispatch.measure(page); };
  const auto page = house.call("GET", "/metrics");
  EXPECT_EQ(page.header("Content-Type"), metrics::kTextFormat);
  EXPECT_TRUE(page.body.contains(R"(heliograph_http_requests_total{method="GET",route="/healthz",status="2xx"} 1)"));
  EXPECT_TRUE(page.body.contains("process_resident_memory_bytes "));
}

TEST(Health, answers_without_a_token) {
  House house;
  EXPECT_EQ(house.call("GET", "/healthz").status, 200);
  EXPECT_EQ(house.call("GET", "/readyz").at("/status"), "ready");
  EXPECT_EQ(house.call("GET", "/readyz").at("/bus"), "none");
  EXPECT_EQ(house.call("GET", "/").at("/name"), "heliograph");
  const auto page = house.call("GET", "/", {{"Accept", "text/html"}});
  EXPECT_TRUE(page.header("Content-Type").starts_with("text/html"));
  EXPECT_TRUE(page.body.contains("/healthz"));
}

}  // namespace
}  // namespace hg::api
