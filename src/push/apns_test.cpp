#include "push/apns.h"

#include "base/run_for_tests.h"
#include "crypto/certificate.h"
#include "crypto/jwt.h"
#include "push/testing.h"
#include "push/workshop.h"

namespace hg::push {
namespace {

using Kind = Message::Kind;
using std::chrono::minutes;

json::object payload(const Message& message) { return parse_json(apns_payload(message))->as_object(); }

TEST(Apns, shows_a_visual_notification_and_carries_the_signal_beside_it) {
  const auto written = payload(message(Kind::visual));

  const auto& aps = written.at("aps").as_object();
  EXPECT_EQ(aps.at("alert"), (json::value{{"title", "Hello World!"}, {"body", "Notifications are Great!"}}));
  EXPECT_EQ(aps.at("mutable-content"), 1);
  EXPECT_EQ(aps.at("thread-id"), "orders");
  EXPECT_FALSE(aps.contains("content-available"));
  EXPECT_EQ(written.at("changeType"), "afsChange");
  EXPECT_EQ(written.at("unread"), 3);
  EXPECT_EQ(written.at("activities").as_array().size(), 2U);
}

TEST(Apns, shows_nothing_of_raw_content_and_of_changes) {
  for (const Kind kind : {Kind::raw, Kind::change}) {
    const auto headers = apns_headers(message(kind), "com.contoso.app", kNow);
    EXPECT_EQ(payload(message(kind)).at("aps"), (json::value{{"content-available", 1}}));
    EXPECT_EQ(value_of(headers, "apns-push-type"), "background");
    EXPECT_EQ(value_of(headers, "apns-priority"), "5");
  }
}

TEST(Apns, names_app_time_and_what_is_replaced_in_headers) {
  const auto headers = apns_headers(message(Kind::visual), "com.contoso.app", kNow);

  EXPECT_EQ(value_of(headers, "apns-topic"), "com.contoso.app");
  EXPECT_EQ(value_of(headers, "apns-push-type"), "alert");
  EXPECT_EQ(value_of(headers, "apns-priority"), "10");
  EXPECT_EQ(value_of(headers, "apns-expiration"), "1800003600");
  EXPECT_EQ(value_of(headers, "apns-collapse-id"), message(Kind::visual).id);
  EXPECT_EQ(value_of(apns_headers({}, "t", kNow), "apns-expiration"), "0");
}

TEST(Apns, what_does_not_fit_goes_without_activities_then_shortened) {
  auto large = message(Kind::visual);
  large.signal.activities = {'"' + std::string(4000, 'x') + '"'};
  EXPECT_EQ(payload(large).at("changeType"), "afsChangeNotification");
  EXPECT_EQ(payload(large).at("aps").at("alert").at("body"), "Notifications are Great!");

  large.body = std::string(3000, 'a');
  for (int i = 0; i < 1000; ++i) large.body += "€";
  const std::string written = apns_payload(large);
  EXPECT_LE(written.size(), 4096U);
  EXPECT_GE(written.size(), 4090U);
  const std::string body(payload(large).at("aps").at("alert").at("body").as_string());
  EXPECT_TRUE(body.ends_with("€…"));
  EXPECT_TRUE(valid_utf8(body));

  large.title = std::string(8000, '"');
  EXPECT_LE(apns_payload(large).size(), 4096U);
  EXPECT_TRUE(payload(large).at("aps").at("alert").at("title").as_string().ends_with("…"));
}

TEST(Apns, answers_are_judged_by_their_reason) {
  const auto judged = [](int status, const std::string& reason) {
    return told(judge_apns(answer(status, R"({"reason":")" + reason + "\"}")));
  };
  EXPECT_EQ(told(judge_apns(answer(200))), "delivered");
  EXPECT_EQ(judged(410, "Unregistered"), "gone: Unregistered");
  EXPECT_EQ(judged(410, "ExpiredToken"), "gone: ExpiredToken");
  EXPECT_EQ(judged(400, "BadDeviceToken"), "gone: BadDeviceToken");
  EXPECT_EQ(judged(400, "DeviceTokenNotForTopic"), "rejected: DeviceTokenNotForTopic (alarm)");
  for (const char* reason :
       {"ExpiredProviderToken", "InvalidProviderToken", "MissingProviderToken", "BadCertificate",
        "BadCertificateEnvironment", "BadEnvironmentKeyIdInToken", "UnrelatedKeyIdInToken", "Forbidden"})
    EXPECT_EQ(judged(403, reason), std::string("credentials: ") + reason + " (alarm)");
  for (const char* reason : {"BadTopic", "MissingTopic", "TopicDisallowed", "InvalidPushType"})
    EXPECT_EQ(judged(400, reason), std::string("credentials: ") + reason + " (alarm)");
  for (const char* reason :
       {"PayloadEmpty", "BadCollapseId", "BadPriority", "BadExpirationDate", "BadMessageId", "DuplicateHeaders"})
    EXPECT_EQ(judged(400, reason), std::string("rejected: ") + reason + " (alarm)");
  EXPECT_EQ(judged(413, "PayloadTooLarge"), "rejected: PayloadTooLarge (alarm)");
  EXPECT_EQ(judged(429, "TooManyRequests"), "retry: TooManyRequests");
  EXPECT_EQ(judged(429, "TooManyProviderTokenUpdates"), "retry everywhere: TooManyProviderTokenUpdates (alarm)");
  EXPECT_EQ(judged(400, "IdleTimeout"), "retry everywhere: IdleTimeout");
  EXPECT_EQ(judged(500, "InternalServerError"), "retry everywhere: InternalServerError");
  EXPECT_EQ(judged(503, "ServiceUnavailable"), "retry everywhere: ServiceUnavailable");
  EXPECT_EQ(judged(503, "Shutdown"), "retry everywhere: Shutdown");
  EXPECT_EQ(told(judge_apns(answer(502, "<html>"))), "retry everywhere: 502");
  EXPECT_EQ(told(judge_apns(answer(410, "[]"))), "rejected: 410 (alarm)");
}

TEST(Apns, tells_the_id_and_since_when_a_device_is_gone) {
  EXPECT_EQ(judge_apns(answer(200, "", {{"apns-id", "A-B"}})).id, "A-B");
  EXPECT_EQ(judge_apns(answer(410, R"({"reason":"Unregistered","timestamp":1700000000000})")).gone_since,
            from_ms(1'700'000'000'000));
  EXPECT_FALSE(judge_apns(answer(410, R"({"reason":"Unregistered","timestamp":"x"})")).gone_since);
}

TEST(ApnsToken, is_signed_seldom_enough_and_often_enough) {
  const auto key = crypto::PrivateKey::generate(crypto::Alg::es256);
  ApnsToken token(key, "ABC1234567", "DEF7654321");
  const std::string first = token.get(kNow);
  const auto jwt = crypto::parse_jwt(first);

  ASSERT_TRUE(jwt);
  EXPECT_TRUE(jwt->signed_by(key.public_key()));
  EXPECT_EQ(jwt->kid, "ABC1234567");
  EXPECT_EQ(jwt->claims.at("iss"), "DEF7654321");
  EXPECT_EQ(jwt->claims.at("iat"), 1'800'000'000);
  EXPECT_EQ(token.get(kNow + minutes(44)), first);
  EXPECT_NE(token.get(kNow + minutes(46)), first);
}

TEST(ApnsToken, is_not_signed_again_at_once_when_apple_finds_it_too_old) {
  ApnsToken token(crypto::PrivateKey::generate(crypto::Alg::es256), "ABC1234567", "DEF7654321");
  const std::string first = token.get(kNow);

  EXPECT_FALSE(token.expired(first, kNow + minutes(19)));
  EXPECT_EQ(token.get(kNow + minutes(19)), first);
  EXPECT_TRUE(token.expired(first, kNow + minutes(21)));
  const std::string second = token.get(kNow + minutes(21));
  EXPECT_NE(second, first);
  EXPECT_TRUE(token.expired(first, kNow + minutes(22)));  // renewed already
  EXPECT_EQ(token.get(kNow + minutes(22)), second);
}

ApnsCredentials by_certificate() {
  return {.certificate = crypto::make_identity("Apple Push Services: com.contoso.app"), .topic = "com.contoso.app"};
}

TEST(ApnsCertificate, stands_in_place_of_key_and_ids) {
  EXPECT_TRUE(check_credentials(by_certificate()));
  auto wrong = by_certificate();
  wrong.certificate.erase(wrong.certificate.find("-----BEGIN PRIVATE KEY"));
  const auto checked = check_credentials(wrong);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().target, "/certificate");
}

TEST(ApnsCertificate, nobody_is_asked_once_it_has_ended) {
  struct Later final : Clock {
    [[nodiscard]] Time now() const override { return SystemClock().now() + std::chrono::days(1000); }
  } const later;
  boost::asio::io_context loop;
  Workshop workshop(loop.get_executor(), later, {});
  const auto sender = make_sender(workshop, by_certificate()).value();

  EXPECT_EQ(told(run(loop, sender->send({}, message(Kind::raw)))), "credentials: CertificateEnded (alarm)");
  workshop.stop();
}

}  // namespace
}  // namespace hg::push
