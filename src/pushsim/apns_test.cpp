#include "pushsim/apns.h"

#include <gtest/gtest.h>

#include "pushsim/testing.h"

namespace hg::pushsim {
namespace {

using std::chrono::minutes;

constexpr const char* kTopic = "com.example.heliograph";
constexpr const char* kAlert = R"({"aps":{"alert":"hello"}})";

class Apns : public testing::Test {
 protected:
  [[nodiscard]] std::string token(Time issued, std::string_view kid = {}, std::string_view team = {}) const {
    const App& app = stage.app(Platform::apns);
    return crypto::sign_jwt(*app.key, kid.empty() ? app.id : kid, "JWT",
                            fmt::format(R"({{"iss":"{}","iat":{}}})", team.empty() ? app.team : team, seconds(issued)));
  }
  // ES256 signatures differ each time, and a connection takes a new token every 20 minutes only.
  [[nodiscard]] std::string fresh() const { return token(stage.clock.now()); }
  [[nodiscard]] const std::string& token() const { return good; }

  Answer push(std::string_view provider_token, std::vector<net::Field> more = {}, std::string body = kAlert) {
    std::vector<net::Field> headers{{"authorization", "bearer " + std::string(provider_token)},
                                    {"apns-topic", kTopic},
                                    {"apns-push-type", "alert"}};
    for (net::Field& field : more) {
      std::erase_if(headers, [&](const net::Field& one) { return one.name == field.name; });
      headers.push_back(std::move(field));
    }
    auto made = call("POST", "/3/device/" + phone.id, std::move(headers), std::move(body));
    made.http = 2;
    made.door = Door::apns;
    made.conversation = &connection;
    return apns::push(stage.world, made);
  }
  static std::string reason(const Answer& answer) {
    return answer.response.body.empty() ? "" : std::string(body_of(answer).at("reason").as_string());
  }

