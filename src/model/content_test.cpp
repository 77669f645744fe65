#include <gtest/gtest.h>

#include "model/notification.h"

namespace hg::model {
namespace {

const Time kNow = *parse_iso("2026-11-23T22:05:36.250Z");

// A post with `more` members beside the least that is right.
Result<Post> post(const std::string& more, const std::string& payload = R"({"rawContent": "x"})") {
  const std::string text = R"({"targetHostName": "contoso.com", "appNotificationId": "a", "payload": )" + payload +
                           (more.empty() ? "" : ", " + more) + "}";
  return parse_post(parse_json(text).value(), kNow);
}

Content content(const std::string& more, const std::string& payload = R"({"rawContent": "x"})") {
  auto parsed = post(more, payload);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? parsed->content : Content{};
}

std::string text_of(std::size_t characters, std::string_view character = "x") {
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) text += character;
  return text;
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

// "code target", so that a table can say both.
std::string refusal(const Result<Post>& parsed) {
  if (parsed) return "accepted";
  const char* code = parsed.error().code == Code::property_missing   ? "missing "
                     : parsed.error().code == Code::property_invalid ? "invalid "
                     : parsed.error().code == Code::too_large        ? "too large "
                                                                     : "other ";
  return code + parsed.error().target;
}

TEST(ParsePost, reads_the_whole_notification) {
  const auto parsed = parse_post(parse_json(R"({
    "targetHostName": "Contoso.com", "appNotificationId": "order-1", "groupName": "orders",
    "payload": {"rawContent": "raw", "visualContent": {"title": "Hello", "body": "World"}},
    "targetPolicy": {"platformTypes": ["windows", "IOS"]}, "displayTimeToLive": 60,
    "expirationDateTime": "2026-11-30T22:05:36.25+00:00", "priority": "low",
    "deliveryPolicy": {"mode": "firstactive", "escalateAfterSeconds": 5}, "someday": {"more": 1}})")
                                     .value(),
                                 kNow);
  ASSERT_TRUE(parsed);
  const Content& content = parsed->content;
  EXPECT_EQ(parsed->target_host_name, "Contoso.com");
  EXPECT_EQ(content.app_notification_id, "order-1");
  EXPECT_EQ(content.group_name, "orders");
  EXPECT_EQ(content.raw_content, "raw");
  EXPECT_EQ(content.title, "Hello");
  EXPECT_EQ(content.body, "World");
  EXPECT_EQ(content.platforms, 3);
  EXPECT_EQ(content.display_ttl, 60);
  EXPECT_EQ(iso(content.expires_at), "2026-11-30T22:05:36.250Z");
  EXPECT_EQ(content.priority, Priority::low);
  EXPECT_EQ(content.policies, R"({"targetPolicy":{"platformTypes":["Windows","iOS"]},)"
                              R"("deliveryPolicy":{"mode":"firstActive","escalateAfterSeconds":5}})");
}

TEST(ParsePost, has_the_defaults_of_the_original) {
  const Content content = hg::model::content("");
  EXPECT_EQ(content.expires_at, kNow + std::chrono::days(7));
  EXPECT_EQ(content.priority, Priority::high);
  EXPECT_EQ(content.platforms, kAllPlatforms);
  EXPECT_FALSE(content.display_ttl);
  EXPECT_FALSE(content.group_name);
  EXPECT_EQ(content.policies, "");
}

TEST(ParsePost, reads_null_as_absent) {
  const Content content = hg::model::content(
      R"("groupName": null, "priority": null, "displayTimeToLive": null, "expirationDateTime": null,
         "targetPolicy": null, "fallbackPolicy": null, "deliveryPolicy": null)",
      R"({"rawContent": "x", "visualContent": null})");
  EXPECT_FALSE(content.group_name);
  EXPECT_EQ(content.priority, Priority::high);
  EXPECT_EQ(content.policies, "");
}

TEST(ParsePost, reads_a_wrapped_notification_and_names_paths_within_the_body) {
  const auto wrapped = parse_json(R"({"notification": {"targetHostName": "c", "appNotificationId": "a",
                                      "payload": {"rawContent": "x"}, "priority": "Urgent"}})");
  const auto parsed = parse_post(wrapped.value(), kNow);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().target, "/notification/priority");
  EXPECT_EQ(parsed.error().message, R"(priority is "Urgent"; None, High or Low is right)");
}

