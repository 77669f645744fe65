#include "identity/consent.h"

#include "crypto/totp.h"
#include "identity/issuer.h"
#include "identity/resources.h"
#include "identity/testing.h"

namespace hg::identity {
namespace {

struct Consent : testing::Test, Deployment {
  Issuer issuer{*store, registry, clock};

  std::vector<std::string> names(const std::string& scopes) {
    auto asked = parse_scopes(scopes, kBase);
    EXPECT_TRUE(asked);
    EXPECT_TRUE(find_resource(*asked, *registry.directory()));
    return consent_names(*asked, *registry.directory()->application(page));
  }
  bool given(const std::string& scopes) { return run(issuer.consented(alice.id, page, names(scopes))); }
};

TEST_F(Consent, is_the_same_however_scopes_are_spelled) {
  EXPECT_EQ(names("https://graph.microsoft.com/notifications.readwrite.createdbyapp"),
            names("Notifications.ReadWrite.CreatedByApp"));
  EXPECT_EQ(names("openid profile email"), std::vector<std::string>{"profile"});
  EXPECT_EQ(names("ccs.ReadWrite wns.connect"), std::vector<std::string>{});
}

TEST_F(Consent, is_remembered_and_grows) {
  EXPECT_FALSE(given("openid"));
  run(issuer.consent(alice.id, page, names("openid User.Read")));
  EXPECT_TRUE(given("openid"));
  EXPECT_TRUE(given("profile User.Read"));
  EXPECT_FALSE(given("User.Read offline_access"));
  run(issuer.consent(alice.id, page, names("offline_access")));
  EXPECT_TRUE(given("openid User.Read offline_access"));
  EXPECT_FALSE(run(issuer.consented(alice.id, server, names("openid"))));
  EXPECT_EQ(run(registry.audit(1)).front().action, "consent.grant");
}

TEST_F(Consent, to_everything_is_to_what_the_application_may) {
  ApplicationChange narrower;
  narrower.scopes = {"Notifications.ReadWrite.CreatedByApp"};
  ASSERT_TRUE(run(registry.change_application(operator_, page, narrower)));
  EXPECT_EQ(names("https://graph.microsoft.com/.default"),
            std::vector<std::string>{"Notifications.ReadWrite.CreatedByApp"});
}

TEST_F(Consent, to_another_applications_api_names_it) {
  ApplicationChange exposes;
  exposes.exposed_scopes = {"access_as_user"};
  ASSERT_TRUE(run(registry.change_application(operator_, server, exposes)));
  const auto asked = names("api://" + server.str() + "/access_as_user");
  ASSERT_EQ(asked, std::vector<std::string>{server.str() + "/access_as_user"});
  EXPECT_EQ(consent_sentence(asked.front(), *registry.directory()), "Use server as you (access_as_user)");
}

TEST_F(Consent, that_is_taken_away_ends_what_came_of_it) {
  const auto session = run(issuer.open_session(alice.id));
  store::AuthorizationCode code;
  code.application = page;
  code.user = alice.id;
  code.session = session.id;
  code.redirect_uri = "https://page.example/done";
  code.code_challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  code.scopes = "User.Read";  // without a refresh token
  code.audience = "api://heliograph";
  run(issuer.consent(alice.id, page, names("User.Read")));
  const std::string clear = run(issuer.issue_code(code));
  const auto issued =
      run(issuer.redeem_code(*issuer.authenticate(page.str(), std::nullopt),
                             {kBase, clear, code.redirect_uri, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}));
  ASSERT_TRUE(issued);
  Bearer bearer{registry, {kBase}};
  EXPECT_TRUE(bearer.verify_token(issued->access_token, kBase, clock.now()));
  EXPECT_TRUE(run(issuer.withdraw_consent(alice.id, page)));
  EXPECT_EQ(bearer.verify_token(issued->access_token, kBase, clock.now()).error().code, Code::token_revoked);
  EXPECT_FALSE(given("User.Read"));
  EXPECT_FALSE(run(issuer.withdraw_consent(alice.id, page)));
}

TEST_F(Consent, one_time_passwords_are_set_up_by_showing_one_and_good_once) {
  const Buffer seed = crypto::make_totp_seed();
  const auto step = [&] { return to_ms(clock.now()) / 30'000; };
  EXPECT_FALSE(run(issuer.set_totp(alice.id, seed, "000000x")));
  EXPECT_FALSE(run(issuer.check_totp(alice.id, crypto::totp(seed, step()))));
  EXPECT_TRUE(run(issuer.set_totp(alice.id, seed, crypto::totp(seed, step()))));
  EXPECT_TRUE(run(issuer.check_totp(alice.id, crypto::totp(seed, step()))));
  EXPECT_FALSE(run(issuer.check_totp(alice.id, crypto::totp(seed, step())))) << "it was used";
  EXPECT_FALSE(run(issuer.check_totp(alice.id, crypto::totp(seed, step() - 1)))) << "and so is an older one";
  clock.pass(std::chrono::seconds(30));
  EXPECT_TRUE(run(issuer.check_totp(alice.id, crypto::totp(seed, step()))));
  ASSERT_TRUE(run(registry.remove_totp(operator_, alice.id)));
  clock.pass(std::chrono::seconds(30));
  EXPECT_FALSE(run(issuer.check_totp(alice.id, crypto::totp(seed, step()))));
}

TEST_F(Consent, an_audit_log_that_was_touched_is_found_out) {
  const auto whole = run(registry.verify_audit(""));
  EXPECT_EQ(whole.reason, "");
  EXPECT_GT(whole.entries, 0);
  run(issuer.consent(alice.id, page, names("openid")));
  EXPECT_EQ(run(registry.verify_audit(whole.head)).reason, "");
  const auto longer = run(registry.verify_audit(""));
  store->transact_now([&](store::Connection& tx) { tx.exec("DELETE FROM audit WHERE seq = $1", {longer.entries}); });
  EXPECT_EQ(run(registry.verify_audit("")).reason, "") << "the end of a chain can be cut off unseen";
  EXPECT_NE(run(registry.verify_audit(longer.head)).reason, "") << "but not for who kept its head";
  store->transact_now([&](store::Connection& tx) { tx.exec("UPDATE audit SET actor = 'x' WHERE seq = 2"); });
  EXPECT_NE(run(registry.verify_audit("")).reason, "");
}

}  // namespace
}  // namespace hg::identity
