#include "api/allowance.h"

#include "api/testing.h"
#include "crypto/jwt.h"

namespace hg::api {
namespace {

struct AllowanceTest : testing::Test, House {
  Allowance allowance;
  AllowanceTest() {
    services.allowance = &allowance;
    allowance.set({.application = 4, .user = 2});
  }
  Reply me(const store::User& who, ApplicationId in = {}) { return call("GET", "/beta/me", {as(who, "", in)}); }
};

TEST_F(AllowanceTest, a_user_has_so_many_calls_a_minute_in_an_application) {
  const auto first = me(alice);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.header("RateLimit-Limit"), "2");
  EXPECT_EQ(first.header("RateLimit-Remaining"), "1");
  EXPECT_EQ(first.header("RateLimit-Reset"), "30");
  EXPECT_EQ(me(alice).status, 200);
  const auto refused = me(alice);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "30");
  EXPECT_EQ(refused.header("RateLimit-Remaining"), "0");
  EXPECT_EQ(refused.at("/error/code"), "activityLimitReached");
  clock.advance(std::chrono::seconds(30));
  EXPECT_EQ(me(alice).status, 200);
}

TEST_F(AllowanceTest, nobody_pays_for_another) {
  while (me(alice).status == 200) {
  }
  EXPECT_EQ(me(bob).status, 200);
  EXPECT_EQ(me(alice, stranger).status, 200);
  EXPECT_EQ(call("GET", "/beta/endedSubscriptions", {as_application(app_server)}).header("RateLimit-Limit"), "4");
}

TEST_F(AllowanceTest, an_application_may_have_limits_of_its_own) {
  store->transact_now([&](store::Connection& tx) {
    auto own = *store::applications::find(tx, client_app);
    own.user_calls = 5;
    EXPECT_TRUE(store::applications::update(tx, own));
    own = *store::applications::find(tx, app_server);
    own.calls = 0;
    EXPECT_TRUE(store::applications::update(tx, own));
  });
  registry.load();
  EXPECT_EQ(me(alice).header("RateLimit-Limit"), "5");
  EXPECT_EQ(me(alice, stranger).header("RateLimit-Limit"), "2") << "as configured for all";
  EXPECT_EQ(call("GET", "/beta/endedSubscriptions", {as_application(app_server)}).header("RateLimit-Limit"), "");
}

struct AddressTest : AllowanceTest {
  AddressTest() { allowance.set({.application = 0, .user = 0, .address = 3}); }
  Reply from(std::string remote, std::string_view target, Fields fields = {}, std::string method = "GET",
             std::string body = "") {
    auto asked = request(std::move(method), target, fields, std::move(body));
    asked.remote = std::move(remote);
    return send(std::move(asked));
  }
  Reply token(std::string remote, std::string form) {
    return from(std::move(remote), "/common/oauth2/v2.0/token", {{"Content-Type", "application/x-www-form-urlencoded"}},
                "POST", std::move(form));
  }
};

TEST_F(AddressTest, who_does_not_say_who_calls_is_counted_by_address) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(from("192.0.2.1", "/openapi.json").status, 200) << i;
  const auto refused = from("192.0.2.1", "/common/v2.0/.well-known/openid-configuration");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "20");
  for (const char* other : {"192.0.2.2", "2001:db8::1", "127.0.0.1", "unix"})
    EXPECT_EQ(from(other, "/openapi.json").status, 200) << other;
  clock.advance(std::chrono::seconds(20));
  EXPECT_EQ(from("192.0.2.1", "/openapi.json").status, 200);
}

TEST_F(AddressTest, who_says_who_calls_is_not) {
  while (from("192.0.2.1", "/openapi.json").status == 200) {
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(from("192.0.2.1", "/beta/me", {as(alice)}).status, 200);
    EXPECT_EQ(from("192.0.2.1", "/healthz").status, 200) << "whoever watches it";
  }
}

TEST_F(AddressTest, a_client_that_proves_itself_is_not_and_a_guess_is) {
  const auto added = [&] {
    std::optional<Result<identity::AddedSecret>> made;
    run([](identity::Registry& r, ApplicationId id,
           std::optional<Result<identity::AddedSecret>>& into) -> asio::awaitable<void> {
      into.emplace(co_await r.add_secret({"operator"}, id, "", std::nullopt));
    }(registry, app_server, made));
    return (**made).clear;
  }();
  const std::string form =
      "grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&client_id=" + app_server.str() +
      "&client_secret=";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(token("192.0.2.1", form + "guess").status, 401);
  const auto refused = token("192.0.2.1", form + "guess");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.at("/error"), "temporarily_unavailable");
  EXPECT_EQ(refused.header("Retry-After"), "20");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(token("192.0.2.1", form + added).status, 200);
  EXPECT_EQ(token("192.0.2.1", "grant_type=device_code&device_code=x&client_id=" + client_app.str()).status, 429)
      << "a public client has shown nothing";
}

TEST_F(AllowanceTest, who_shows_no_token_is_not_counted_here) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(call("GET", "/healthz").status, 200);
  EXPECT_EQ(call("GET", "/beta/me").status, 401);
  EXPECT_EQ(call("GET", "/healthz").header("RateLimit-Limit"), "");
}

TEST_F(AllowanceTest, without_a_limit_nothing_is_said) {
  allowance.set({});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(me(alice).status, 200);
  EXPECT_EQ(me(alice).header("RateLimit-Limit"), "");
}

// Who comes with a token of another issuer.
TEST_F(AllowanceTest, tokens_of_other_issuers_are_admitted_once_and_remembered) {
  int asked = 0;
  services.admit = [&](const std::string& token) -> asio::awaitable<Result<identity::Principal>> {
    ++asked;
    if (token.empty()) co_return fail(Code::token_invalid, "none");
    identity::Principal principal;
    principal.user = alice.id;
    principal.application = client_app;
    principal.scopes.add(identity::Scope::notifications);
    principal.expires = clock.now() + std::chrono::minutes(5);
    co_return principal;
  };
  allowance.set({});
  const auto stranger_key = crypto::PrivateKey::generate(crypto::Alg::es256);
  const std::string token = crypto::sign_jwt(stranger_key, "k", "JWT", R"({"iss": "https://login.example.com"})");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(call("GET", "/beta/me", {{"Authorization", "Bearer " + token}}).status, 200);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(call("GET", "/admin/v1/users", {{"Authorization", "Bearer " + token}}).status, 403);
  clock.advance(std::chrono::minutes(7));
  EXPECT_EQ(call("GET", "/beta/me", {{"Authorization", "Bearer " + token}}).status, 200);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace hg::api
