#include "pushsim/wns.h"

#include <gtest/gtest.h>

#include "pushsim/testing.h"

namespace hg::pushsim {
namespace {

constexpr const char* kToast =
    R"(<toast launch="{}"><visual><binding template="ToastGeneric"><text>A &amp; B</text></binding></visual></toast>)";

class Wns : public testing::Test {
 protected:
  Answer grant(std::string_view path, const std::string& id, const std::string& secret, std::string_view scope) {
    auto made = call("POST", path, {{"Content-Type", "application/x-www-form-urlencoded"}},
                     fmt::format("grant_type=client_credentials&client_id={}&client_secret={}&scope={}",
                                 percent_encode(id), percent_encode(secret), percent_encode(scope)));
    return wns::token(stage.world, made);
  }
  Answer live(std::string_view scope = "notify.windows.com") {
    return grant("/accesstoken.srf", store.id, store.secret, scope);
  }
  Answer entra(const std::string& secret) {
    return grant("/" + sdk.tenant + "/oauth2/v2.0/token", sdk.id, secret, "https://wns.windows.com/.default");
  }
  static std::string token_in(const Answer& answer) {
    return std::string(body_of(answer).at("access_token").as_string());
  }

  Answer push(std::vector<net::Field> more, std::string body, Endpoint* to = nullptr, std::string bearer = {}) {
    std::vector<net::Field> headers{{"Authorization", "Bearer " + (bearer.empty() ? token : bearer)},
                                    {"Content-Length", std::to_string(body.size())}};
    for (net::Field& field : more) headers.push_back(std::move(field));
    auto made = call("POST", "/?token=" + percent_encode((to == nullptr ? channel : *to).id), std::move(headers),
                     std::move(body));
    return wns::push(stage.world, made);
  }
  Answer toast(std::vector<net::Field> more = {}, std::string body = kToast) {
    more.push_back({"X-WNS-Type", "wns/toast"});
    more.push_back({"Content-Type", "text/xml"});
    return push(std::move(more), std::move(body));
  }
  static std::string status(const Answer& answer) {
    return std::string(answer.response.headers.find("X-WNS-Status").value_or(""));
  }

