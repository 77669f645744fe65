#include "pushsim/fcm.h"

#include <gtest/gtest.h>

#include "pushsim/testing.h"

namespace hg::pushsim {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class Fcm : public testing::Test {
 protected:
  struct Assertion {
    std::string aud = "https://localhost:2/token", scope = "https://www.googleapis.com/auth/firebase.messaging";
    Duration age{0}, life{hours(1)};
    std::string iss = {}, kid = {};
  };
  Answer grant(const Assertion& wish, std::string_view type = "application/x-www-form-urlencoded") {
    const Time issued = stage.clock.now() - wish.age;
    const std::string claims = json::serialize(json::object{{"iss", wish.iss.empty() ? app.account : wish.iss},
                                                            {"scope", wish.scope},
                                                            {"aud", wish.aud},
                                                            {"iat", hg::pushsim::seconds(issued)},
                                                            {"exp", hg::pushsim::seconds(issued + wish.life)}});
    const std::string jwt = crypto::sign_jwt(*app.key, wish.kid.empty() ? app.key_id : wish.kid, "JWT", claims);
    auto made = call("POST", "/token", {{"Content-Type", std::string(type)}},
                     "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + jwt);
    return fcm::token(stage.world, made);
  }
  std::string access_token() { return std::string(body_of(grant({})).at("access_token").as_string()); }

  Answer push(const std::string& body, std::string project = {}) {
    if (project.empty()) project = app.id;
    auto made = call("POST", "/v1/projects/" + project + "/messages:send",
                     {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json; charset=utf-8"}}, body);
    return fcm::push(stage.world, made);
  }
  Answer message(std::string_view members) {
    return push(fmt::format(R"({{"message":{{"token":"{}"{}{}}}}})", phone.id, members.empty() ? "" : ",", members));
  }
  // FCM's code, or the status of google.rpc where it says nothing.
  static std::string code(const Answer& answer) {
    const auto error = body_of(answer).at("error").as_object();
    const auto* details = error.if_contains("details");
    return std::string(
        (details != nullptr ? details->as_array().at(0).at("errorCode") : error.at("status")).as_string());
  }

  Stage stage;
  const App& app = stage.app(Platform::fcm);
  Endpoint& phone = stage.endpoint(Platform::fcm, app.id);
  std::string token = access_token();
};

TEST_F(Fcm, gives_a_token_for_a_signed_assertion) {
  const auto answer = body_of(grant({}));
  EXPECT_EQ(answer.at("token_type"), "Bearer");
  EXPECT_EQ(answer.at("expires_in"), 3599);
}

TEST_F(Fcm, says_what_is_wrong_with_an_assertion) {
  const auto error = [&](const Assertion& wish) { return std::string(body_of(grant(wish)).at("error").as_string()); };
  EXPECT_EQ(error({.aud = "https://oauth2.googleapis.com/token"}), "invalid_grant");
  EXPECT_EQ(stage.problem(), "aud must be the token_uri, https://localhost:2/token");
  EXPECT_EQ(error({.scope = "email"}), "invalid_scope");
  EXPECT_EQ(error({.age = hours(2)}), "invalid_grant");
  EXPECT_EQ(error({.age = -hours(1)}), "invalid_grant");
  EXPECT_EQ(error({.life = hours(2)}), "invalid_grant");
  EXPECT_EQ(error({.iss = "nobody@example.com"}), "invalid_grant");
  EXPECT_EQ(error({.kid = "another"}), "invalid_grant");
  EXPECT_EQ(grant({}, "application/json").response.status, 400);
}

TEST_F(Fcm, takes_a_message) {
  const auto answer = message(
      R"("notification":{"title":"t"},"data":{"k":"v"},"android":{"priority":"high","ttl":"3.5s","collapse_key":"c","notification":{"tag":"x"}})");
  EXPECT_EQ(answer.response.status, 200) << answer.response.body;
  EXPECT_TRUE(body_of(answer).at("name").as_string().starts_with("projects/" + app.id + "/messages/"));
  EXPECT_EQ(stage.last().at("endpoint"), json::value(phone.id));
}

TEST_F(Fcm, knows_an_installation_by_its_fid) {
  EXPECT_EQ(push(R"({"message":{"fid":")" + phone.fid + R"(","data":{"k":"v"}}})").response.status, 200);
  EXPECT_EQ(stage.last().at("endpoint"), json::value(phone.id));
}

TEST_F(Fcm, names_the_field_of_a_token_that_is_none) {
  const auto answer = push(R"({"message":{"token":"none"}})");
  EXPECT_EQ(code(answer), "INVALID_ARGUMENT");
  const auto violations = body_of(answer).at("error").at("details").at(1).at("fieldViolations");
  EXPECT_EQ(violations.at(0).at("field"), "message.token");
  EXPECT_EQ(code(message(R"("android":{"ttl":"1h"})")), "INVALID_ARGUMENT");
  EXPECT_EQ(code(message(R"("colour":"red")")), "INVALID_ARGUMENT");
}

TEST_F(Fcm, reads_every_member) {
  for (const std::string_view bad :
       {R"("data":{"k":1})", R"("data":{"from":"x"})", R"("data":{"google.x":"x"})", R"("topic":"news")",
        R"("android":{"priority":"urgent"})", R"("android":{"ttl":"2419201s"})", R"("android":{"ttl":"-1s"})",
        R"("android":{"notification":{"colour":"x"}})", R"("notification":{"title":1})"})
    EXPECT_EQ(message(bad).response.status, 400) << bad;
  EXPECT_EQ(push(R"({"message":{"data":{"k":"v"}}})").response.status, 400) << "no target";
  EXPECT_EQ(push("{").response.status, 400);
}

TEST_F(Fcm, takes_4096_bytes) {
  const auto sized = [&](std::size_t bytes) {
    return message(R"("data":{"k":")" + std::string(bytes - 1, 'x') + "\"}");
  };
  EXPECT_EQ(sized(4096).response.status, 200);
  EXPECT_EQ(code(sized(4097)), "INVALID_ARGUMENT");
  EXPECT_EQ(push(R"({"message":{"topic":"news","data":{"k":")" + std::string(2048, 'x') + "\"}}}").response.status,
            400);
}

TEST_F(Fcm, tells_whose_a_token_is) {
  stage.world.apps.push_back(*new_app({{"platform", "fcm"}}));
  phone.app = stage.world.apps.back().id;
  EXPECT_EQ(code(message("")), "SENDER_ID_MISMATCH");
  EXPECT_EQ(code(push(R"({"message":{}})", phone.app)), "PERMISSION_DENIED");
}

TEST_F(Fcm, forgets_tokens_after_an_hour) {
  stage.clock.time += seconds(3599);
  const auto answer = message("");
  EXPECT_EQ(answer.response.status, 401);
  EXPECT_EQ(code(answer), "UNAUTHENTICATED");
}

TEST_F(Fcm, validates_without_sending) {
  EXPECT_EQ(push(R"({"validate_only":true,"message":{"token":")" + phone.id + R"("}})").response.status, 200);
  EXPECT_EQ(stage.last().at("kind"), "validation");
}

TEST_F(Fcm, tells_that_a_token_is_dead) {
  stage.world.faults.add({{"fault", "gone"}, {"times", 1}}).value();
  EXPECT_EQ(code(message("")), "UNREGISTERED");
  EXPECT_EQ(message("").response.status, 404) << "from then on";
}

TEST_F(Fcm, takes_so_many_a_minute_and_an_hour_to_a_device_where_quotas_are_counted) {
  stage.world.fcm_quotas.emplace();
  const auto send = [&] { return message(R"("data":{"k":"v"})"); };
  for (std::int64_t i = 0; i < Quotas::kDeviceMinute; ++i) ASSERT_EQ(send().response.status, 200);
  stage.clock.time += seconds(20);

  const auto refused = send();

  EXPECT_EQ(refused.response.status, 429);
  EXPECT_EQ(code(refused), "QUOTA_EXCEEDED");
  EXPECT_EQ(refused.response.headers.find("Retry-After"), "40");
  const auto error = body_of(refused).at("error").as_object();
  const auto& violation = error.at("details").at(1).at("violations").at(0);
  EXPECT_EQ(violation.at("subject").as_string(), "device:" + phone.id);
  stage.clock.time += seconds(40);
  for (std::int64_t sent = Quotas::kDeviceMinute; sent < Quotas::kDeviceHour; ++sent) {
    if (sent % Quotas::kDeviceMinute == 0) stage.clock.time += seconds(60);
    ASSERT_EQ(send().response.status, 200) << sent;
  }
  stage.clock.time += seconds(60);
  EXPECT_EQ(code(send()), "QUOTA_EXCEEDED");
}

}  // namespace
}  // namespace hg::pushsim
