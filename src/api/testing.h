// For tests: the whole house behind a Dispatch, without sockets. Two users, an app server, a client app, and one
// cross-device app that both belong to; a stranger belongs to another.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/dispatch.h"
#include "api/live.h"
#include "feed/testing.h"
#include "net/loop.h"
#include "store/applications.h"
#include "store/cross_device.h"
#include "store/users.h"

namespace hg::api {

inline constexpr std::string_view kBase = "http://127.0.0.1:8080";

// Made once: to make one takes longer than most tests do.
inline const crypto::PrivateKey& signing_key() {
  static const auto key = crypto::PrivateKey::generate(crypto::Alg::rs256);
  return key;
}

struct House : feed::World {
  identity::Registry registry{*store, key, clock};
  identity::Issuer issuer{*store, registry, clock};
  Attempts attempts;
  Settings settings{.public_url = {}, .origins = {std::string(kBase)}, .cors_origins = {}, .version = "test"};
  net::Loop live_loop;
  feed::Hub hub{loop.get_executor(), reader, subscriptions,       tokens, bus, presence,
                host_name,           clock,  feed::Hub::Options{}};
  identity::Bearer bearer{registry, {std::string(kBase)}};
  Streams streams{live_loop, bus};
  UserNames names{*store};
  Services services{.settings = settings,
                    .clock = clock,
                    .database = *store,
                    .bus = bus,
                    .registry = registry,
                    .issuer = issuer,
                    .attempts = attempts,
                    .writer = writer,
                    .reader = reader,
                    .subscriptions = subscriptions,
                    .tokens = tokens,
                    .loops = {{hub, bearer, streams, names}}};
  Dispatch dispatch{services};

  store::User alice = user("alice@example.com"), bob = user("bob@example.com");
  ApplicationId app_server{crypto::random_guid()}, client_app{crypto::random_guid()};
  ApplicationId stranger{crypto::random_guid()};
  AppId app{crypto::random_guid()}, other_app{crypto::random_guid()};

  House() {
    store->transact_now([&](store::Connection& tx) {
      identity::Registry::found(tx, key, true, clock.now(), signing_key());
      for (const auto& one : {alice, bob}) EXPECT_TRUE(store::users::insert(tx, one));
      for (const auto& [id, confidential] :
           {std::pair(app_server, true), std::pair(client_app, false), std::pair(stranger, true)}) {
        store::Application made;
        made.id = id;
        made.name = id.str();
        made.confidential = confidential;
        made.redirect_uris = {{"spa", "https://web.example.com/done"}};
        EXPECT_TRUE(store::applications::insert(tx, made));
      }
      for (const auto& [id, host] : {std::pair(app, "app.example.com"), std::pair(other_app, "other.example.com")}) {
        store::CrossDeviceApp made;
        made.id = id;
        made.host_name = host;
        made.allow_unverified = true;
        EXPECT_TRUE(store::cross_device::insert(tx, made));
        store::VapidKey vapid;
        vapid.app = id;
        vapid.id = crypto::random_guid();
        vapid.public_key = "BPublicKey";
        vapid.sealed_private = "sealed";
        store::cross_device::add_vapid_key(tx, vapid);
      }
      store::cross_device::add_member(tx, app, app_server);
      store::cross_device::add_member(tx, app, client_app);
      store::cross_device::add_member(tx, other_app, stranger);
    });
    registry.load();
    feed = {alice.id, app};
  }

  static store::User user(std::string upn) {
    store::User made;
    made.id = UserId{crypto::random_guid()};
    made.upn = upn;
    made.display_name = upn.substr(0, upn.find('@'));
    return made;
  }

  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Reply {
    int status = 0;
    net::Headers headers = {};
    std::string body = {};
    [[nodiscard]] json::value json() const { return json::parse(body); }
    [[nodiscard]] std::string header(std::string_view name) const {
      return std::string(headers.find(name).value_or(""));
    }
    // "/error/innerError/code" as text.
    [[nodiscard]] std::string at(std::string_view pointer) const {
      const auto parsed = json();
      std::error_code absent;
      const auto* found = parsed.find_pointer(pointer, absent);
      if (found == nullptr) return "(none)";
      return found->is_string() ? std::string(found->get_string()) : json::serialize(*found);
    }
  };

  net::Request request(std::string method, std::string_view target, const Fields& fields, std::string body) const {
    net::Request request;
    request.method = std::move(method);
    request.set_target(target);
    request.headers.add("Host", "127.0.0.1:8080");
    for (const auto& [name, value] : fields) request.headers.set(name, value);
    request.body = std::move(body);
    return request;
  }
  Reply send(net::Request request) {
    Reply reply;
    run([](House& house, net::Request& asked, Reply& into) -> asio::awaitable<void> {
      auto response = co_await house.dispatch(asked);
      into = {response.status, response.headers, response.body};
      for (bool more = static_cast<bool>(response.more); more;) more = co_await response.more(into.body);
    }(*this, request, reply));
    return reply;
  }
  Reply call(std::string method, std::string_view target, const Fields& fields = {}, std::string body = "") {
    return send(request(std::move(method), target, fields, std::move(body)));
  }

  // Authorization of a user in the client app.
  std::pair<std::string, std::string> as(const store::User& who, std::string scope = "", ApplicationId in = {}) {
    identity::TokenRequest request;
    request.user = who;
    request.application = in.zero() ? client_app : in;
    request.scope = scope.empty() ? "Notifications.ReadWrite.CreatedByApp" : std::move(scope);
    return bearer_of(std::move(request));
  }
  // Of an application by itself.
  std::pair<std::string, std::string> as_application(ApplicationId who) {
    identity::TokenRequest request;
    request.application = who;
    return bearer_of(std::move(request));
  }
  std::pair<std::string, std::string> bearer_of(identity::TokenRequest request) {
    request.base = kBase;
    request.audience = "api://heliograph";
    return {"Authorization", "Bearer " + issuer.access_token(request)};
  }

  // A UNSID of a new live-only subscription.
  std::string subscribe(const store::User& who, const std::string& device = "a device") {
    const auto reply = call("POST", "/v1/feeds/me/subscriptions", {as(who)}, R"({"deviceId": ")" + device + R"("})");
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.at("/userNotificationSubscriptionId");
  }
  static std::string body(const std::string& name, const std::string& more = "") {
    return R"({"targetHostName": "app.example.com", "appNotificationId": ")" + name +
           R"(", "payload": {"visualContent": {"title": "Hello"}})" + more + "}";
  }
  Reply post_as(const store::User& who, const std::string& name, Fields fields = {}) {
    fields.push_back(as(who));
    return call("POST", "/beta/me/notifications", fields, body(name));
  }
};

}  // namespace hg::api