TEST(ParsePost, takes_a_bare_one_with_an_unknown_property_called_notification_for_bare) {
  EXPECT_TRUE(post(R"("notification": {})"));
}

TEST(ParsePost, tells_who_posts_an_array_what_to_do) {
  const auto parsed = parse_post(parse_json("[]").value(), kNow);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Code::not_an_object);
  EXPECT_EQ(parsed.error().message, "the body is an array; post one notification, or use /$batch");
}

TEST(ParsePost, finds_every_mistake) {
  const auto parsed = parse_post(parse_json(R"({"appNotificationId": 7, "payload": {}, "priority": 1})").value(), kNow);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Code::property_missing);
  EXPECT_EQ(parsed.error().target, "/targetHostName");
  std::vector<std::string> others;
  for (const Error& detail : parsed.error().details) others.push_back(detail.target);
  EXPECT_EQ(others, (std::vector<std::string>{"/appNotificationId", "/payload", "/priority"}));
}

TEST(ParsePost, counts_characters_as_code_points) {
  EXPECT_TRUE(post("", R"({"rawContent": )" + quoted(text_of(16'384, "é")) + "}"));
  EXPECT_TRUE(post(R"("groupName": )" + quoted(text_of(256, "😀"))));
  EXPECT_EQ(refusal(post(R"("groupName": )" + quoted(text_of(257)))), "invalid /groupName");
  EXPECT_EQ(refusal(post("", R"({"rawContent": )" + quoted(text_of(16'385)) + "}")), "invalid /payload/rawContent");
}

TEST(ParsePost, refuses_more_than_32_kib_as_too_large_whatever_else_is_wrong) {
  EXPECT_EQ(refusal(post(R"("priority": 5)", R"({"rawContent": )" + quoted(text_of(16'384, "€")) + "}")),
            "too large /payload");
  EXPECT_EQ(refusal(post("", R"({"rawContent": )" + quoted(text_of(32'769)) + "}")), "too large /payload");
  const std::string mail = R"("fallbackPolicy": {"transportFallback": {"transportType": "Email",
    "fallbackDelayInSeconds": 60, "emailContent": {"subject": "s", "bodyType": "Text", "fromAddress": "a@b.c",
    "body": )" + quoted(text_of(20'000)) +
                           "}}}";
  EXPECT_TRUE(post(mail));
  EXPECT_EQ(refusal(post(mail, R"({"rawContent": )" + quoted(text_of(16'000)) + "}")), "too large /payload");
}

struct Case {
  std::string more, payload, expected;
};

TEST(ParsePost, names_the_property_that_is_wrong) {
  const std::string raw = R"({"rawContent": "x"})";
  const std::vector<Case> cases{
      {"", "null", "missing /payload"},
      {"", "[]", "invalid /payload"},
      {"", R"({"rawContent": 5})", "invalid /payload/rawContent"},
      {"", R"({"visualContent": {}})", "missing /payload/visualContent/title"},
      {"", R"({"visualContent": {"body": "b"}})", "missing /payload/visualContent/title"},
      {"", R"({"visualContent": {"title": "t", "body": 1}})", "invalid /payload/visualContent/body"},
      {"", R"({"visualContent": {"title": )" + quoted(text_of(1'025)) + "}}", "invalid /payload/visualContent/title"},
      {"", R"({"visualContent": {"title": "t", "body": )" + quoted(text_of(8'193)) + "}}",
       "invalid /payload/visualContent/body"},
      {"", R"({"visualContent": {"title": )" + quoted(text_of(1'024)) + "}}", "accepted"},
      {R"("displayTimeToLive": 0)", raw, "invalid /displayTimeToLive"},
      {R"("displayTimeToLive": 2592001)", raw, "invalid /displayTimeToLive"},
      {R"("displayTimeToLive": 2592000)", raw, "accepted"},
      {R"("displayTimeToLive": 1.5)", raw, "invalid /displayTimeToLive"},
      {R"("displayTimeToLive": "60")", raw, "accepted"},
      {R"("displayTimeToLive": "60s")", raw, "invalid /displayTimeToLive"},
      {R"("displayTimeToLive": "-60")", raw, "invalid /displayTimeToLive"},
      {R"("displayTimeToLive": "")", raw, "invalid /displayTimeToLive"},
      {R"("displayTimeToLive": true)", raw, "invalid /displayTimeToLive"},
      {R"("expirationDateTime": "2026-11-23T22:05:36Z")", raw, "invalid /expirationDateTime"},
      {R"("expirationDateTime": "tomorrow")", raw, "invalid /expirationDateTime"},
      {R"("expirationDateTime": 1795000000)", raw, "invalid /expirationDateTime"},
      {R"("expirationDateTime": "2026-12-23T22:15:36Z")", raw, "accepted"},
      {R"("expirationDateTime": "2026-12-23T22:15:37Z")", raw, "invalid /expirationDateTime"},
      {R"("priority": "HIGH")", raw, "accepted"},
      {R"("priority": "normal")", raw, "invalid /priority"},
      {R"("targetPolicy": {})", raw, "accepted"},
      {R"("targetPolicy": [])", raw, "invalid /targetPolicy"},
      {R"("targetPolicy": {"platformTypes": []})", raw, "accepted"},
      {R"("targetPolicy": {"platformTypes": "android"})", raw, "accepted"},
      {R"("targetPolicy": {"platformTypes": ["Symbian"]})", raw, "invalid /targetPolicy/platformTypes"},
      {R"("targetPolicy": {"platformTypes": [1]})", raw, "invalid /targetPolicy/platformTypes"},
      {R"("targetPolicy": {"platformTypes": {}})", raw, "invalid /targetPolicy/platformTypes"},
      {R"("deliveryPolicy": {"mode": "some"})", raw, "invalid /deliveryPolicy/mode"},
      {R"("deliveryPolicy": {"mode": "all"})", raw, "accepted"},
      {R"("deliveryPolicy": {"escalateAfterSeconds": 0})", raw, "invalid /deliveryPolicy/escalateAfterSeconds"},
      {R"("deliveryPolicy": {"escalateAfterSeconds": 600})", raw, "accepted"},
      {R"("deliveryPolicy": {"escalateAfterSeconds": 601})", raw, "invalid /deliveryPolicy/escalateAfterSeconds"},
  };
  for (const Case& each : cases)
    EXPECT_EQ(refusal(post(each.more, each.payload)), each.expected) << each.more << " " << each.payload;
}

TEST(ParsePost, names_the_mistakes_of_names_by_length) {
  for (const auto& [id, expected] :
       std::vector<std::pair<std::string, std::string>>{{"", "invalid /appNotificationId"},
                                                        {text_of(256, "ä"), "accepted"},
                                                        {text_of(257), "invalid /appNotificationId"}}) {
    json::value body = parse_json(R"({"targetHostName": "c", "payload": {"rawContent": "x"}})").value();
    body.as_object()["appNotificationId"] = id;
    EXPECT_EQ(refusal(parse_post(body, kNow)), expected);
  }
}

TEST(ParsePost, cuts_ten_minutes_over_thirty_days) {
  EXPECT_EQ(content(R"("expirationDateTime": "2026-12-23T22:15:00")").expires_at, kNow + std::chrono::days(30));
}

TEST(ParsePost, says_how_far_ahead_the_expiry_lies) {
  EXPECT_EQ(post(R"("expirationDateTime": "2027-01-03T12:00:00Z")").error().message,
            "expirationDateTime lies 41 days ahead; 30 days is the most");
}

std::string endpoint_fallback(const std::string& members) {
  return R"("fallbackPolicy": {"endpointFallback": {)" + members + "}}";
}

TEST(ParsePost, checks_the_endpoint_fallback) {
  const std::string good = R"("fallbackDelayInSeconds": 60, "visualContent": {"title": "t"})";
  const std::string list = R"("platformTypes": ["iOS"], )";
  const std::string raw = R"({"rawContent": "x"})";
  const std::string visual = R"({"visualContent": {"title": "t"}})";
  const std::string place = "/fallbackPolicy/endpointFallback";
  const std::vector<Case> cases{
      {endpoint_fallback(list + good), raw, "accepted"},
      {endpoint_fallback(R"("platformTypes": "ios", )" + good), raw, "accepted"},
      {endpoint_fallback(list + good) + R"(, "priority": "Low")", raw, "invalid " + place},
      {endpoint_fallback(list + good) + R"(, "priority": "None")", raw, "invalid " + place},
      {endpoint_fallback(list + good) + R"(, "priority": "Low")", visual, "accepted"},
      {endpoint_fallback(good), raw, "missing " + place + "/platformTypes"},
      {endpoint_fallback(R"("platformTypes": ["Windows"], )" + good), raw, "invalid " + place + "/platformTypes"},
      {endpoint_fallback(R"("platformTypes": ["iOS", "Android"], )" + good), visual,
       "invalid " + place + "/platformTypes"},
      {endpoint_fallback(list + R"("visualContent": {"title": "t"})"), raw,
       "missing " + place + "/fallbackDelayInSeconds"},
      {endpoint_fallback(list + R"("fallbackDelayInSeconds": 59, "visualContent": {"title": "t"})"), raw,
       "invalid " + place + "/fallbackDelayInSeconds"},
      {endpoint_fallback(list + R"("fallbackDelayInSeconds": 601, "visualContent": {"title": "t"})"), raw,
       "invalid " + place + "/fallbackDelayInSeconds"},
      {endpoint_fallback(list + R"("fallbackDelayInSeconds": 600)"), raw, "missing " + place + "/visualContent"},
      {endpoint_fallback(list + R"("fallbackDelayInSeconds": 600, "visualContent": {})"), raw,
       "missing " + place + "/visualContent/title"},
  };
  for (const Case& each : cases)
    EXPECT_EQ(refusal(post(each.more, each.payload)), each.expected) << each.more << " " << each.payload;
}

TEST(ParsePost, checks_the_transport_fallback) {
  const std::string place = "/fallbackPolicy/transportFallback";
  const auto with = [](const std::string& name, const std::string& value) {
    json::value mail =
        json::parse(R"({"subject": "s", "bodyType": "html", "body": "b", "fromAddress": "news@contoso.com"})");
    json::value fallback = json::parse(R"({"transportType": "email", "fallbackDelayInSeconds": 86400})");
    json::object& where = mail.as_object().contains(name) || name.starts_with("from") || name == "scenarioName"
                              ? mail.as_object()
                              : fallback.as_object();
    if (value == "-")
      where.erase(name);
    else if (!name.empty())
      where[name] = json::parse(value);
    if (name != "emailContent") fallback.as_object()["emailContent"] = mail;
    return post(R"("fallbackPolicy": {"transportFallback": )" + json::serialize(fallback) + "}");
  };
  EXPECT_EQ(refusal(with("", "")), "accepted");
  EXPECT_EQ(refusal(with("transportType", "-")), "missing " + place + "/transportType");
  EXPECT_EQ(refusal(with("transportType", "\"Pigeon\"")), "invalid " + place + "/transportType");
  EXPECT_EQ(refusal(with("fallbackDelayInSeconds", "59")), "invalid " + place + "/fallbackDelayInSeconds");
  EXPECT_EQ(refusal(with("fallbackDelayInSeconds", "86401")), "invalid " + place + "/fallbackDelayInSeconds");
  EXPECT_EQ(refusal(with("emailContent", "-")), "missing " + place + "/emailContent");
  EXPECT_EQ(refusal(with("subject", "-")), "missing " + place + "/emailContent/subject");
  EXPECT_EQ(refusal(with("subject", R"("a\r\nBcc: x@y")")), "invalid " + place + "/emailContent/subject");
  EXPECT_EQ(refusal(with("bodyType", "\"Markdown\"")), "invalid " + place + "/emailContent/bodyType");
  EXPECT_EQ(refusal(with("body", "-")), "missing " + place + "/emailContent/body");
  EXPECT_EQ(refusal(with("fromAddress", "-")), "missing " + place + "/emailContent/fromAddress");
  EXPECT_EQ(refusal(with("fromAddress", "\"contoso\"")), "invalid " + place + "/emailContent/fromAddress");
  EXPECT_EQ(refusal(with("fromAddress", "\"a@b@c\"")), "invalid " + place + "/emailContent/fromAddress");
  EXPECT_EQ(refusal(with("fromDisplayName", "\"Contoso\"")), "accepted");
  EXPECT_EQ(refusal(with("scenarioName", "5")), "invalid " + place + "/emailContent/scenarioName");
}

TEST(ParsePost, answers_policies_in_canonical_names_without_unknown_properties) {
  EXPECT_EQ(content(R"("fallbackPolicy": {"x": 1, "endpointFallback": {"platformTypes": "ios", "y": 2,
                       "fallbackDelayInSeconds": 60, "visualContent": {"title": "t", "z": 3}}})")
                .policies,
            R"({"fallbackPolicy":{"endpointFallback":{"platformTypes":["iOS"],"fallbackDelayInSeconds":60,)"
            R"("visualContent":{"title":"t"}}}})");
}

Result<ContentPatch> patch(const std::string& text) { return parse_content_patch(parse_json(text).value(), kNow); }

TEST(ParseContentPatch, keeps_what_is_absent_apart_from_what_is_null) {
  const auto nothing = patch("{}");
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->group_name);
  EXPECT_FALSE(nothing->display_ttl);
  EXPECT_FALSE(nothing->payload_given);
  EXPECT_FALSE(nothing->policies);
  EXPECT_FALSE(nothing->expires_at);
  EXPECT_FALSE(nothing->alert);
  const auto nulls = patch(R"({"groupName": null, "displayTimeToLive": null, "targetPolicy": null,
                               "priority": null, "expirationDateTime": null})");
  ASSERT_TRUE(nulls);
  ASSERT_TRUE(nulls->group_name);
  EXPECT_FALSE(*nulls->group_name);
  ASSERT_TRUE(nulls->display_ttl);
  EXPECT_FALSE(*nulls->display_ttl);
  EXPECT_EQ(nulls->policies, R"({"targetPolicy":null})");
  EXPECT_EQ(nulls->platforms, kAllPlatforms);
  EXPECT_EQ(nulls->priority, Priority::high);
  EXPECT_EQ(nulls->expires_at, kNow + std::chrono::days(7));
}

TEST(ParseContentPatch, reads_what_is_present) {
  const auto read = patch(R"({"groupName": "g", "payload": {"rawContent": "r"}, "alert": true, "priority": "none",
                              "targetPolicy": {"platformTypes": ["WebPush"]}, "displayTimeToLive": "5"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read->group_name, "g");
  EXPECT_TRUE(read->payload_given);
  EXPECT_EQ(read->raw_content, "r");
  EXPECT_TRUE(read->alert);
  EXPECT_EQ(read->priority, Priority::none);
  EXPECT_EQ(read->platforms, 8);
  EXPECT_EQ(*read->display_ttl, 5);
}

TEST(ParseContentPatch, refuses_a_payload_of_nothing_and_an_alert_that_is_no_flag) {
  EXPECT_EQ(patch(R"({"payload": null})").error().target, "/payload");
  EXPECT_EQ(patch(R"({"payload": {}})").error().target, "/payload");
  EXPECT_EQ(patch(R"({"alert": "yes"})").error().target, "/alert");
  EXPECT_EQ(patch("[]").error().code, Code::not_an_object);
}

TEST(IdMaterial, tells_feeds_and_names_apart) {
  const FeedKey feed{.user = UserId{*Guid::parse("0f0e0d0c-0b0a-0908-0706-050403020100")}, .app = AppId{}};
  const FeedKey other{.user = UserId{}, .app = AppId{feed.user.guid}};
  EXPECT_NE(id_material(feed, "a"), id_material(other, "a"));
  EXPECT_NE(id_material(feed, "a"), id_material(feed, "b"));
  EXPECT_EQ(id_material(feed, "a").size(), 33u);
}

TEST(Names, are_read_without_regard_to_case) {
  EXPECT_EQ(parse_platform("IOS"), Platform::ios);
  EXPECT_EQ(name(Platform::ios), "iOS");
  EXPECT_EQ(name(Platform::none), "");
  EXPECT_EQ(parse_action_state("NoInteraction"), ActionState::no_interaction);
  EXPECT_FALSE(parse_platform(""));
}

}  // namespace
}  // namespace hg::model
