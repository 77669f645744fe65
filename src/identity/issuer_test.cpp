#include "identity/issuer.h"

#include <atomic>

#include "crypto/jwt.h"
#include "identity/testing.h"

namespace hg::identity {
namespace {

using std::chrono::seconds;

constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";  // RFC 7636 appendix B
constexpr const char* kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
constexpr const char* kDone = "https://page.example/done";

struct IssuerTest : testing::Test, Deployment {
  Issuer issuer{*store, registry, clock};
  Bearer bearer{registry, {kBase}};
  Issuer::Opened session = run(issuer.open_session(alice.id));

  store::AuthorizationCode granted(std::string scopes = "openid offline_access Notifications.ReadWrite.CreatedByApp") {
    store::AuthorizationCode code;
    code.application = page;
    code.user = alice.id;
    code.session = session.id;
    code.redirect_uri = kDone;
    code.code_challenge = kChallenge;
    code.nonce = "n-0S6_WzA2Mj";
    code.scopes = std::move(scopes);
    code.audience = "api://heliograph";
    return code;
  }
  std::string code(std::string scopes = "openid offline_access Notifications.ReadWrite.CreatedByApp") {
    return run(issuer.issue_code(granted(std::move(scopes))));
  }
  Client public_page() { return *issuer.authenticate(page.str(), std::nullopt); }
  OAuthResult<Issued> redeem(const std::string& clear, std::string verifier = kVerifier, std::string uri = kDone) {
    return run(issuer.redeem_code(public_page(), {kBase, clear, std::move(uri), std::move(verifier)}));
  }
  OAuthResult<Issued> refresh(const std::string& token, std::string scope = "") {
    return run(issuer.refresh(public_page(), {kBase, token, std::move(scope)}));
  }
  Result<Principal> verify(const std::string& token) { return bearer.verify("Bearer " + token, kBase, clock.now()); }
  bool audited(std::string_view action) {
    const auto entries = run(registry.audit(10));
    return std::ranges::any_of(entries, [&](const auto& entry) { return entry.action == action; });
  }
};

TEST_F(IssuerTest, a_code_becomes_tokens) {
  const auto issued = redeem(code());
  ASSERT_TRUE(issued) << issued.error().description;
  EXPECT_TRUE(verify(issued->access_token));
  EXPECT_FALSE(issued->refresh_token.empty());
  EXPECT_EQ(issued->scope, "openid offline_access Notifications.ReadWrite.CreatedByApp");
  const auto info = json::parse(as_text(*from_base64url(issued->client_info)));
  EXPECT_EQ(info.at("uid").as_string(), alice.id.str());
  EXPECT_EQ(info.at("utid").as_string(), registry.directory()->tenant().str());
}

TEST_F(IssuerTest, an_id_token_says_who_signed_in_and_when) {
  const auto issued = redeem(code());
  ASSERT_TRUE(issued);
  const auto claims = crypto::parse_jwt(issued->id_token)->claims;
  EXPECT_EQ(claims.at("aud").as_string(), page.str());
  EXPECT_EQ(claims.at("oid").as_string(), alice.id.str());
  EXPECT_EQ(claims.at("tid").as_string(), registry.directory()->tenant().str());
  EXPECT_EQ(claims.at("nonce").as_string(), "n-0S6_WzA2Mj");
  EXPECT_EQ(claims.at("preferred_username").as_string(), "alice@example.com");
  EXPECT_EQ(claims.at("name").as_string(), "Alice");
  EXPECT_EQ(claims.at("auth_time").as_int64(), to_ms(clock.now()) / 1000);
}

TEST_F(IssuerTest, without_openid_and_offline_access_there_is_one_token) {
  const auto issued = redeem(code("Notifications.ReadWrite.CreatedByApp"));
  ASSERT_TRUE(issued);
  EXPECT_TRUE(issued->id_token.empty());
  EXPECT_TRUE(issued->refresh_token.empty());
}

TEST_F(IssuerTest, a_verifier_has_to_fit_the_challenge) {
  const std::string clear = code();
  for (const std::string& wrong :
       {std::string(), std::string("short"), std::string(kVerifier).substr(0, 42), std::string(kVerifier) + "x",
        std::string(43, 'a'), std::string(129, 'a'), std::string(kChallenge)}) {
    const auto issued = redeem(clear, wrong);
    ASSERT_FALSE(issued) << wrong;
    EXPECT_EQ(issued.error().error, "invalid_grant");
  }
  EXPECT_TRUE(redeem(clear)) << "a wrong guess does not spend the code";
}

TEST_F(IssuerTest, a_verifier_where_no_challenge_was_is_refused) {
  auto bare = granted();
  bare.code_challenge = "";
  const std::string clear = run(issuer.issue_code(bare));
  EXPECT_FALSE(redeem(clear));
  EXPECT_TRUE(redeem(clear, ""));
}

TEST_F(IssuerTest, a_code_is_bound_to_its_client_and_its_redirect_uri) {
  const std::string clear = code();
  EXPECT_EQ(redeem(clear, kVerifier, "https://page.example/done/").error().error, "invalid_grant");
  EXPECT_EQ(redeem(clear, kVerifier, "").error().error, "invalid_grant");
  const auto other = issuer.authenticate(server.str(), secret);
  ASSERT_TRUE(other);
  const auto stolen = run(issuer.redeem_code(*other, {kBase, clear, kDone, kVerifier}));
  ASSERT_FALSE(stolen);
  EXPECT_EQ(stolen.error().error, "invalid_grant");
  EXPECT_TRUE(redeem(clear));
}

TEST_F(IssuerTest, a_code_is_good_for_a_minute) {
  const std::string clear = code();
  clock.pass(kCodeLife - seconds(1));
  EXPECT_TRUE(redeem(clear));
  const std::string late = code();
  clock.pass(kCodeLife);
  EXPECT_EQ(redeem(late).error().error, "invalid_grant");
}

TEST_F(IssuerTest, of_fifty_redemptions_at_once_one_wins_and_then_nothing_of_it_holds) {
  const std::string clear = code();
  const Client client = public_page();
  std::vector<OAuthResult<Issued>> answers;
  std::exception_ptr fault;
  int ended = 0;
  loop.restart();
  auto busy = asio::make_work_guard(loop);
  for (int i = 0; i < 50; ++i)
    asio::co_spawn(loop, issuer.redeem_code(client, {kBase, clear, kDone, kVerifier}),
                   [&](std::exception_ptr thrown, OAuthResult<Issued> answer) {
                     answers.push_back(std::move(answer));
                     if (thrown) fault = thrown;
                     if (++ended == 50) busy.reset();
                   });
  loop.run();
  if (fault) std::rethrow_exception(fault);

  const auto won = std::ranges::count_if(answers, [](const auto& answer) { return answer.has_value(); });
  ASSERT_EQ(won, 1);
  const auto& winner = *std::ranges::find_if(answers, [](const auto& answer) { return answer.has_value(); });
  EXPECT_EQ(verify(winner->access_token).error().code, Code::token_revoked);
  EXPECT_EQ(refresh(winner->refresh_token).error().error, "invalid_grant");
  EXPECT_TRUE(audited("authorizationCode.reuse"));
}

TEST_F(IssuerTest, a_reused_code_ends_what_came_of_it_and_nothing_else) {
  const auto innocent = redeem(code());
  const std::string clear = code();
  const auto victim = redeem(clear);
  ASSERT_TRUE(innocent && victim);
  EXPECT_FALSE(redeem(clear));
  EXPECT_EQ(verify(victim->access_token).error().code, Code::token_revoked);
  EXPECT_TRUE(verify(innocent->access_token));
  EXPECT_TRUE(refresh(innocent->refresh_token));
}

TEST_F(IssuerTest, a_refresh_token_rotates) {
  const auto first = redeem(code());
  ASSERT_TRUE(first);
  const auto second = refresh(first->refresh_token);
  ASSERT_TRUE(second) << second.error().description;
  EXPECT_NE(second->refresh_token, first->refresh_token);
  EXPECT_TRUE(verify(second->access_token));
  EXPECT_FALSE(second->id_token.empty());
  EXPECT_TRUE(refresh(second->refresh_token));
}

TEST_F(IssuerTest, whoever_missed_the_answer_gets_the_same_one_for_ten_seconds) {
  const auto first = redeem(code());
  const auto second = refresh(first->refresh_token);
  clock.pass(seconds(9));
  const auto again = refresh(first->refresh_token);
  ASSERT_TRUE(second && again);
  EXPECT_EQ(again->refresh_token, second->refresh_token);
  clock.pass(seconds(3600));
  EXPECT_TRUE(refresh(second->refresh_token)) << "two tabs that refreshed at once both stay signed in";
}

TEST_F(IssuerTest, a_reused_refresh_token_ends_its_family) {
  const auto first = redeem(code());
  const auto second = refresh(first->refresh_token);
  clock.pass(seconds(11));
  EXPECT_EQ(refresh(first->refresh_token).error().error, "invalid_grant");
  EXPECT_EQ(refresh(second->refresh_token).error().error, "invalid_grant");
  EXPECT_EQ(verify(second->access_token).error().code, Code::token_revoked);
  EXPECT_TRUE(audited("refreshToken.reuse"));
}

TEST_F(IssuerTest, a_token_of_long_ago_is_known_as_reused_too) {
  const auto first = redeem(code());
  auto last = first;
  for (int i = 0; i < 5; ++i) last = refresh(last->refresh_token);
  ASSERT_TRUE(last);
  EXPECT_FALSE(refresh(first->refresh_token));
  EXPECT_FALSE(refresh(last->refresh_token));
}

TEST_F(IssuerTest, a_made_up_refresh_token_ends_nothing) {
  const auto first = redeem(code());
  Buffer changed = *from_base64url(first->refresh_token);
  changed.back() ^= std::byte{1};
  EXPECT_EQ(refresh(base64url(changed)).error().error, "invalid_grant");
  EXPECT_EQ(refresh("nonsense").error().error, "invalid_grant");
  EXPECT_TRUE(refresh(first->refresh_token));
}

TEST_F(IssuerTest, a_refresh_token_of_another_client_is_not_known) {
  const auto issued = redeem(code());
  const auto other = issuer.authenticate(server.str(), secret);
  EXPECT_FALSE(run(issuer.refresh(*other, {kBase, issued->refresh_token, ""})));
  EXPECT_TRUE(refresh(issued->refresh_token));
}

TEST_F(IssuerTest, a_refresh_gives_no_more_than_was_granted_and_a_refusal_spends_nothing) {
  const auto issued = redeem(code("openid offline_access UserActivity.ReadWrite.CreatedByApp"));
  const auto more = refresh(issued->refresh_token, "Notifications.ReadWrite.CreatedByApp");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().error, "invalid_scope");
  EXPECT_EQ(more.error().suberror, "consent_required");
  EXPECT_EQ(refresh(issued->refresh_token, "Mail.Read").error().error, "invalid_scope");
  const auto same =
      refresh(issued->refresh_token,
              "https://activity.windows.com/UserActivity.ReadWrite.CreatedByApp openid profile offline_access");
  ASSERT_TRUE(same) << same.error().description;
  const auto principal = verify(same->access_token);
  ASSERT_TRUE(principal);
  EXPECT_FALSE(principal->scopes.has(Scope::notifications));
  const auto everything = refresh(same->refresh_token, "https://graph.microsoft.com/.default");
  ASSERT_TRUE(everything) << everything.error().description;
  EXPECT_FALSE(verify(everything->access_token)->scopes.has(Scope::notifications));
}

TEST_F(IssuerTest, a_refresh_token_idles_for_thirty_days_and_lives_for_ninety) {
  auto issued = redeem(code());
  clock.pass(kRefreshIdle - seconds(1));
  issued = refresh(issued->refresh_token);
  ASSERT_TRUE(issued);
  clock.pass(kRefreshIdle);
  EXPECT_FALSE(refresh(issued->refresh_token));

  auto steady = redeem(code());
  for (int i = 0; i < 4; ++i) {
    clock.pass(std::chrono::days(22));
    steady = refresh(steady->refresh_token);
    ASSERT_TRUE(steady);
  }
  clock.pass(std::chrono::days(3));
  EXPECT_FALSE(refresh(steady->refresh_token));
}

TEST_F(IssuerTest, a_blocked_user_a_new_password_and_a_removal_end_what_was_signed_in) {
  for (const auto& change : {UserChange{.display_name = {},
                                        .mail = {},
                                        .locale = {},
                                        .time_zone = {},
                                        .password = "another long password",
                                        .administrator = {},
                                        .blocked = {}},
                             UserChange{.display_name = {},
                                        .mail = {},
                                        .locale = {},
                                        .time_zone = {},
                                        .password = {},
                                        .administrator = {},
                                        .blocked = true}}) {
    session = run(issuer.open_session(alice.id));
    const auto issued = redeem(code());
    ASSERT_TRUE(run(registry.change_user(operator_, alice.id, change)));
    EXPECT_FALSE(refresh(issued->refresh_token));
    EXPECT_FALSE(verify(issued->access_token));
    EXPECT_FALSE(run(issuer.session(session.cookie)));
    UserChange unblock;
    unblock.blocked = false;
    ASSERT_TRUE(run(registry.change_user(operator_, alice.id, unblock)));
  }
}

TEST_F(IssuerTest, administrative_scopes_are_for_administrators) {
  EXPECT_EQ(redeem(code("Heliograph.Admin")).error().error, "invalid_grant");
  UserChange promote;
  promote.administrator = true;
  ASSERT_TRUE(run(registry.change_user(operator_, alice.id, promote)));
  EXPECT_TRUE(redeem(code("Heliograph.Admin")));
}

TEST_F(IssuerTest, a_client_is_known_by_its_secret) {
  EXPECT_TRUE(issuer.authenticate(server.str(), secret)->proven);
  EXPECT_FALSE(issuer.authenticate(server.str(), std::nullopt)->proven);
  EXPECT_FALSE(issuer.authenticate(page.str(), std::nullopt)->proven);
  for (const std::string& wrong : {secret + "x", secret.substr(1), std::string("x")})
    EXPECT_EQ(issuer.authenticate(server.str(), wrong).error().error, "invalid_client");
  EXPECT_EQ(issuer.authenticate(page.str(), "x").error().error, "invalid_client");
  EXPECT_EQ(issuer.authenticate(crypto::random_guid().str(), std::nullopt).error().error, "invalid_client");
  EXPECT_EQ(issuer.authenticate("server", secret).error().error, "invalid_client");
}

TEST_F(IssuerTest, an_expired_or_removed_secret_is_wrong) {
  const auto brief = run(registry.add_secret(operator_, server, "", clock.now() + seconds(60)));
  ASSERT_TRUE(brief);
  EXPECT_TRUE(issuer.authenticate(server.str(), brief->clear));
  clock.pass(seconds(60));
  EXPECT_FALSE(issuer.authenticate(server.str(), brief->clear));
  const auto other = run(registry.add_secret(operator_, server, "", std::nullopt));
  ASSERT_TRUE(run(registry.remove_secret(operator_, server, other->secret.id)));
  EXPECT_FALSE(issuer.authenticate(server.str(), other->clear));
  EXPECT_TRUE(issuer.authenticate(server.str(), secret));
}

TEST_F(IssuerTest, an_application_alone_needs_its_secret) {
  const auto asked = parse_scopes("https://graph.microsoft.com/.default", kBase);
  const auto issued = issuer.client_credentials(kBase, *issuer.authenticate(server.str(), secret), *asked);
  ASSERT_TRUE(issued);
  EXPECT_TRUE(verify(issued->access_token)->app_only);
  EXPECT_TRUE(issued->refresh_token.empty() && issued->id_token.empty() && issued->client_info.empty());
  const auto unproven = issuer.client_credentials(kBase, *issuer.authenticate(server.str(), std::nullopt), *asked);
  EXPECT_EQ(unproven.error().error, "invalid_client");
  EXPECT_EQ(issuer.client_credentials(kBase, public_page(), *asked).error().error, "unauthorized_client");
}

TEST_F(IssuerTest, an_application_alone_administers_only_where_its_registration_says_so) {
  const auto asked = parse_scopes("Heliograph.Admin", kBase);
  const Client before = *issuer.authenticate(server.str(), secret);
  EXPECT_FALSE(verify(issuer.client_credentials(kBase, before, *asked)->access_token)->scopes.has(Scope::admin));
  ApplicationChange wider;
  wider.scopes = {"Heliograph.Admin"};
  ASSERT_TRUE(run(registry.change_application(operator_, server, wider)));
  const Client after = *issuer.authenticate(server.str(), secret);
  EXPECT_TRUE(verify(issuer.client_credentials(kBase, after, *asked)->access_token)->scopes.has(Scope::admin));
}

TEST_F(IssuerTest, a_confidential_client_redeems_with_its_secret_what_came_to_its_server) {
  auto web = granted();
  web.application = server;
  web.redirect_uri = "https://server.example/done";
  const std::string clear = run(issuer.issue_code(web));
  const CodeExchange sent{kBase, clear, web.redirect_uri, kVerifier};
  EXPECT_EQ(run(issuer.redeem_code(*issuer.authenticate(server.str(), std::nullopt), sent)).error().error,
            "invalid_client");
  const auto issued = run(issuer.redeem_code(*issuer.authenticate(server.str(), secret), sent));
  ASSERT_TRUE(issued);
  const RefreshExchange renewal{kBase, issued->refresh_token, ""};
  EXPECT_EQ(run(issuer.refresh(*issuer.authenticate(server.str(), std::nullopt), renewal)).error().error,
            "invalid_client");
  EXPECT_TRUE(run(issuer.refresh(*issuer.authenticate(server.str(), secret), renewal)));
}

TEST_F(IssuerTest, what_came_to_a_page_is_redeemed_without_a_secret) {
  auto spa = granted();
  spa.application = server;
  spa.redirect_uri = "https://server.example/page";
  const std::string clear = run(issuer.issue_code(spa));
  const Client unproven = *issuer.authenticate(server.str(), std::nullopt);
  const auto issued = run(issuer.redeem_code(unproven, {kBase, clear, spa.redirect_uri, kVerifier}));
  ASSERT_TRUE(issued) << issued.error().description;
  EXPECT_TRUE(run(issuer.refresh(unproven, {kBase, issued->refresh_token, ""})));
}

TEST_F(IssuerTest, a_browser_session_idles_for_half_an_hour_and_lives_for_a_day) {
  EXPECT_TRUE(run(issuer.session(session.cookie)));
  EXPECT_FALSE(run(issuer.session("another")));
  for (int i = 0; i < 3; ++i) {
    clock.pass(std::chrono::minutes(29));
    EXPECT_TRUE(run(issuer.session(session.cookie)));
  }
  clock.pass(kSessionIdle);
  EXPECT_FALSE(run(issuer.session(session.cookie)));

  const auto busy = run(issuer.open_session(alice.id));
  for (int i = 0; i < 72; ++i) {
    clock.pass(std::chrono::minutes(20));
    if (i < 71) EXPECT_TRUE(run(issuer.session(busy.cookie))) << i;
  }
  EXPECT_FALSE(run(issuer.session(busy.cookie)));
}

TEST_F(IssuerTest, an_ended_session_ends_its_tokens_however_idle) {
  const auto issued = redeem(code());
  clock.pass(kSessionIdle + seconds(1));
  run(issuer.end_session(session.cookie));
  EXPECT_EQ(verify(issued->access_token).error().code, Code::token_revoked);
  EXPECT_FALSE(refresh(issued->refresh_token));
}

TEST_F(IssuerTest, a_password_is_right_for_its_user_alone) {
  EXPECT_TRUE(run(issuer.check_password("alice@example.com", "correct horse battery")));
  EXPECT_TRUE(run(issuer.check_password("ALICE@example.com", "correct horse battery")));
  EXPECT_FALSE(run(issuer.check_password("alice@example.com", "Correct horse battery")));
  EXPECT_FALSE(run(issuer.check_password("alice@example.com", "")));
  EXPECT_FALSE(run(issuer.check_password("nobody@example.com", "correct horse battery")));
  EXPECT_FALSE(run(issuer.check_password("", "")));
}

}  // namespace
}  // namespace hg::identity