  Stage stage;
  Endpoint& phone = stage.endpoint(Platform::apns, kTopic);
  Conversation connection;
  std::string good = fresh();
};

TEST_F(Apns, takes_a_push_and_says_its_id) {
  const auto answer = push(token(), {{"apns-id", "123e4567-e89b-12d3-a456-426614174000"}});
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_EQ(answer.response.headers.find("apns-id"), "123e4567-e89b-12d3-a456-426614174000");
  EXPECT_TRUE(answer.response.body.empty());
  EXPECT_EQ(stage.last().at("outcome"), "accepted");
}

TEST_F(Apns, opens_the_connection_once_it_knows_the_provider) {
  EXPECT_EQ(push("nothing").streams, 0U);
  EXPECT_GT(push(token()).streams, 100U);
}

TEST_F(Apns, refuses_tokens_that_are_not_right) {
  const Time now = stage.clock.now();
  EXPECT_EQ(reason(push(token(now - minutes(61)))), "ExpiredProviderToken");
  EXPECT_EQ(reason(push(token(now + minutes(10)))), "InvalidProviderToken");
  EXPECT_EQ(reason(push(token(now, "SHORT"))), "InvalidProviderToken");
  EXPECT_EQ(reason(push(token(now, "ABCDEFGHIJ"))), "InvalidProviderToken");
  EXPECT_EQ(reason(push(token(now, {}, "ABCDEFGHIJ"))), "InvalidProviderToken");
  EXPECT_EQ(reason(push("")), "MissingProviderToken");
  const auto& fcm = stage.app(Platform::fcm);
  EXPECT_EQ(reason(push(crypto::sign_jwt(*fcm.key, stage.app(Platform::apns).id, "JWT", "{}"))),
            "InvalidProviderToken");
  EXPECT_EQ(stage.problem(), "alg must be ES256");
}

TEST_F(Apns, wants_a_new_token_between_20_and_60_minutes) {
  const auto first = token();
  EXPECT_EQ(push(first).response.status, 200);
  stage.clock.time += minutes(19);
  const auto answer = push(fresh());
  EXPECT_EQ(answer.response.status, 429);
  EXPECT_EQ(reason(answer), "TooManyProviderTokenUpdates");
  EXPECT_EQ(push(first).response.status, 200) << "the one before is still good";
  stage.clock.time += minutes(1);
  EXPECT_EQ(push(fresh()).response.status, 200);
  stage.clock.time += minutes(41);
  EXPECT_EQ(reason(push(first)), "ExpiredProviderToken");
}

TEST_F(Apns, keeps_a_connection_to_one_key) {
  EXPECT_EQ(push(token()).response.status, 200);
  stage.world.apps.push_back(*new_app({{"platform", "apns"}}));
  const App& other = stage.world.apps.back();
  const auto stranger = crypto::sign_jwt(
      *other.key, other.id, "JWT", fmt::format(R"({{"iss":"{}","iat":{}}})", other.team, seconds(stage.clock.now())));
  EXPECT_EQ(reason(push(stranger)), "UnrelatedKeyIdInToken");
  connection = {};
  EXPECT_EQ(push(stranger).response.status, 200) << "on a connection of its own";
}

TEST_F(Apns, takes_a_certificate_in_place_of_a_token) {
  const auto by_certificate = [&](const std::string& print, Door door = Door::apns) {
    connection = {};
    connection.certificate = print;
    auto made = call("POST", "/3/device/" + phone.id, {{"apns-topic", kTopic}, {"apns-push-type", "alert"}}, kAlert);
    made.http = 2;
    made.door = door;
    made.conversation = &connection;
    return apns::push(stage.world, made);
  };
  const auto one = [&](json::object wish) {
    wish["platform"] = "apns";
    wish["certificate"] = true;
    return stage.world.apps.emplace_back(*new_app(wish)).id;
  };
  const auto both = one({}), sandbox = one({{"environment", "sandbox"}});
  EXPECT_EQ(by_certificate(both).response.status, 200);
  EXPECT_EQ(stage.last().at("certificate"), json::value(both));
  EXPECT_EQ(reason(by_certificate("")), "MissingProviderToken");
  EXPECT_EQ(reason(by_certificate(std::string(64, 'a'))), "BadCertificate");
  EXPECT_EQ(reason(by_certificate(sandbox)), "BadCertificateEnvironment");
  EXPECT_EQ(reason(by_certificate(sandbox, Door::apns_sandbox)), "BadDeviceToken") << "the device is of production";
  EXPECT_EQ(reason(by_certificate(one({{"topics", json::array{"com.example.other"}}}))), "TopicDisallowed");
  connection.certificate = both;
  EXPECT_EQ(reason(push("nothing")), "InvalidProviderToken") << "a token is looked at where there is one";
  stage.clock.time = SystemClock().now() + std::chrono::days(1000);
  EXPECT_EQ(reason(by_certificate(both)), "BadCertificate");
}

TEST_F(Apns, reads_every_header) {
  const std::pair<net::Field, std::string> rows[] = {
      {{"apns-priority", "6"}, "BadPriority"},
      {{"apns-expiration", "tomorrow"}, "BadExpirationDate"},
      {{"apns-collapse-id", std::string(65, 'x')}, "BadCollapseId"},
      {{"apns-id", "1"}, "BadMessageId"},
      {{"apns-push-type", "loud"}, "InvalidPushType"},
      {{"apns-push-type", "liveactivity"}, "BadTopic"},
      {{"apns-topic", ""}, "MissingTopic"},
      {{"apns-topic", "com.example.unknown"}, "TopicDisallowed"},
  };
  for (const auto& [field, expected] : rows) EXPECT_EQ(reason(push(token(), {field})), expected) << field.name;
  EXPECT_EQ(push(token(), {{"apns-expiration", "0"}, {"apns-priority", "1"}}).response.status, 200);
  EXPECT_EQ(reason(push(token(), {{"apns-topic", kTopic}, {"apns-priority", "5"}, {"Apns-Priority", "5"}})),
            "DuplicateHeaders");
}

TEST_F(Apns, reads_the_payload) {
  const auto of = [&](std::string_view type, std::string body) {
    return reason(push(token(), {{"apns-push-type", std::string(type)}, {"apns-priority", "5"}}, std::move(body)));
  };
  EXPECT_EQ(of("alert", ""), "PayloadEmpty");
  EXPECT_EQ(of("alert", "no JSON"), "BadPayload");
  EXPECT_EQ(of("alert", "{}"), "BadPayload");
  EXPECT_EQ(of("alert", R"({"aps":{"alert":7}})"), "BadPayload");
  EXPECT_EQ(of("alert", R"({"aps":{"alert":"x","badge":-1}})"), "BadPayload");
  EXPECT_EQ(of("alert", R"({"aps":{"alert":"x","interruption-level":"loud"}})"), "BadPayload");
  EXPECT_EQ(of("alert", R"({"aps":{"badge":1,"mutable-content":1}})"), "BadPayload");
  EXPECT_EQ(of("background", R"({"aps":{"content-available":1}})"), "");
  EXPECT_EQ(of("background", R"({"aps":{"content-available":1,"sound":"x"}})"), "BadPayload");
  EXPECT_EQ(of("background", R"({"aps":{}})"), "BadPayload");
  const std::string frame = R"({"aps":{"alert":""}})";
  const auto sized = [&](std::size_t size) {
    return std::string(frame).insert(frame.size() - 3, std::string(size - frame.size(), 'x'));
  };
  EXPECT_EQ(of("alert", sized(4096)), "");
  EXPECT_EQ(of("alert", sized(4097)), "PayloadTooLarge");
}

TEST_F(Apns, keeps_the_last_one_of_an_app_for_a_device_that_is_away) {
  phone.online = false;
  const auto waiting = [&] { return stage.world.queue.waiting(phone.id, stage.clock.now()); };
  EXPECT_EQ(push(token(), {{"apns-collapse-id", "a"}}).response.status, 200);
  EXPECT_EQ(push(token(), {{"apns-collapse-id", "b"}}).response.status, 200);
  EXPECT_EQ(push(token(), {{"apns-collapse-id", "c"}, {"apns-expiration", "0"}}).response.status, 200);

  ASSERT_EQ(waiting().size(), 1U);
  EXPECT_EQ(waiting()[0].at("headers").at("apns-collapse-id"), "b");
  stage.clock.time += std::chrono::days(31);
  EXPECT_TRUE(waiting().empty());
}

TEST_F(Apns, speaks_http2_only) {
  auto made = call("POST", "/3/device/" + phone.id, {}, kAlert);
  EXPECT_EQ(apns::push(stage.world, made).response.status, 505);
}

TEST_F(Apns, says_since_when_a_token_is_dead) {
  phone.state = Endpoint::State::gone;
  phone.since = from_ms(1'700'000'000'123);
  const auto answer = push(token());
  EXPECT_EQ(answer.response.status, 410);
  EXPECT_EQ(body_of(answer), (json::object{{"reason", "Unregistered"}, {"timestamp", 1'700'000'000'123}}));
}

TEST_F(Apns, misbehaves_when_asked) {
  stage.world.faults.add({{"fault", "status"}, {"status", 429}, {"retryAfter", 3}, {"times", 1}}).value();
  auto answer = push(token());
  EXPECT_EQ(answer.response.status, 429);
  EXPECT_EQ(reason(answer), "TooManyRequests");
  EXPECT_EQ(answer.response.headers.find("Retry-After"), "3");
  EXPECT_EQ(stage.last().at("outcome"), "disturbed");
  EXPECT_EQ(push(token()).response.status, 200) << "once only";

  stage.world.faults.add({{"fault", "goaway"}, {"reason", "Shutdown"}, {"after", true}, {"latencyMs", 50}}).value();
  answer = push(token());
  EXPECT_EQ(answer.end, Answer::End::goaway);
  EXPECT_EQ(answer.goaway, "Shutdown");
  EXPECT_EQ(answer.delay, Duration(50));
  EXPECT_EQ(stage.last().at("outcome"), "accepted") << "it was taken, only the answer is lost";
  EXPECT_EQ(stage.last().at("status"), 0);
}

}  // namespace
}  // namespace hg::pushsim
