#include "push/wns.h"

#include "push/testing.h"

namespace hg::push {
namespace {

using Kind = Message::Kind;

TEST(Wns, shows_a_toast_that_gives_the_notification_s_id_back) {
  EXPECT_TRUE(
      wns_payload(message(Kind::visual))
          .starts_with(R"(<toast launch="{&quot;notificationId&quot;:&quot;119081f2-0000-4000-8000-000000000001)"
                       R"(&quot;,&quot;appNotificationId&quot;:&quot;order-7&quot;}"><header id=")"));
  EXPECT_TRUE(
      wns_payload(message(Kind::visual))
          .ends_with(R"(title="orders" arguments=""/><visual><binding template="ToastGeneric">)"
                     R"(<text>Hello World!</text><text>Notifications are Great!</text></binding></visual></toast>)"));
  auto plain = message(Kind::visual);
  plain.group = plain.body = "";
  EXPECT_FALSE(wns_payload(plain).contains("<header"));
  EXPECT_TRUE(wns_payload(plain).contains("<text>Hello World!</text></binding>"));
}

TEST(Wns, no_text_can_leave_its_place_in_a_toast) {
  auto hostile = message(Kind::visual);
  hostile.title = "</text><action/>\"'&\x01\x1f";
  hostile.group = "\"><x>" + std::string(100, 'g');
  const auto written = wns_payload(hostile);
  EXPECT_TRUE(written.contains("<text>&lt;/text&gt;&lt;action/&gt;&quot;&#39;&amp;</text>"));
  EXPECT_FALSE(written.contains("<x>"));
}

TEST(Wns, says_in_headers_what_it_is_and_how_long_it_is_kept) {
  const auto headers = [](Kind kind, model::Priority priority) {
    auto one = message(kind);
    one.priority = priority;
    const auto made = wns_headers(one);
    return value_of(made, "X-WNS-Type") + ' ' + value_of(made, "Content-Type") + ' ' +
           value_of(made, "X-WNS-Cache-Policy") + ' ' + value_of(made, "X-WNS-TTL");
  };
  using enum model::Priority;
  EXPECT_EQ(headers(Kind::visual, low), "wns/toast text/xml cache 3600");
  EXPECT_EQ(headers(Kind::raw, high), "wns/raw application/octet-stream cache 3600");
  EXPECT_EQ(headers(Kind::raw, none), "wns/raw application/octet-stream cache 3600");
  EXPECT_EQ(headers(Kind::raw, low), "wns/raw application/octet-stream no-cache 3600");
  EXPECT_EQ(headers(Kind::change, high), "wns/raw application/octet-stream no-cache 3600");
  EXPECT_NE(value_of(wns_headers({}), "MS-CV"), value_of(wns_headers({}), "MS-CV"));
}

TEST(Wns, raw_content_is_the_signal) {
  const auto signal = parse_json(wns_payload(message(Kind::raw)))->as_object();
  EXPECT_EQ(signal.at("changeType"), "afsChange");
  EXPECT_EQ(signal.at("newETag"), "etag-of-version-2");
  EXPECT_EQ(signal.at("ticket"), "ticket");
  EXPECT_EQ(signal.at("activities").as_array().size(), 2U);
}

TEST(Wns, what_does_not_fit_is_fetched_or_shortened) {
  auto large = message(Kind::raw);
  large.signal.activities = {'"' + std::string(5000, 'x') + '"'};
  EXPECT_EQ(parse_json(wns_payload(large))->at("changeType"), "afsChangeNotification");
  large.kind = Kind::visual;
  large.body = std::string(3000, '&');
  EXPECT_LE(wns_payload(large).size(), 5000U);
  EXPECT_TRUE(wns_payload(large).contains("&amp;…</text>"));
}

TEST(Wns, an_accepted_notification_may_still_not_be_delivered) {
  const auto judged = [](std::vector<std::pair<std::string, std::string>> headers) {
    return told(judge_wns(answer(200, "", std::move(headers)), kNow));
  };
  EXPECT_EQ(judged({{"X-WNS-Status", "received"}}), "delivered");
  EXPECT_EQ(judged({{"X-WNS-Status", "dropped"}, {"X-WNS-DeviceConnectionStatus", "connected"}}), "rejected: dropped");
  EXPECT_EQ(judged({{"X-WNS-Status", "dropped"}, {"X-WNS-DeviceConnectionStatus", "disconnected"}}),
            "retry after 300 s: dropped: the device is disconnected");
  EXPECT_EQ(judged({{"X-WNS-Status", "dropped"}}), "retry after 300 s: dropped: the device is away");
  EXPECT_EQ(judged({{"X-WNS-Status", "channelthrottled"}}), "retry after 60 s: channelthrottled");
}

TEST(Wns, answers_are_judged_by_status_and_headers) {
  const auto judged = [](int status, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return told(judge_wns(answer(status, "", std::move(headers)), kNow));
  };
  EXPECT_EQ(judged(400), "rejected: 400 (alarm)");
  EXPECT_EQ(judged(401), "credentials: 401 (alarm)");
  EXPECT_EQ(judged(403), "rejected: 403 (alarm)");
  EXPECT_EQ(judged(404), "gone: 404");
  EXPECT_EQ(judged(405), "rejected: 405 (alarm)");
  EXPECT_EQ(judged(406, {{"Retry-After", "900"}, {"X-WNS-Status", "appthrottled"}}),
            "retry everywhere after 900 s: appthrottled");
  EXPECT_EQ(judged(406), "retry after 60 s: throttled");
  EXPECT_EQ(judged(410, {{"X-WNS-Error-Description", "Revoked channel URL"}}), "gone: Revoked channel URL");
  EXPECT_EQ(judged(410, {{"X-WNS-Error-Description", "Domain Blocked"}}), "credentials: Domain Blocked (alarm)");
  EXPECT_EQ(judged(413), "rejected: 413 (alarm)");
  EXPECT_EQ(judged(500), "retry everywhere: 500");
  EXPECT_EQ(judged(503, {{"Retry-After", "30"}}), "retry everywhere after 30 s: 503");
  EXPECT_EQ(judge_wns(answer(200, "", {{"X-WNS-Msg-ID", "4F2A"}}), kNow).id, "4F2A");
}

TEST(Wns, credentials_that_cannot_be_right_are_refused) {
  EXPECT_TRUE(read(WnsCredentials{"ms-app://s-1-15-2-1", "secret", ""}));
  EXPECT_TRUE(read(WnsCredentials{"11111111-2222-3333-4444-555555555555", "secret", "tenant"}));
  EXPECT_EQ(read(WnsCredentials{"11111111-2222-3333-4444-555555555555", "secret", ""}).error().target, "/clientId");
  EXPECT_EQ(read(WnsCredentials{"ms-app://s-1-15-2-1", "", ""}).error().target, "/clientSecret");
}

}  // namespace
}  // namespace hg::push
