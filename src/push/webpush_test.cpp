#include "push/webpush.h"

#include "crypto/hash.h"
#include "push/testing.h"

namespace hg::push {
namespace {

using Kind = Message::Kind;

struct Browser {
  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::Alg::es256);
  Buffer secret = crypto::random_bytes(16);

  [[nodiscard]] model::Channel channel(const std::string& endpoint) const {
    const json::object keys{{"p256dh", base64url(key.point())}, {"auth", base64url(secret)}};
    return {.kind = model::ChannelKind::webpush,
            .address = json::serialize(json::object{{"endpoint", endpoint}, {"keys", keys}}),
            .environment = {},
            .application_server_key = {}};
  }
};

TEST(WebPush, only_host_names_at_their_usual_port_are_pushed_to) {
  const Browser browser;
  const auto taken = [&](const std::string& url, bool loopback = false) {
    return read_endpoint(browser.channel(url), loopback).has_value();
  };
  EXPECT_TRUE(taken("https://updates.push.services.mozilla.com/wpush/v2/gAAAA"));
  EXPECT_TRUE(taken("https://web.push.apple.com:443/x"));
  for (const char* url :
       {"http://push.example/x", "https://127.0.0.1/x", "https://2130706433/x", "https://0x7f000001/x",
        "https://[::1]/x", "https://push.example:8443/x", "https://push.example:22/x", "https://user@push.example/x",
        "https://push.example@169.254.169.254/x", "file:///etc/passwd", "gopher://push.example/x", "push.example/x",
        ""})
    EXPECT_FALSE(taken(url)) << url;
  EXPECT_TRUE(taken("https://localhost:8091/push/x", true));
  EXPECT_TRUE(taken("http://127.0.0.1:8090/push/x", true));
  EXPECT_FALSE(taken("http://push.example/x", true));
  EXPECT_FALSE(taken("https://10.0.0.1/x", true));
}

TEST(WebPush, only_hosts_that_are_allowed_are_pushed_to_where_some_are_named) {
  const Browser browser;
  const std::vector<std::string> hosts{"fcm.googleapis.com", "*.push.apple.com"};
  const auto taken = [&](const std::string& url) {
    return read_endpoint(browser.channel(url), false, hosts).has_value();
  };
  for (const char* url : {"https://fcm.googleapis.com/x", "https://FCM.googleapis.com/x",
                          "https://web.push.apple.com/x", "https://a.b.push.apple.com/x"})
    EXPECT_TRUE(taken(url)) << url;
  for (const char* url : {"https://push.example/x", "https://push.apple.com/x", "https://evilpush.apple.com/x",
                          "https://xfcm.googleapis.com/x", "https://x.fcm.googleapis.com/x",
                          "https://fcm.googleapis.com.push.example/x", "https://fcm.googleapis.com./x"})
    EXPECT_FALSE(taken(url)) << url;
}

TEST(WebPush, keys_that_are_none_are_refused_and_missing_ones_only_wake) {
  model::Channel channel{.kind = model::ChannelKind::webpush,
                         .address = R"({"endpoint":"https://push.example/x"})",
                         .environment = {},
                         .application_server_key = {}};
  EXPECT_FALSE(read_endpoint(channel, false)->keys);
  channel.address = R"({"endpoint":"https://push.example/x","keys":{"p256dh":"BA","auth":"AA"}})";
  EXPECT_FALSE(read_endpoint(channel, false));
  channel.address = "https://push.example/x";
  EXPECT_FALSE(read_endpoint(channel, false));
}

TEST(WebPush, says_in_headers_how_long_how_urgent_and_what_it_replaces) {
  auto one = message(Kind::raw);
  const auto headers = webpush_headers(one, true);
  EXPECT_EQ(value_of(headers, "TTL"), "3600");
  EXPECT_EQ(value_of(headers, "Urgency"), "high");
  EXPECT_EQ(value_of(headers, "Topic").size(), 32U);
  EXPECT_EQ(value_of(headers, "Content-Encoding"), "aes128gcm");
  EXPECT_EQ(value_of(webpush_headers(one, false), "Content-Encoding"), "(none)");
  one.priority = model::Priority::none;
  EXPECT_EQ(value_of(webpush_headers(one, true), "Urgency"), "normal");
  one.priority = model::Priority::low;
  EXPECT_EQ(value_of(webpush_headers(one, true), "Urgency"), "low");
  one.kind = Kind::visual;
  EXPECT_EQ(value_of(webpush_headers(one, true), "Urgency"), "high");
  EXPECT_EQ(value_of(webpush_headers(one, true), "Topic"), value_of(headers, "Topic"));
}

TEST(WebPush, no_message_is_larger_than_services_must_take) {
  auto large = message(Kind::raw);
  EXPECT_EQ(parse_json(webpush_text(large))->at("changeType"), "afsChange");
  large.signal.activities = {'"' + std::string(3993, 'x') + '"'};
  EXPECT_EQ(parse_json(webpush_text(large))->at("changeType"), "afsChangeNotification");
  EXPECT_EQ(traits(model::ChannelKind::webpush).most_payload + crypto::kPushOverhead, 4096U);
}

TEST(WebPush, answers_are_judged_by_status) {
  const Browser browser;
  const auto endpoint = read_endpoint(browser.channel("https://push.example/x"), false).value();
  const auto judged = [&](int status, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return judge_webpush(answer(status, "", std::move(headers)), endpoint, kNow);
  };
  EXPECT_EQ(told(judged(201)), "delivered");
  EXPECT_EQ(told(judged(202)), "delivered");
  EXPECT_EQ(told(judged(404)), "gone: 404");
  EXPECT_EQ(told(judged(410)), "gone: 410");
  EXPECT_EQ(told(judged(400)), "rejected: 400 (alarm)");
  EXPECT_EQ(told(judged(401)), "rejected: 401 (alarm)");
  EXPECT_EQ(told(judged(403)), "rejected: 403 (alarm)");
  EXPECT_EQ(told(judged(413)), "rejected: 413 (alarm)");
  EXPECT_EQ(told(judged(302)), "rejected: 302 (alarm)");
  EXPECT_EQ(told(judged(406, {{"Retry-After", "5"}})), "retry after 5 s: 406");
  EXPECT_EQ(told(judged(429, {{"Retry-After", "5"}})), "retry after 5 s: 429");
  EXPECT_EQ(told(judged(503)), "retry everywhere: 503");
}

TEST(WebPush, a_message_can_be_taken_back_only_where_it_was_sent) {
  const Browser browser;
  const auto endpoint = read_endpoint(browser.channel("https://push.example/x"), false).value();
  const auto location = [&](std::string value) {
    return judge_webpush(answer(201, "", {{"Location", std::move(value)}}), endpoint, kNow).location;
  };
  EXPECT_EQ(location("https://push.example/m/1"), "https://push.example/m/1");
  EXPECT_EQ(location("/m/1"), "https://push.example/m/1");
  for (const char* other : {"//evil.example/m/1", "https://evil.example/m/1", "http://push.example/m/1", "m/1", ""})
    EXPECT_EQ(location(other), "") << other;
}

TEST(WebPush, credentials_must_tell_whom_to_reach) {
  const auto der = crypto::PrivateKey::generate(crypto::Alg::es256).der();
  const std::vector<std::string> keys{std::string(as_text(der))};
  EXPECT_TRUE(read(WebPushCredentials{keys, "mailto:ops@contoso.example"}));
  EXPECT_TRUE(read(WebPushCredentials{keys, "https://contoso.example/contact"}));
  for (const char* subject :
       {"", "ops@contoso.example", "mailto:", "mailto:admin@localhost", "https://localhost/", "http://x.example"})
    EXPECT_EQ(read(WebPushCredentials{keys, subject}).error().target, "/subject") << subject;
  EXPECT_EQ(read(WebPushCredentials{{}, "mailto:ops@contoso.example"}).error().target, "/keys");
  EXPECT_EQ(read(WebPushCredentials{{"x"}, "mailto:ops@contoso.example"}).error().target, "/keys");
}

}  // namespace
}  // namespace hg::push
