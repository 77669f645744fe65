#include "pushsim/webpush.h"

#include <gtest/gtest.h>

#include "crypto/ece.h"
#include "crypto/vapid.h"
#include "pushsim/testing.h"

namespace hg::pushsim {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class WebPush : public testing::Test {
 protected:
  struct Claims {
    std::string aud = "https://localhost:2", sub = "mailto:push@example.com";
    Duration life{hours(12)};
  };
  [[nodiscard]] std::string vapid(const Claims& claims) const {
    const App& app = stage.app(Platform::web_push);
    const std::string text = json::serialize(json::object{
        {"aud", claims.aud}, {"sub", claims.sub}, {"exp", hg::pushsim::seconds(stage.clock.now() + claims.life)}});
    return "vapid t=" + crypto::sign_jwt(*app.key, "", "JWT", text) + ", k=" + app.id;
  }
  [[nodiscard]] std::string sealed(std::string_view clear) const {
    const auto to = crypto::PushKeys::parse(base64url(browser.key->point()), base64url(browser.secret));
    return std::string(as_text(crypto::encrypt_push(*to, as_bytes(clear))));
  }
  Answer push(std::string_view authorization, std::vector<net::Field> more = {}, std::string_view clear = "hello") {
    std::vector<net::Field> headers{{"TTL", "60"}, {"Content-Encoding", "aes128gcm"}};
    if (!authorization.empty()) headers.push_back({"Authorization", std::string(authorization)});
    for (net::Field& field : more) headers.push_back(std::move(field));
    auto made = call("POST", "/push/" + browser.id, std::move(headers), sealed(clear));
    return webpush::push(stage.world, made);
  }
  int withdraw(std::string_view location) {
    auto made = call("DELETE", location.substr(std::string_view("https://localhost:2").size()), {}, "");
    return webpush::withdraw(stage.world, made).response.status;
  }

  Stage stage;
  Endpoint& browser = stage.endpoint(Platform::web_push, stage.app(Platform::web_push).id);
};

TEST_F(WebPush, reads_what_it_is_sent) {
  const auto answer = push(vapid({}), {{"Topic", "a"}, {"Urgency", "low"}});
  EXPECT_EQ(answer.response.status, 201) << answer.response.body;
  EXPECT_EQ(stage.last().at("message"), "hello");
  EXPECT_EQ(stage.last().at("urgency"), "low");
}

TEST_F(WebPush, takes_what_our_own_signer_makes) {
  crypto::Vapid signer(*stage.app(Platform::web_push).key, "mailto:push@example.com");
  EXPECT_EQ(push(signer.authorization("https://localhost:2", stage.clock.now())).response.status, 201);
}

TEST_F(WebPush, judges_who_sends) {
  const auto status = [&](const Claims& claims) { return push(vapid(claims)).response.status; };
  EXPECT_EQ(status({.aud = "https://push.example.com"}), 403);
  EXPECT_EQ(stage.problem(), "aud must be the endpoint's origin, https://localhost:2; it is https://push.example.com");
  EXPECT_EQ(status({.life = seconds(-1)}), 403);
  EXPECT_EQ(status({.life = hours(25)}), 403);
  EXPECT_EQ(status({.sub = "me"}), 403);
  EXPECT_EQ(status({.sub = "mailto:push@localhost"}), 403);
  EXPECT_EQ(push("").response.status, 401);
  EXPECT_EQ(push("Bearer x").response.status, 401);
  EXPECT_EQ(push(vapid({}).replace(10, 1, "_")).response.status, 401) << "another header was signed";
  stage.world.apps.push_back(*new_app({{"platform", "webPush"}}));
  browser.app = stage.world.apps.back().id;
  EXPECT_EQ(status({}), 403);
  EXPECT_EQ(stage.problem(), "the subscription is bound to another application server key");
}

TEST_F(WebPush, judges_a_field_that_it_knows_again) {
  const auto field = vapid({});
  EXPECT_EQ(push(field).response.status, 201);
  EXPECT_EQ(push(field).response.status, 201);
  stage.clock.time += hours(13);
  EXPECT_EQ(push(field).response.status, 403);
}

TEST_F(WebPush, does_without_vapid_where_the_subscription_does) {
  browser.app.clear();
  EXPECT_EQ(push("").response.status, 201);
  EXPECT_EQ(push(vapid({.life = seconds(-1)})).response.status, 403) << "but what is there must be right";
}

TEST_F(WebPush, keeps_for_browsers_that_are_away) {
  browser.online = false;
  const auto first = push(vapid({}), {{"Topic", "a"}});
  const auto second = push(vapid({}), {{"Topic", "a"}});
  ASSERT_EQ(stage.world.queue.waiting(browser.id, stage.clock.now()).size(), 1U);
  EXPECT_TRUE(stage.last().contains("replaced"));
  EXPECT_EQ(withdraw(*first.response.headers.find("Location")), 404);
  stage.clock.time += seconds(60);
  EXPECT_TRUE(stage.world.queue.waiting(browser.id, stage.clock.now()).empty()) << "its TTL has ended";
  EXPECT_EQ(withdraw(*second.response.headers.find("Location")), 404);
  const auto third = push(vapid({}));
  EXPECT_EQ(withdraw(*third.response.headers.find("Location")), 204);
  EXPECT_EQ(stage.last().at("kind"), "withdraw");
}

TEST_F(WebPush, tells_the_dead_from_the_expired) {
  browser.state = Endpoint::State::gone;
  EXPECT_EQ(push(vapid({})).response.status, 410);
  browser.state = Endpoint::State::expired;
  const auto answer = push(vapid({}));
  EXPECT_EQ(answer.response.status, 404);
  EXPECT_EQ(body_of(answer).at("errno"), 102);
}

TEST_F(WebPush, takes_3993_bytes_of_clear_text) {
  EXPECT_EQ(push(vapid({}), {}, std::string(3993, 'x')).response.status, 201);
  EXPECT_EQ(push(vapid({}), {}, std::string(3994, 'x')).response.status, 413);
}

}  // namespace
}  // namespace hg::pushsim
