#include "model/subscription.h"

#include <gtest/gtest.h>

#include "model/channel.h"

namespace hg::model {
namespace {

const Time kNow = *parse_iso("2026-11-23T22:05:36Z");
const std::string kPoint = base64url(as_bytes("\x04" + std::string(64, 'p')));
const std::string kAuth = base64url(as_bytes(std::string(16, 'a')));

Result<SubscribeRequest> subscribe(const std::string& more) {
  return parse_subscribe(parse_json(R"({"deviceId": "d")" + (more.empty() ? "" : ", " + more) + "}").value(), kNow);
}
Result<SubscribeRequest> channel(const std::string& data) {
  return subscribe(R"("crossPlatformChannelData": )" + data);
}

std::string refusal(const Result<SubscribeRequest>& parsed) {
  if (parsed) return "accepted";
  return (parsed.error().code == Code::property_missing ? "missing " : "invalid ") + parsed.error().target;
}

// A PushSubscription as a browser writes it, as a JSON string.
std::string push(const std::string& endpoint, const std::string& point, const std::string& auth) {
  const json::object subscription{
      {"endpoint", endpoint}, {"expirationTime", nullptr}, {"keys", {{"p256dh", point}, {"auth", auth}}}};
  return json::serialize(json::string(json::serialize(subscription)));
}
std::string webpush(const std::string& token, const std::string& more = "") {
  return R"({"platformType": "webpush", "pushToken": )" + token + more + "}";
}

TEST(ParseSubscribe, without_a_channel_is_live_only) {
  for (const char* more : {"", R"("crossPlatformChannelData": {"platformType": "live"})",
                           R"("crossPlatformChannelData": {"platformType": "polling"})",
                           R"("crossPlatformChannelData": {"appPackageName": "com.contoso"})", R"("channelUrl": "")"}) {
    const auto parsed = subscribe(more);
    ASSERT_TRUE(parsed) << more;
    EXPECT_EQ(parsed->channel.kind, ChannelKind::live);
    EXPECT_EQ(parsed->channel.address, "");
    EXPECT_EQ(parsed->counts_as, Platform::none);
    EXPECT_EQ(parsed->notification_type, NotificationType::with_payload);
    EXPECT_FALSE(parsed->expires_at || parsed->sync_days);
  }
}

TEST(ParseSubscribe, reads_what_a_mobile_client_of_the_retired_service_sends) {
  const auto parsed = parse_subscribe(
      parse_json(R"({"crossPlatformChannelData":{"platformType":"gcm","appPackageName":"ARG2","pushToken":"ARG1",
                    "appDisplayName":"ARG3"},"deviceId":"dds:5c6f","publisherFilters":[{"application":"*",
                    "activityTypes":[13]}]})")
          .value(),
      kNow);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->device_id, "dds:5c6f");
  EXPECT_EQ(parsed->channel.kind, ChannelKind::fcm);
  EXPECT_EQ(parsed->channel.address, "ARG1");
  EXPECT_EQ(parsed->counts_as, Platform::android);
  EXPECT_EQ(parsed->app_package_name, "ARG2");
  EXPECT_EQ(parsed->app_display_name, "ARG3");
  EXPECT_TRUE(parsed->filter_applications.empty());
  EXPECT_EQ(parsed->filters, R"([{"application":"*","activityTypes":[13]}])");
}

TEST(ParseSubscribe, knows_the_names_of_platforms) {
  const std::vector<std::tuple<std::string, ChannelKind, Platform>> names{{"fcm", ChannelKind::fcm, Platform::android},
                                                                          {"GCM", ChannelKind::fcm, Platform::android},
                                                                          {"apns", ChannelKind::apns, Platform::ios},
                                                                          {"apn", ChannelKind::apns, Platform::ios}};
  for (const auto& [name, kind, platform] : names) {
    const auto parsed = channel(R"({"platformType": ")" + name + R"(", "pushToken": "token"})");
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed->channel.kind, kind);
    EXPECT_EQ(parsed->counts_as, platform);
  }
}

TEST(ParseSubscribe, counts_an_endpoint_as_the_platform_it_names) {
  const auto parsed = channel(R"({"platformType": "live", "platform": "ios"})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->counts_as, Platform::ios);
  EXPECT_EQ(channel(R"({"platformType": "fcm", "pushToken": "t", "platform": "iOS"})")->counts_as, Platform::ios);
}

TEST(ParseSubscribe, takes_a_channel_url_for_wns_by_its_host) {
  const std::string uri = "https://db5p.notify.windows.com/?token=AwYAAAB";
  const auto parsed = subscribe(R"("channelUrl": ")" + uri + "\"");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->channel.kind, ChannelKind::wns);
  EXPECT_EQ(parsed->channel.address, uri);
  EXPECT_EQ(parsed->channel_url, uri);
  EXPECT_EQ(parsed->counts_as, Platform::windows);
  const auto named = channel(R"({"platformType": "wns", "pushToken": ")" + uri + "\"}");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->channel.address, uri);
  EXPECT_EQ(subscribe(R"("crossPlatformChannelData": {"platformType": "wns"}, "channelUrl": ")" + uri + "\"")
                ->channel.address,
            uri);
}

