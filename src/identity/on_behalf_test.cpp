#include "crypto/jwt.h"
#include "identity/issuer.h"
#include "identity/resources.h"
#include "identity/testing.h"

namespace hg::identity {
namespace {

using std::chrono::seconds;

struct OnBehalf : testing::Test, Deployment {
  Issuer issuer{*store, registry, clock};
  Bearer bearer{registry, {kBase}};
  Issuer::Opened session = run(issuer.open_session(alice.id));

  OnBehalf() {
    ApplicationChange exposes;
    exposes.exposed_scopes = {"access_as_user", "orders.read"};
    EXPECT_TRUE(run(registry.change_application(operator_, server, exposes)));
  }
  std::string api() { return "api://" + server.str(); }
  TokenRequest request(const std::string& audience) {
    TokenRequest request;
    request.base = kBase;
    request.user = alice;
    request.application = page;
    request.audience = audience;
    request.scope = "access_as_user";
    request.session = session.id;
    request.family = crypto::random_guid();
    return request;
  }
  Client middle() { return *issuer.authenticate(server.str(), secret); }
  // As the token endpoint does it.
  OAuthResult<Issued> exchange(const std::string& assertion,
                               const std::string& scope = "Notifications.ReadWrite.CreatedByApp") {
    const auto from = bearer.verify_assertion(assertion, middle().application, clock.now());
    if (!from) return oauth_fail("invalid_grant", from.error().message);
    return run(issuer.on_behalf_of(middle(), kBase, *from, *parse_scopes(scope, kBase)));
  }
};

TEST_F(OnBehalf, a_token_for_the_application_becomes_one_of_its_user_for_us) {
  const auto assertion = request(server.str());
  const auto issued = exchange(issuer.access_token(assertion));
  ASSERT_TRUE(issued) << issued.error().description;
  EXPECT_TRUE(issued->refresh_token.empty());
  const auto principal = bearer.verify_token(issued->access_token, kBase, clock.now());
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->user, alice.id);
  EXPECT_EQ(principal->application, server);
  EXPECT_EQ(principal->session, session.id);
  EXPECT_EQ(principal->family, assertion.family);
  EXPECT_TRUE(principal->scopes.has(Scope::notifications));
}

TEST_F(OnBehalf, every_other_assertion_is_refused) {
  const auto app_only = [&] {
    TokenRequest of_application = request(server.str());
    of_application.user.reset();
    return issuer.access_token(of_application);
  }();
  const std::string good = issuer.access_token(request(server.str()));
  std::string forged = good;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  TokenRequest elsewhere = request(server.str());
  elsewhere.base = "https://evil.example";
  const std::pair<const char*, std::string> table[] = {
      {"an ID token", issuer.id_token(request(server.str()), "")},
      {"a token of an application alone", app_only},
      {"a token for us", issuer.access_token(request("api://heliograph"))},
      {"a token for another application", issuer.access_token(request(page.str()))},
      {"a token of another issuer", issuer.access_token(elsewhere)},
      {"a token that was changed", forged},
      {"no token", "nonsense"},
      {"nothing", ""},
  };
  for (const auto& [what, assertion] : table) {
    const auto issued = exchange(assertion);
    ASSERT_FALSE(issued) << what;
    EXPECT_EQ(issued.error().error, "invalid_grant") << what;
  }
  EXPECT_TRUE(exchange(good));
}

TEST_F(OnBehalf, an_assertion_has_its_time_its_session_and_its_user) {
  const std::string assertion = issuer.access_token(request(server.str()));
  clock.pass(kAccessTokenLife + kSkew - seconds(1));
  const auto late = exchange(assertion);
  EXPECT_TRUE(late);
  clock.pass(seconds(1));
  EXPECT_FALSE(exchange(assertion));

  const std::string ended = issuer.access_token(request(server.str()));
  const auto before = exchange(ended);
  ASSERT_TRUE(before);
  run(issuer.end_session(session.cookie));
  EXPECT_FALSE(exchange(ended));
  EXPECT_FALSE(bearer.verify_token(before->access_token, kBase, clock.now())) << "what came of it ends with it";

  session = run(issuer.open_session(alice.id));
  const std::string blocked = issuer.access_token(request(server.str()));
  UserChange block;
  block.blocked = true;
  ASSERT_TRUE(run(registry.change_user(operator_, alice.id, block)));
  EXPECT_FALSE(exchange(blocked));
}

TEST_F(OnBehalf, a_client_without_proof_may_not) {
  const std::string assertion = issuer.access_token(request(page.str()));
  const Client unproven = *issuer.authenticate(page.str(), std::nullopt);
  const auto from = bearer.verify_assertion(assertion, unproven.application, clock.now());
  ASSERT_TRUE(from);
  EXPECT_EQ(run(issuer.on_behalf_of(unproven, kBase, *from, *parse_scopes("User.Read", kBase))).error().error,
            "invalid_client");
}

TEST_F(OnBehalf, no_more_is_granted_than_the_application_may_ask_for) {
  const std::string assertion = issuer.access_token(request(server.str()));
  EXPECT_EQ(exchange(assertion, "Heliograph.Admin").error().error, "invalid_scope");
  EXPECT_EQ(exchange(assertion, "api://nobody/x").error().error, "invalid_scope");
  ApplicationChange narrower;
  narrower.scopes = {"UserActivity.ReadWrite.CreatedByApp"};
  ASSERT_TRUE(run(registry.change_application(operator_, server, narrower)));
  EXPECT_EQ(exchange(assertion).error().error, "invalid_scope");
}

TEST_F(OnBehalf, a_sign_in_for_the_applications_api_gives_a_token_for_it_alone) {
  store::AuthorizationCode code;
  code.application = page;
  code.user = alice.id;
  code.session = session.id;
  code.redirect_uri = "https://page.example/done";
  code.code_challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  code.scopes = "openid offline_access " + api() + "/access_as_user";
  code.audience = server.str();
  const std::string clear = run(issuer.issue_code(code));
  const Client client = *issuer.authenticate(page.str(), std::nullopt);
  const auto issued =
      run(issuer.redeem_code(client, {kBase, clear, code.redirect_uri, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}));
  ASSERT_TRUE(issued) << issued.error().description;
  EXPECT_EQ(issued->scope, code.scopes);
  EXPECT_EQ(bearer.verify_token(issued->access_token, kBase, clock.now()).error().code, Code::wrong_audience);
  const auto claims = crypto::parse_jwt(issued->access_token)->claims;
  EXPECT_EQ(claims.at("aud").as_string(), server.str());
  EXPECT_EQ(claims.at("scp").as_string(), "access_as_user");
  EXPECT_TRUE(exchange(issued->access_token));

  const auto renew = [&](const std::string& scope) {
    return run(issuer.refresh(client, {kBase, issued->refresh_token, scope}));
  };
  EXPECT_TRUE(renew(api() + "/.default openid offline_access"));
  EXPECT_EQ(renew(api() + "/orders.read").error().suberror, "consent_required");
  EXPECT_EQ(renew("Notifications.ReadWrite.CreatedByApp").error().suberror, "consent_required");
}

TEST_F(OnBehalf, apis_are_found_by_their_uri_and_by_the_client_id) {
  const auto directory = registry.directory();
  for (const std::string& name : {api(), api() + "/", "API://" + server.str(), server.str()}) {
    auto asked = parse_scopes(name + "/ACCESS_as_user", kBase);
    ASSERT_TRUE(asked) << name;
    EXPECT_TRUE(find_resource(*asked, *directory)) << name;
    EXPECT_EQ(asked->audience, server.str());
  }
  for (const std::string& scope :
       {api() + "/other", "api://" + page.str() + "/access_as_user", std::string("https://other.example/.default")}) {
    auto asked = parse_scopes(scope, kBase);
    ASSERT_TRUE(asked) << scope;
    EXPECT_EQ(find_resource(*asked, *directory).error().error, "invalid_scope") << scope;
  }
  ApplicationChange block;
  block.blocked = true;
  ASSERT_TRUE(run(registry.change_application(operator_, server, block)));
  auto asked = parse_scopes(api() + "/access_as_user", kBase);
  EXPECT_FALSE(find_resource(*asked, *registry.directory()));
}

TEST_F(OnBehalf, a_revoked_access_token_is_refused_and_its_neighbours_are_not) {
  const std::string one = issuer.access_token(request("api://heliograph"));
  const std::string other = issuer.access_token(request("api://heliograph"));
  const Client client = *issuer.authenticate(page.str(), std::nullopt);
  EXPECT_TRUE(run(issuer.revoke_token(middle(), one))) << "another client's is passed over";
  EXPECT_TRUE(bearer.verify_token(one, kBase, clock.now()));
  EXPECT_TRUE(run(issuer.revoke_token(client, one)));
  EXPECT_EQ(bearer.verify_token(one, kBase, clock.now()).error().code, Code::token_revoked);
  EXPECT_TRUE(bearer.verify_token(other, kBase, clock.now()));
  for (const char* unknown : {"", "nonsense", "a.b.c"}) EXPECT_TRUE(run(issuer.revoke_token(client, unknown)));
}

}  // namespace
}  // namespace hg::identity
