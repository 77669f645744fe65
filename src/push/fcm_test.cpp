#include "push/fcm.h"

#include "push/answers.h"
#include "push/testing.h"

namespace hg::push {
namespace {

using Kind = Message::Kind;

json::object sent(const Message& message, const std::string& address = "token") {
  return parse_json(fcm_payload(message, address))->as_object().at("message").as_object();
}

TEST(Fcm, shows_a_visual_notification_and_hands_the_signal_to_the_app) {
  const auto written = sent(message(Kind::visual));

  EXPECT_EQ(written.at("token"), "token");
  EXPECT_EQ(written.at("notification"), (json::value{{"title", "Hello World!"}, {"body", "Notifications are Great!"}}));
  const auto& android = written.at("android").as_object();
  EXPECT_EQ(android.at("priority"), "high");
  EXPECT_EQ(android.at("ttl"), "3600s");
  EXPECT_EQ(android.at("notification").at("tag"), json::value(message(Kind::visual).id));
  EXPECT_EQ(written.at("data").at("heliograph"), "1");
}

TEST(Fcm, every_value_of_the_signal_is_a_text) {
  const auto data = sent(message(Kind::raw)).at("data").as_object();

  for (const auto& [key, value] : data) {
    EXPECT_TRUE(value.is_string()) << key;
    for (const char* kept : {"from", "gcm", "google"}) EXPECT_FALSE(std::string_view(key).starts_with(kept));
  }
  EXPECT_EQ(data.at("changeType"), "afsChange");
  EXPECT_EQ(data.at("unread"), "3");
  EXPECT_EQ(data.at("ticket"), "ticket");
  EXPECT_EQ(parse_json(data.at("activities").as_string())->as_array().size(), 2U);
}

TEST(Fcm, is_urgent_only_where_something_is_shown_or_asked_for) {
  const auto priority = [](Kind kind, model::Priority wanted) {
    auto one = message(kind);
    one.priority = wanted;
    return sent(one).at("android").at("priority");
  };
  EXPECT_EQ(priority(Kind::visual, model::Priority::low), "high");
  EXPECT_EQ(priority(Kind::raw, model::Priority::high), "high");
  EXPECT_EQ(priority(Kind::raw, model::Priority::none), "normal");
  EXPECT_EQ(priority(Kind::raw, model::Priority::low), "normal");
  EXPECT_EQ(priority(Kind::change, model::Priority::high), "normal");
}

TEST(Fcm, what_is_not_shown_replaces_what_waits) {
  EXPECT_EQ(sent(message(Kind::raw)).at("android").at("collapse_key"), json::value(message(Kind::raw).id));
  auto change = message(Kind::change);
  change.id = "";
  EXPECT_EQ(sent(change).at("android").at("collapse_key"), "changes");
  EXPECT_FALSE(sent(message(Kind::change)).contains("notification"));
}

TEST(Fcm, an_installation_id_is_told_from_a_token) {
  EXPECT_TRUE(sent(message(Kind::raw), "dQw4w9WgXcQ_dQw4w9WgXc").contains("fid"));
  EXPECT_FALSE(is_installation_id("dQw4w9WgXcQ_dQw4w9WgXcQ"));
  EXPECT_FALSE(is_installation_id("gQw4w9WgXcQ_dQw4w9WgXc"));
  EXPECT_FALSE(is_installation_id("dQw4w9WgXcQ:dQw4w9WgXc"));
  EXPECT_FALSE(is_installation_id(""));
}

TEST(Fcm, an_expiring_subscription_says_so) {
  auto expiring = message(Kind::change);
  expiring.signal.expiring = kNow;
  const auto data = sent(expiring).at("data").as_object();
  EXPECT_EQ(data.at("subscription"), R"({"state":"expiring","expirationDateTime":"2027-01-15T08:00:00.000Z"})");
}

TEST(Fcm, what_does_not_fit_is_fetched_or_shortened) {
  auto large = message(Kind::raw);
  large.signal.activities = {'"' + std::string(4096, 'x') + '"'};
  EXPECT_EQ(sent(large).at("data").at("changeType"), "afsChangeNotification");
  EXPECT_EQ(sent(large).at("data").at("activities"), "[]");
  large.kind = Kind::visual;
  large.body = std::string(8000, 'x');
  EXPECT_LE(fcm_payload(large, std::string(160, 't')).size(), 4096U);
}

std::string error(int status, const std::string& canonical, const std::string& code, const std::string& field = {}) {
  std::string details;
  if (!code.empty())
    details = R"({"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":")" + code + "\"}";
  if (!field.empty())
    details += std::string(details.empty() ? "" : ",") +
               R"({"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":")" + field +
               "\"}]}";
  const auto body = R"({"error":{"code":)" + std::to_string(status) + R"(,"status":")" + canonical +
                    R"(","details":[)" + details + "]}}";
  return told(judge_fcm(answer(status, body), kNow));
}

