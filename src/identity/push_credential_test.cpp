#include "identity/push_credential.h"

#include <gtest/gtest.h>

#include "crypto/certificate.h"

namespace hg::identity {
namespace {

// A P-256 key that is nobody's.
constexpr std::string_view kKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyk3o7/7aO0vy3Yo+\n"
    "vFOaWAfq6fS1Rq+eBDGUhGv1RzqhRANCAASkjE3bC0nQCg6aL4RGFgwKJDCUI8Kj\n"
    "m1jrSbGQgHRqaljvTKSoijV+ZFGnyUQMhTMsC3i6HKTmKaGzrM+VHrGJ\n"
    "-----END PRIVATE KEY-----\n";

ApnsGiven apns() { return {std::string(kKey), "ABC1234567", "TEAM123456", "both"}; }

template <class Given>
std::string refused(const Given& given) {
  const auto read = read_credential(given);
  return read ? "" : read.error().target;
}

TEST(PushCredential, of_APNs_shows_everything_but_the_key) {
  const auto read = read_credential(apns());

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->platform, model::ChannelKind::apns);
  for (const auto& [name, value] : read->facts) EXPECT_FALSE(value.contains("PRIVATE")) << name;
  EXPECT_TRUE(read->secrets.contains("PRIVATE KEY"));
}

TEST(PushCredential, of_APNs_is_refused_where_it_cannot_be_right) {
  auto given = apns();
  given.key = "no key";
  EXPECT_EQ(refused(given), "/key");
  given = apns();
  given.key_id = "abc";
  EXPECT_EQ(refused(given), "/keyId");
  given = apns();
  given.team_id = "TEAM-12345";
  EXPECT_EQ(refused(given), "/teamId");
  given = apns();
  given.environment = "testing";
  EXPECT_EQ(refused(given), "/environment");
}

TEST(PushCredential, of_APNs_may_be_a_certificate_whose_key_is_not_shown) {
  const auto pem = crypto::make_identity("Apple Push Services: com.contoso.app");
  const auto read = read_credential(ApnsCertificateGiven{pem, "production"}, SystemClock().now());

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->platform, model::ChannelKind::apns);
  EXPECT_EQ(read->facts.front().second, "Apple Push Services: com.contoso.app");
  for (const auto& [name, value] : read->facts) EXPECT_FALSE(value.contains("-----BEGIN")) << name;
  EXPECT_TRUE(read->secrets.contains("PRIVATE KEY"));
}

TEST(PushCredential, of_APNs_by_a_certificate_is_refused_where_it_cannot_be_right) {
  const auto pem = crypto::make_identity("Apple Push Services: com.contoso.app");
  const auto facts = crypto::certificate_facts(pem).value();
  const auto message = [](const std::string& certificate, Time now) {
    const auto read = read_credential(ApnsCertificateGiven{certificate, "both"}, now);
    return read ? "" : read.error().target + " " + read.error().message;
  };
  const Time now = SystemClock().now();
  EXPECT_EQ(message(pem, now), "");
  EXPECT_TRUE(
      message("nothing", now).starts_with("/certificate certificate: there is no certificate in PEM in it; it is"));
  EXPECT_EQ(message(pem, facts.not_after), "/certificate certificate: it ended at " + iso(facts.not_after));
  EXPECT_EQ(message(pem, facts.not_before - std::chrono::hours(1)),
            "/certificate certificate: it begins at " + iso(facts.not_before) + " only");
  const auto read = read_credential(ApnsCertificateGiven{pem, "testing"}, now);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().target, "/environment");
}

TEST(PushCredential, of_FCM_is_the_file_of_a_service_account) {
  EXPECT_EQ(refused(json::object{{"type", "authorized_user"}}), "/serviceAccount");
  const auto read = read_credential(json::object{{"type", "service_account"}, {"project_id", "p"}});
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().message.contains("client_email"));
}

TEST(PushCredential, of_WNS_is_a_Package_SID_or_an_Entra_application) {
  const auto store = read_credential(WnsGiven{"ms-app://s-1-15-2-1", "secret", ""});
  const auto entra = read_credential(WnsGiven{"22222222-0000-4000-8000-000000000001", "secret", "contoso"});

  ASSERT_TRUE(store && entra);
  EXPECT_EQ(store->facts[0].first, "packageSid");
  EXPECT_EQ(entra->facts[0].first, "clientId");
  EXPECT_EQ(refused(WnsGiven{"something", "secret", ""}), "/packageSid");
  EXPECT_EQ(refused(WnsGiven{"something", "secret", "contoso"}), "/clientId");
}

TEST(PushCredential, of_Web_Push_names_somebody_who_can_be_reached) {
  EXPECT_EQ(refused(WebPushGiven{"mailto:push@contoso.com"}), "");
  EXPECT_EQ(refused(WebPushGiven{"https://contoso.com/contact"}), "");
  for (const std::string bad : {"push@contoso.com", "mailto:push", "mailto:root@localhost", "http://contoso.com", ""})
    EXPECT_EQ(refused(WebPushGiven{bad}), "/subject") << bad;
}

}  // namespace
}  // namespace hg::identity