TEST(ParseSubscribe, takes_any_other_channel_url_for_a_web_push_endpoint) {
  for (const std::string url : {"https://updates.push.services.mozilla.com/wpush/v2/x",
                                "https://db5p.notify.windows.com/w/?token=x", "https://notify.windows.com.evil/x"}) {
    const auto parsed = subscribe(R"("channelUrl": ")" + url + "\"");
    ASSERT_TRUE(parsed) << url;
    EXPECT_EQ(parsed->channel.kind, ChannelKind::webpush);
    EXPECT_EQ(parsed->channel.address, R"({"endpoint":")" + url + "\"}");
  }
}

TEST(ParseSubscribe, keeps_endpoint_and_keys_of_a_push_subscription) {
  const auto parsed = channel(webpush(push("https://push.example/x", kPoint, kAuth),
                                      R"(, "applicationServerKey": ")" + kPoint + R"(=", "appPackageName": "w")"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->channel.kind, ChannelKind::webpush);
  EXPECT_EQ(parsed->channel.address,
            R"({"endpoint":"https://push.example/x","keys":{"p256dh":")" + kPoint + R"(","auth":")" + kAuth + "\"}}");
  EXPECT_EQ(parsed->channel.application_server_key, kPoint);
  EXPECT_EQ(parsed->counts_as, Platform::webpush);
}

TEST(ParseSubscribe, names_what_is_wrong_with_a_channel) {
  const std::string data = "/crossPlatformChannelData/";
  const std::string endpoint = "https://push.example/x";
  const std::string short_point = base64url(as_bytes("\x04" + std::string(63, 'p')));
  const std::string compressed = base64url(as_bytes("\x02" + std::string(64, 'p')));
  const std::vector<std::pair<Result<SubscribeRequest>, std::string>> cases{
      {subscribe(R"("channelUrl": "http://push.example/x")"), "invalid /channelUrl"},
      {subscribe(R"("channelUrl": "https://user@push.example/x")"), "invalid /channelUrl"},
      {subscribe(R"("channelUrl": 5)"), "invalid /channelUrl"},
      {channel("[]"), "invalid /crossPlatformChannelData"},
      {channel(R"({"platformType": "bada", "pushToken": "x"})"), "invalid " + data + "platformType"},
      {channel(R"({"pushToken": "x"})"), "missing " + data + "platformType"},
      {channel(R"({"platformType": "fcm"})"), "missing " + data + "pushToken"},
      {channel(R"({"platformType": "fcm", "pushToken": ""})"), "invalid " + data + "pushToken"},
      {channel(R"({"platformType": "fcm", "pushToken": "a b"})"), "invalid " + data + "pushToken"},
      {channel(R"({"platformType": "fcm", "pushToken": {}})"), "invalid " + data + "pushToken"},
      {channel(R"({"platformType": "wns"})"), "missing " + data + "pushToken"},
      {channel(R"({"platformType": "wns", "pushToken": "token"})"), "invalid " + data + "pushToken"},
      {channel(R"({"platformType": "apns", "pushToken": "t", "environment": "Sandbox"})"), "accepted"},
      {channel(R"({"platformType": "apns", "pushToken": "t", "environment": "test"})"),
       "invalid " + data + "environment"},
      {channel(R"({"platform": "Symbian"})"), "invalid " + data + "platform"},
      {subscribe(R"("channelUrl": "https://a.b/", "crossPlatformChannelData": {"platformType": "live"})"),
       "invalid " + data + "platformType"},
      {channel(webpush("\"token\"")), "invalid " + data + "pushToken"},
      {channel(webpush("\"[]\"")), "invalid " + data + "pushToken"},
      {channel(webpush("\"{}\"")), "missing " + data + "pushToken/endpoint"},
      {channel(webpush(push("http://push.example/x", kPoint, kAuth))), "invalid " + data + "pushToken/endpoint"},
      {channel(webpush(push(endpoint, short_point, kAuth))), "invalid " + data + "pushToken/keys/p256dh"},
      {channel(webpush(push(endpoint, compressed, kAuth))), "invalid " + data + "pushToken/keys/p256dh"},
      {channel(webpush(push(endpoint, kPoint, "c2hvcnQ"))), "invalid " + data + "pushToken/keys/auth"},
      {channel(webpush(push(endpoint, kPoint, kAuth), R"(, "applicationServerKey": "BA")")),
       "invalid " + data + "applicationServerKey"},
  };
  for (const auto& [parsed, expected] : cases) EXPECT_EQ(refusal(parsed), expected);
}

TEST(ParseSubscribe, reads_publisher_filters) {
  const auto parsed = subscribe(R"("publisherFilters": [
    {"platform": "android", "application": "contoso.com", "activityTypes": [], "notificationType": "notificationonly"},
    {"application": "*", "activityTypes": [6, 13], "notificationType": "NoNotification"}, {"application": "b"}])");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->notification_type, NotificationType::only);
  EXPECT_EQ(parsed->filter_applications, (std::vector<std::string>{"contoso.com", "b"}));
}

TEST(ParseSubscribe, names_what_is_wrong_with_the_rest) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("publisherFilters": {})", "invalid /publisherFilters"},
      {R"("publisherFilters": [5])", "invalid /publisherFilters/0"},
      {R"("publisherFilters": [{}, {"activityTypes": [6]}])", "invalid /publisherFilters/1/activityTypes"},
      {R"("publisherFilters": [{"activityTypes": ["13"]}])", "invalid /publisherFilters/0/activityTypes"},
      {R"("publisherFilters": [{"activityTypes": 13}])", "invalid /publisherFilters/0/activityTypes"},
      {R"("publisherFilters": [{"notificationType": "Some"}])", "invalid /publisherFilters/0/notificationType"},
      {R"("publisherFilters": [{"application": 1}])", "invalid /publisherFilters/0/application"},
      {R"("publisherFilters": [])", "accepted"},
      {R"("localSyncRangeInDays": 7)", "accepted"},
      {R"("localSyncRangeInDays": -1)", "invalid /localSyncRangeInDays"},
      {R"("localSyncRangeInDays": "7")", "invalid /localSyncRangeInDays"},
      {R"("expirationDateTime": "2026-11-23T22:05:36Z")", "invalid /expirationDateTime"},
      {R"("expirationDateTime": "2027-02-21T22:05:36Z")", "accepted"},
      {R"("expirationDateTime": "2027-02-22T22:05:36Z")", "invalid /expirationDateTime"},
      {R"("applicationId": 5)", "invalid /applicationId"},
  };
  for (const auto& [more, expected] : cases) EXPECT_EQ(refusal(subscribe(more)), expected) << more;
}

TEST(ParseSubscribe, needs_to_know_the_device) {
  const auto with = [](const json::value& id) { return parse_subscribe(json::object{{"deviceId", id}}, kNow); };
  EXPECT_EQ(refusal(parse_subscribe(json::object(), kNow)), "missing /deviceId");
  EXPECT_EQ(refusal(with("")), "invalid /deviceId");
  EXPECT_EQ(refusal(with(5)), "invalid /deviceId");
  EXPECT_EQ(refusal(with(json::value(json::string(std::size_t{256}, 'd')))), "accepted");
  EXPECT_EQ(refusal(with(json::value(json::string(std::size_t{257}, 'd')))), "invalid /deviceId");
  EXPECT_EQ(parse_subscribe(json::array(), kNow).error().code, Code::not_an_object);
}

TEST(ParseSubscribe, finds_every_mistake) {
  const auto parsed = parse_subscribe(
      json::parse(R"({"crossPlatformChannelData": {"platformType": "apns"}, "localSyncRangeInDays": {}})"), kNow);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().target, "/deviceId");
  ASSERT_EQ(parsed.error().details.size(), 2u);
  EXPECT_EQ(parsed.error().details[0].target, "/crossPlatformChannelData/pushToken");
  EXPECT_EQ(parsed.error().details[1].target, "/localSyncRangeInDays");
}

TEST(Subscription, is_active_until_its_end) {
  Subscription subscription;
  subscription.expires_at = kNow;
  EXPECT_FALSE(subscription.active(kNow));
  EXPECT_TRUE(subscription.active(kNow - Duration(1)));
  subscription.ended_at = kNow;
  EXPECT_FALSE(subscription.active(kNow - Duration(1)));
  EXPECT_EQ(name(EndReason::channel_moved), "channelMoved");
  EXPECT_EQ(name(EndReason::none), "");
}

TEST(HttpsHost, is_the_host_alone) {
  EXPECT_EQ(https_host("HTTPS://A.example:8443/x?y"), "a.example");
  EXPECT_EQ(https_host("https://a.example"), "a.example");
  for (const char* bad : {"", "https://", "https:///x", "ftp://a", "https://a b/", "https://u:p@a/", "https://a/#f"})
    EXPECT_FALSE(https_host(bad)) << bad;
}

}  // namespace
}  // namespace hg::model