TEST(Fcm, answers_are_judged_by_their_codes_never_by_their_texts) {
  EXPECT_EQ(told(judge_fcm(answer(200, R"({"name":"projects/p/messages/1"})"), kNow)), "delivered");
  EXPECT_EQ(judge_fcm(answer(200, R"({"name":"projects/p/messages/1"})"), kNow).id, "projects/p/messages/1");
  EXPECT_EQ(error(404, "NOT_FOUND", "UNREGISTERED"), "gone: UNREGISTERED");
  EXPECT_EQ(error(404, "NOT_FOUND", ""), "rejected: NOT_FOUND (alarm)");
  EXPECT_EQ(error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.token"), "gone: INVALID_ARGUMENT");
  EXPECT_EQ(error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.fid"), "gone: INVALID_ARGUMENT");
  EXPECT_EQ(error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.data"), "rejected: INVALID_ARGUMENT (alarm)");
  EXPECT_EQ(error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), "rejected: INVALID_ARGUMENT (alarm)");
  EXPECT_EQ(error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), "gone: SENDER_ID_MISMATCH (alarm)");
  EXPECT_EQ(error(403, "PERMISSION_DENIED", ""), "credentials: PERMISSION_DENIED (alarm)");
  EXPECT_EQ(error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), "credentials: THIRD_PARTY_AUTH_ERROR (alarm)");
  EXPECT_EQ(error(401, "UNAUTHENTICATED", ""), "credentials: UNAUTHENTICATED (alarm)");
  EXPECT_EQ(error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), "retry everywhere after 60 s: QUOTA_EXCEEDED");
  EXPECT_EQ(error(500, "INTERNAL", "INTERNAL"), "retry everywhere: INTERNAL");
  EXPECT_EQ(error(503, "UNAVAILABLE", "UNAVAILABLE"), "retry everywhere: UNAVAILABLE");
  EXPECT_EQ(told(judge_fcm(answer(502, "<html>Bad Gateway"), kNow)), "retry everywhere: 502");
  EXPECT_EQ(told(judge_fcm(answer(429, "", {{"Retry-After", "7"}}), kNow)), "retry everywhere after 7 s: 429");
}

TEST(Fcm, says_what_is_wrong_with_a_service_account) {
  const auto pem = [](std::string_view text) { return FcmCredentials{std::string(text)}; };
  EXPECT_EQ(read_account(pem("{")).error().target, "/serviceAccount");
  EXPECT_TRUE(read_account(pem(R"({"project_id":"p"})")).error().message.contains("client_email"));
  EXPECT_TRUE(read_account(pem(R"({"project_id":"p","client_email":"e","private_key_id":"k","private_key":"x",)"
                               R"("token_uri":"https://oauth2.googleapis.com/token"})"))
                  .error()
                  .message.contains("private_key"));
}

TEST(Answers, a_time_to_wait_is_read_in_seconds_and_as_a_date) {
  const auto after = [](std::string value) { return retry_after(answer(503, "", {{"Retry-After", value}}), kNow); };
  EXPECT_EQ(after("120"), std::chrono::seconds(120));
  EXPECT_EQ(after("Fri, 15 Jan 2027 08:01:00 GMT"), std::chrono::seconds(60));
  EXPECT_EQ(after("Fri, 15 Jan 2016 08:01:00 GMT"), std::chrono::seconds(0));
  EXPECT_EQ(after("99999999999"), std::chrono::hours(24 * 30));
  for (const char* none : {"", "-1", "soon", "1.5", "99999999999999999999999", "Fri, 15 Jan 2027"})
    EXPECT_FALSE(after(none)) << none;
}

TEST(Answers, a_token_service_is_believed_in_what_it_says_of_the_token) {
  const auto token = [](int status, std::string body) { return token_in(answer(status, std::move(body)), kNow); };
  EXPECT_EQ(token(200, R"({"access_token":"t","expires_in":3599})")->life, std::chrono::seconds(3599));
  EXPECT_EQ(token(200, R"({"access_token":"t","expires_in":"86399"})")->life, std::chrono::seconds(86399));
  EXPECT_EQ(token(200, R"({"access_token":"t"})")->value, "t");
  EXPECT_EQ(told(token(200, "<html>").error()), "retry everywhere: the token service gave no token");
  EXPECT_EQ(told(token(400, R"({"error":"invalid_grant"})").error()), "credentials: invalid_grant (alarm)");
  EXPECT_EQ(told(token(401, R"({"error":"invalid_client"})").error()), "credentials: invalid_client (alarm)");
  EXPECT_EQ(told(token(503, "").error()), "retry everywhere: token service: 503");
}

}  // namespace
}  // namespace hg::push
