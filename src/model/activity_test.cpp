#include "model/activity.h"

#include <gtest/gtest.h>

namespace hg::model {
namespace {

const Time kPosted = *parse_iso("2026-11-23T22:05:36.250Z");

Notification posted() {
  Notification n;
  n.id = NotificationId{*Guid::parse("119081f2-1111-8000-8000-000000000001")};
  n.content.app_notification_id = "order-1";
  n.content.group_name = "orders";
  n.content.title = "Hello";
  n.content.expires_at = kPosted + std::chrono::days(7);
  n.content.platforms = 3;
  n.content.display_ttl = 60;
  n.created_at = n.alerted_at = kPosted;
  n.version = n.alert_version = 5;
  return n;
}

json::object rendered(const Notification& n, bool alert = true) {
  std::string out;
  append_activity(out, n, "contoso.com", alert);
  return parse_json(out).value().as_object();
}

std::string payload(const Notification& n) {
  const auto raw = from_base64(std::string_view(rendered(n).at("payload").as_string()));
  return raw ? std::string(as_text(*raw)) : "not base64";
}

TEST(Activity, is_what_the_view_shows) {
  EXPECT_EQ(activity_json(posted(), "contoso.com"),
            R"({"id":"119081f2-1111-8000-8000-000000000001","activityId":"119081f2-1111-8000-8000-000000000001",)"
            R"("appActivityId":"order-1","applicationId":[{"platform":"contoso.com","application":"contoso.com"}],)"
            R"("type":13,"status":0,"priority":1,"read":false,"userActionState":0,"tags":"orders",)"
            R"("notificationGroupId":"orders","displayTtl":60,"payload":"eyJ0aXRsZSI6IkhlbGxvIiwiYm9keSI6IiJ9",)"
            R"("expiration":"2026-11-30T22:05:36.250Z","createdInCloud":"2026-11-23T22:05:36.250Z",)"
            R"("lastModified":"2026-11-23T22:05:36.250Z","targetPolicy":{"platformTypes":["Windows","IOS"]},)"
            R"("contentVersion":1})");
}

TEST(Activity, says_state_in_numbers) {
  Notification n = posted();
  n.status = Status::updated;
  n.content.priority = Priority::low;
  n.read_state = ReadState::read;
  n.action_state = ActionState::snoozed;
  n.snooze_until = kPosted + std::chrono::hours(1);
  n.modified_at = kPosted + std::chrono::minutes(1);
  const json::object activity = rendered(n);
  EXPECT_EQ(activity.at("status"), 1);
  EXPECT_EQ(activity.at("priority"), 2);
  EXPECT_EQ(activity.at("read"), true);
  EXPECT_EQ(activity.at("userActionState"), 3);
  EXPECT_EQ(activity.at("snoozeUntilDateTime"), "2026-11-23T23:05:36.250Z");
  EXPECT_EQ(activity.at("lastModified"), "2026-11-23T22:06:36.250Z");
}

TEST(Activity, never_leaves_out_what_old_clients_need) {
  Notification n = posted();
  n.content.group_name.reset();
  n.content.display_ttl.reset();
  n.content.platforms = kAllPlatforms;
  json::object activity = rendered(n);
  EXPECT_EQ(activity.at("tags"), "");
  EXPECT_EQ(activity.at("displayTtl"), 7 * 86'400);
  EXPECT_FALSE(activity.contains("targetPolicy"));
  EXPECT_FALSE(activity.contains("alert"));
  n.status = Status::deleted;
  activity = rendered(n);
  for (const char* name : {"read", "status", "priority", "displayTtl", "applicationId", "tags"})
    EXPECT_TRUE(activity.contains(name)) << name;
  EXPECT_EQ(activity.at("status"), 2);
  EXPECT_FALSE(activity.contains("payload"));
}

TEST(Activity, carries_both_halves_of_a_payload) {
  Notification n = posted();
  n.content.raw_content = "{\"a\":1}";
  n.content.body = "World";
  EXPECT_EQ(payload(n), R"({"content":"{\"a\":1}","title":"Hello","body":"World"})");
}

TEST(Activity, hides_the_letters_title_in_a_raw_payload) {
  const std::vector<std::string> raws{"plain", "title", "{\"title\":\"titletitle\"}", "\title", "\\title", "Title"};
  for (const std::string& raw : raws) {
    Notification n = posted();
    n.content.title.reset();
    n.content.raw_content = raw;
    const std::string text = payload(n);
    EXPECT_EQ(text.find("title"), std::string::npos) << text;
    EXPECT_EQ(std::string_view(parse_json(text).value().at("content").as_string()), raw);
  }
}

TEST(Activity, says_only_when_it_is_not_to_alert) {
  EXPECT_EQ(rendered(posted(), false).at("alert"), false);
  EXPECT_FALSE(rendered(posted(), true).contains("alert"));
}

TEST(Signal, carries_the_changes_between_two_etags) {
  const std::vector<std::string> activities{R"({"id":1})", R"({"id":2})"};
  EXPECT_EQ(signal_json(kChange, "a", "b", "cv", "s", 3, activities, "t"),
            R"({"changeType":"afsChange","baseETag":"a","newETag":"b","cV":"cv","subscriptionId":"s","unread":3,)"
            R"("ticket":"t","activities":[{"id":1},{"id":2}]})");
  EXPECT_EQ(
      signal_json(kChangeNotification, "a", "b", "", "", 0, {}),
      R"({"changeType":"afsChangeNotification","baseETag":"a","newETag":"b","cV":"","unread":0,"activities":[]})");
}

}  // namespace
}  // namespace hg::model
