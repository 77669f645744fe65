#include "crypto/jwt.h"
#include "identity/issuer.h"
#include "identity/testing.h"

namespace hg::identity {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using State = store::SigningKey::State;

struct SigningKeys : testing::Test, Deployment {
  Issuer issuer{*store, registry, clock};
  Bearer bearer{registry, {kBase}};

  std::string token() {
    TokenRequest request;
    request.base = kBase;
    request.user = alice;
    request.application = page;
    request.audience = "api://heliograph";
    request.scope = "User.Read";
    return issuer.access_token(request);
  }
  bool good(const std::string& one) {
    return Bearer(registry, {kBase}).verify_token(one, kBase, clock.now()).has_value();
  }
  std::vector<State> states() {
    std::vector<State> all;
    for (const auto& key : run(registry.signing_keys())) all.push_back(key.state);
    std::ranges::sort(all);
    return all;
  }
  std::size_t published() { return json::parse(registry.directory()->jwks()).at("keys").as_array().size(); }
};

TEST_F(SigningKeys, a_rotation_refuses_no_token) {
  const std::string before = token();
  ASSERT_TRUE(run(registry.rotate_keys(operator_, std::nullopt)));
  const std::string after = token();
  EXPECT_NE(crypto::parse_jwt(before)->kid, crypto::parse_jwt(after)->kid);
  EXPECT_TRUE(good(before));
  EXPECT_TRUE(good(after));
  EXPECT_EQ(published(), 2U);
}

TEST_F(SigningKeys, a_retired_key_goes_when_its_last_token_has_run_out_and_no_sooner) {
  const std::string last = token();
  ASSERT_TRUE(run(registry.rotate_keys(operator_, std::nullopt)));
  clock.pass(kAccessTokenLife + kSkew - seconds(1));
  run(registry.tend_keys(Duration{0}));
  EXPECT_TRUE(good(last));
  clock.pass(kRevocationLife);
  run(registry.tend_keys(Duration{0}));
  EXPECT_EQ(published(), 1U);
  EXPECT_EQ(states(), std::vector{State::current});
}

TEST_F(SigningKeys, what_was_verified_before_is_refused_when_its_key_has_ended) {
  const std::string before = token();
  ASSERT_TRUE(run(registry.rotate_keys(operator_, std::nullopt)));
  const std::string after = token();
  for (const auto& one : {before, after}) EXPECT_TRUE(bearer.verify_token(one, kBase, clock.now()));
  store->transact_now([&](store::Connection& tx) { store::keys::remove(tx, crypto::parse_jwt(before)->kid); });
  run(registry.refresh());
  EXPECT_FALSE(bearer.verify_token(before, kBase, clock.now()));
  EXPECT_TRUE(bearer.verify_token(after, kBase, clock.now()));
}

TEST_F(SigningKeys, a_prepared_key_is_published_before_it_signs) {
  ASSERT_TRUE(run(registry.prepare_key(operator_, crypto::Alg::es256)));
  EXPECT_EQ(published(), 2U);
  EXPECT_EQ(crypto::parse_jwt(token())->alg, crypto::Alg::rs256);
  ASSERT_TRUE(run(registry.rotate_keys(operator_, std::nullopt)));
  EXPECT_EQ(crypto::parse_jwt(token())->alg, crypto::Alg::es256);
  EXPECT_TRUE(good(token()));
  EXPECT_EQ(published(), 2U);
}

TEST_F(SigningKeys, the_algorithm_can_be_chosen) {
  ASSERT_TRUE(run(registry.prepare_key(operator_, crypto::Alg::rs256)));
  ASSERT_TRUE(run(registry.rotate_keys(operator_, crypto::Alg::es256)));
  EXPECT_EQ(crypto::parse_jwt(token())->alg, crypto::Alg::es256);
  EXPECT_EQ(states(), (std::vector{State::current, State::retired})) << "the prepared one of another kind is gone";
  EXPECT_EQ(registry.directory()->signing_algorithms(), (std::vector<std::string_view>{"ES256", "RS256"}));
  ASSERT_TRUE(run(registry.rotate_keys(operator_, std::nullopt)));
  EXPECT_EQ(crypto::parse_jwt(token())->alg, crypto::Alg::es256) << "it stays";
}

TEST_F(SigningKeys, time_prepares_and_rotates) {
  run(registry.tend_keys(days(90)));
  EXPECT_EQ(states(), std::vector{State::current});
  clock.pass(days(89));
  run(registry.tend_keys(days(90)));
  EXPECT_EQ(states(), (std::vector{State::next, State::current}));
  run(registry.tend_keys(days(90)));
  EXPECT_EQ(states(), (std::vector{State::next, State::current})) << "one is enough";
  const std::string before = token();
  clock.pass(days(1) - seconds(1));
  run(registry.tend_keys(days(90)));
  EXPECT_EQ(crypto::parse_jwt(token())->kid, crypto::parse_jwt(before)->kid);
  clock.pass(seconds(1));
  run(registry.tend_keys(days(90)));
  EXPECT_NE(crypto::parse_jwt(token())->kid, crypto::parse_jwt(before)->kid);
  EXPECT_EQ(states(), (std::vector{State::current, State::retired}));
  run(registry.tend_keys(days(90)));
  EXPECT_EQ(states(), (std::vector{State::current, State::retired}));
}

TEST_F(SigningKeys, what_is_done_to_them_is_in_the_audit_log_without_any_secret) {
  ASSERT_TRUE(run(registry.prepare_key(operator_, crypto::Alg::es256)));
  ASSERT_TRUE(run(registry.rotate_keys(operator_, std::nullopt)));
  const auto entries = run(registry.audit(2));
  EXPECT_EQ(entries.at(0).action, "signingKey.rotate");
  EXPECT_EQ(entries.at(1).action, "signingKey.prepare");
  EXPECT_EQ(entries.at(0).detail, R"({"algorithm":"ES256"})");
}

}  // namespace
}  // namespace hg::identity
