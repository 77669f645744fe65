// What several do to the same rows at the same moment: on a database server several write at a time.
#include <gtest/gtest.h>

#include "identity/issuer.h"
#include "identity/testing.h"

namespace hg::identity {
namespace {

struct AtOnce : testing::Test, Deployment {
  Issuer issuer{*store, registry, clock};
  Bearer bearer{registry, {kBase}};
};

TEST_F(AtOnce, a_block_is_not_undone_by_another_change) {
  int users = 0, applications = 0;
  for (int round = 0; round < 40; ++round) {
    UserChange unblock_user, block_user, rename_user;
    unblock_user.blocked = false;
    block_user.blocked = true;
    rename_user.display_name = "Alice " + std::to_string(round);
    ApplicationChange unblock_page, block_page, rename_page;
    unblock_page.blocked = false;
    block_page.blocked = true;
    rename_page.name = "Page " + std::to_string(round);
    ASSERT_TRUE(run(registry.change_user(operator_, alice.id, unblock_user)));
    ASSERT_TRUE(run(registry.change_application(operator_, page, unblock_page)));
    std::optional<Result<store::User>> user_blocked, user_renamed;
    std::optional<Result<void>> page_blocked, page_renamed;
    run_at_once(loop, into(user_blocked, registry.change_user(operator_, alice.id, block_user)),
                into(user_renamed, registry.change_user(operator_, alice.id, rename_user)),
                into(page_blocked, registry.change_application(operator_, page, block_page)),
                into(page_renamed, registry.change_application(operator_, page, rename_page)));
    EXPECT_TRUE(*user_blocked && *user_renamed && *page_blocked && *page_renamed);
    run(registry.refresh());
    if (!registry.directory()->blocked(alice.id)) ++users;
    if (!registry.directory()->application(page)->blocked) ++applications;
  }
  EXPECT_EQ(users, 0) << "of 40";
  EXPECT_EQ(applications, 0) << "of 40";
}

TEST_F(AtOnce, of_two_who_redeem_one_code_neither_keeps_what_came_of_it) {
  const auto session = run(issuer.open_session(alice.id));
  int good = 0;
  for (int round = 0; round < 40; ++round) {
    store::AuthorizationCode code;
    code.application = page;
    code.user = alice.id;
    code.session = session.id;
    code.redirect_uri = "https://page.example/done";
    code.code_challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";  // RFC 7636 appendix B
    code.scopes = "openid";
    code.audience = "api://heliograph";
    const CodeExchange sent{kBase, run(issuer.issue_code(code)), code.redirect_uri,
                            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"};
    const Client client = *issuer.authenticate(page.str(), std::nullopt);
    std::optional<OAuthResult<Issued>> one, other;
    run_at_once(loop, into(one, issuer.redeem_code(client, sent)), into(other, issuer.redeem_code(client, sent)));
    EXPECT_NE(one->has_value(), other->has_value());
    const auto& token = (*one ? *one : *other).value().access_token;
    if (bearer.verify_token(token, kBase, clock.now())) ++good;
  }
  EXPECT_EQ(good, 0) << "of 40";
}

TEST_F(AtOnce, a_user_of_another_issuer_may_come_twice) {
  for (int round = 0; round < 30; ++round) {
    const auto name = "u" + std::to_string(round);
    const ExternalUser who{
        .issuer = "https://corp.example", .subject = name, .upn = name + "@corp.example", .name = "U", .mail = ""};
    std::optional<Result<store::User>> one, other;
    run_at_once(loop, into(one, registry.admit_external_user(who, true)),
                into(other, registry.admit_external_user(who, true)));
    ASSERT_TRUE(*one && *other);
    EXPECT_EQ((*one)->id, (*other)->id);
  }
}

}  // namespace
}  // namespace hg::identity
