#include "identity/issuer.h"
#include "identity/testing.h"

namespace hg::identity {
namespace {

using std::chrono::seconds;

struct Device : testing::Test, Deployment {
  Issuer issuer{*store, registry, clock};
  Bearer bearer{registry, {kBase}};
  Issuer::Opened session = run(issuer.open_session(alice.id));

  Client client() { return *issuer.authenticate(page.str(), std::nullopt); }
  DeviceAuthorization begin(const std::string& scope = "openid offline_access Notifications.ReadWrite.CreatedByApp") {
    return run(issuer.begin_device(client(), *parse_scopes(scope, kBase)));
  }
  OAuthResult<Issued> poll(const DeviceAuthorization& begun) {
    return run(issuer.redeem_device(client(), kBase, begun.device_code));
  }
  bool allow(const DeviceAuthorization& begun) {
    return run(issuer.allow_device(begun.user_code, alice.id, session.id));
  }
};

TEST_F(Device, waits_until_its_user_has_allowed_it) {
  const auto begun = begin();
  EXPECT_EQ(poll(begun).error().error, "authorization_pending");
  const auto request = run(issuer.device_request(begun.user_code));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->application, page);
  EXPECT_TRUE(allow(begun));
  clock.pass(kDevicePoll);
  const auto issued = poll(begun);
  ASSERT_TRUE(issued) << issued.error().description;
  const auto principal = bearer.verify_token(issued->access_token, kBase, clock.now());
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->user, alice.id);
  EXPECT_EQ(principal->session, session.id);
  EXPECT_FALSE(issued->refresh_token.empty() || issued->id_token.empty());
}

TEST_F(Device, gets_tokens_once) {
  const auto begun = begin();
  ASSERT_TRUE(allow(begun));
  EXPECT_TRUE(poll(begun));
  EXPECT_EQ(poll(begun).error().error, "invalid_grant");
  EXPECT_FALSE(allow(begun));
}

TEST_F(Device, that_asks_too_often_is_told_to_slow_down_and_waits_longer) {
  const auto begun = begin();
  EXPECT_EQ(poll(begun).error().error, "authorization_pending");
  clock.pass(kDevicePoll - seconds(1));
  EXPECT_EQ(poll(begun).error().error, "authorization_pending") << "a timer may be a second early";
  clock.pass(seconds(1));
  EXPECT_EQ(poll(begun).error().error, "slow_down");
  clock.pass(kDevicePoll);
  EXPECT_EQ(poll(begun).error().error, "slow_down") << "the interval is ten seconds by now";
  clock.pass(seconds(15));
  EXPECT_EQ(poll(begun).error().error, "authorization_pending");
}

TEST_F(Device, that_is_turned_down_gets_nothing) {
  const auto begun = begin();
  EXPECT_TRUE(run(issuer.deny_device(begun.user_code)));
  EXPECT_EQ(poll(begun).error().error, "access_denied");
  EXPECT_FALSE(allow(begun));
}

TEST_F(Device, has_a_quarter_of_an_hour) {
  const auto begun = begin();
  const auto late = begin();
  clock.pass(kDeviceCodeLife - seconds(1));
  EXPECT_TRUE(allow(begun));
  clock.pass(seconds(1));
  EXPECT_EQ(poll(begun).error().error, "expired_token");
  EXPECT_FALSE(allow(late));
  EXPECT_FALSE(run(issuer.device_request(late.user_code)));
}

TEST_F(Device, codes_are_read_as_people_type_them) {
  const auto begun = begin();
  ASSERT_EQ(begun.user_code.size(), 9U);
  std::string typed = lower(begun.user_code);
  typed[4] = ' ';
  EXPECT_TRUE(run(issuer.device_request(" " + typed + " ")));
  for (const std::string& wrong : {std::string(), begun.user_code.substr(1), std::string("BBBB-BBBB")})
    EXPECT_FALSE(run(issuer.device_request(wrong))) << wrong;
  EXPECT_EQ(begun.user_code.find_first_not_of("BCDFGHJKLMNPQRSTVWXZ-"), std::string::npos);
}

TEST_F(Device, codes_are_another_clients_business) {
  const auto begun = begin();
  ASSERT_TRUE(allow(begun));
  const auto other = issuer.authenticate(server.str(), secret);
  EXPECT_EQ(run(issuer.redeem_device(*other, kBase, begun.device_code)).error().error, "invalid_grant");
  EXPECT_TRUE(poll(begun));
}

TEST_F(Device, of_a_confidential_application_shows_its_secret) {
  const auto unproven = issuer.authenticate(server.str(), std::nullopt);
  const auto begun = run(issuer.begin_device(*unproven, *parse_scopes("User.Read", kBase)));
  ASSERT_TRUE(allow(begun));
  EXPECT_EQ(run(issuer.redeem_device(*unproven, kBase, begun.device_code)).error().error, "invalid_client");
  EXPECT_TRUE(run(issuer.redeem_device(*issuer.authenticate(server.str(), secret), kBase, begun.device_code)));
}

TEST_F(Device, of_a_user_who_has_signed_out_or_is_blocked_gets_nothing) {
  const auto signed_out = begin();
  ASSERT_TRUE(allow(signed_out));
  run(issuer.end_session(session.cookie));
  EXPECT_EQ(poll(signed_out).error().error, "invalid_grant");
  session = run(issuer.open_session(alice.id));
  const auto blocked = begin();
  ASSERT_TRUE(allow(blocked));
  UserChange block;
  block.blocked = true;
  ASSERT_TRUE(run(registry.change_user(operator_, alice.id, block)));
  EXPECT_EQ(poll(blocked).error().error, "invalid_grant");
}

}  // namespace
}  // namespace hg::identity
