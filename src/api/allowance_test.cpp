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