  Stage stage;
  const App& store = stage.app(Platform::wns);
  const App& sdk = stage.app(Platform::wns, true);
  Endpoint& channel = stage.endpoint(Platform::wns, store.id);
  std::string token = token_in(live());
};

TEST_F(Wns, has_two_token_services) {
  EXPECT_EQ(body_of(live()).at("expires_in"), 86400);
  EXPECT_EQ(body_of(entra(sdk.secret)).at("expires_in"), "86399") << "a text";
  EXPECT_EQ(body_of(live("wns")).at("error"), "invalid_scope");
  const auto wrong = entra("guess");
  EXPECT_EQ(wrong.response.status, 401);
  EXPECT_TRUE(body_of(wrong).at("error_description").as_string().starts_with("AADSTS7000215"));
  EXPECT_EQ(grant("/other/oauth2/v2.0/token", sdk.id, sdk.secret, "https://wns.windows.com/.default").response.status,
            400);
  EXPECT_EQ(grant("/accesstoken.srf", sdk.id, sdk.secret, "notify.windows.com").response.status, 400);
}

TEST_F(Wns, takes_a_toast_and_reads_its_texts) {
  const auto answer = toast({{"X-WNS-RequestForStatus", "true"}, {"MS-CV", "abc.1"}, {"X-WNS-TTL", "60"}});
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_EQ(status(answer), "received");
  EXPECT_EQ(answer.response.headers.find("X-WNS-DeviceConnectionStatus"), "connected");
  EXPECT_EQ(answer.response.headers.find("MS-CV"), "abc.1");
  EXPECT_EQ(stage.last().at("texts"), json::array{"A & B"});
}

TEST_F(Wns, reads_every_header) {
  const std::vector<net::Field> bad{{"X-WNS-Cache-Policy", "maybe"},
                                    {"X-WNS-RequestForStatus", "yes"},
                                    {"X-WNS-TTL", "0"},
                                    {"X-WNS-Tag", "a-b"},
                                    {"X-WNS-Tag", std::string(17, 'x')},
                                    {"X-WNS-Match", "x"},
                                    {"Expect", "100-continue"},
                                    {"Transfer-Encoding", "chunked"}};
  for (const net::Field& field : bad) EXPECT_EQ(toast({field}).response.status, 400) << field.name;
  EXPECT_EQ(push({{"Content-Type", "text/xml"}}, kToast).response.status, 400) << "no type";
  EXPECT_EQ(push({{"X-WNS-Type", "wns/raw"}, {"Content-Type", "text/xml"}}, "x").response.status, 400);
  EXPECT_EQ(push({{"X-WNS-Type", "wns/raw"}, {"Content-Type", "application/octet-stream"}}, "x").response.status, 200);
}

TEST_F(Wns, reads_the_payload) {
  EXPECT_EQ(toast({}, "<toast>").response.status, 400);
  EXPECT_EQ(toast({}, "<tile/>").response.status, 400);
  EXPECT_EQ(toast({}, "").response.status, 400);
  const auto sized = [&](std::size_t size) { return toast({}, "<toast>" + std::string(size - 15, 'x') + "</toast>"); };
  EXPECT_EQ(sized(5000).response.status, 200);
  EXPECT_EQ(sized(5001).response.status, 413);
}

TEST_F(Wns, gives_the_windows_app_sdk_toasts_and_raw_only) {
  Endpoint& its = stage.endpoint(Platform::wns, sdk.id);
  const auto bearer = token_in(entra(sdk.secret));
  const std::vector<net::Field> badge{{"X-WNS-Type", "wns/badge"}, {"Content-Type", "text/xml"}};
  EXPECT_EQ(push(badge, "<badge value=\"1\"/>", &its, bearer).response.status, 400);
  EXPECT_EQ(push(badge, "<badge value=\"1\"/>").response.status, 200) << "a Store app may";
  EXPECT_EQ(push(badge, "<badge value=\"1\"/>", &its).response.status, 403) << "another app's channel";
}

TEST_F(Wns, ends_tokens_and_channels) {
  channel.state = Endpoint::State::gone;
  auto answer = toast();
  EXPECT_EQ(answer.response.status, 410);
  EXPECT_EQ(answer.response.headers.find("X-WNS-Error-Description"), "Revoked channel URL");
  channel.state = Endpoint::State::expired;
  EXPECT_EQ(toast().response.headers.find("X-WNS-Error-Description"), "Channel expired");
  stage.world.endpoints.remove(Platform::wns, std::string(channel.id));
  auto made = call("POST", "/?token=gone",
                   {{"Authorization", "Bearer " + token},
                    {"Content-Length", "1"},
                    {"X-WNS-Type", "wns/raw"},
                    {"Content-Type", "application/octet-stream"}},
                   "x");
  EXPECT_EQ(wns::push(stage.world, made).response.status, 404);
  stage.clock.time += std::chrono::hours(24);
  EXPECT_EQ(wns::push(stage.world, made).response.status, 401);
}

TEST_F(Wns, throttles_and_drops_when_asked) {
  stage.world.faults.add({{"fault", "status"}, {"status", 406}, {"retryAfter", 900}, {"times", 1}}).value();
  const auto throttled = toast();
  EXPECT_EQ(throttled.response.status, 406);
  EXPECT_EQ(throttled.response.headers.find("Retry-After"), "900");
  EXPECT_EQ(status(throttled), "appthrottled");
  stage.world.faults.add({{"fault", "dropped"}, {"times", 1}}).value();
  channel.online = false;
  const auto dropped = toast({{"X-WNS-RequestForStatus", "true"}});
  EXPECT_EQ(dropped.response.status, 200);
  EXPECT_EQ(status(dropped), "dropped");
  EXPECT_EQ(dropped.response.headers.find("X-WNS-DeviceConnectionStatus"), "disconnected");
  EXPECT_EQ(stage.last().at("outcome"), "disturbed");
  stage.world.faults.add({{"fault", "channelThrottled"}, {"times", 1}}).value();
  EXPECT_EQ(status(toast()), "channelthrottled");
  EXPECT_EQ(status(toast()), "received");
}

}  // namespace
}  // namespace hg::pushsim
