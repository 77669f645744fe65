#include "api/odata.h"

#include <gtest/gtest.h>

namespace hg::api {
namespace {

const Time kPosted = *parse_iso("2026-11-23T22:05:36.250Z");

model::Notification posted() {
  model::Notification n;
  n.id = NotificationId{*Guid::parse("119081f2-1111-8000-8000-000000000001")};
  n.content.app_notification_id = "order-1";
  n.content.group_name = "TestGroup";
  n.content.title = "Hello World!";
  n.content.body = "Notifications are Great!";
  n.content.policies = R"({"targetPolicy":{"platformTypes":["Windows","iOS"]}})";
  n.content.display_ttl = 60;
  n.content.expires_at = kPosted + std::chrono::days(7);
  n.created_at = kPosted;
  n.posted_by = ApplicationId{*Guid::parse("22222222-0000-4000-8000-000000000001")};
  return n;
}

const EntityView kView{.host_name = "contoso.com", .etag = "W/\"e\""};

json::object rendered(const model::Notification& n, const EntityView& view = kView) {
  return parse_json(notification_json(n, view)).value().as_object();
}

std::vector<std::string> names(const json::object& object) {
  std::vector<std::string> found;
  for (const auto& member : object) found.emplace_back(member.key());
  return found;
}

TEST(Entity, is_the_notification_as_the_original_answered_it) {
  EntityView view = kView;
  view.context = "c";
  EXPECT_EQ(notification_json(posted(), view),
            R"({"@odata.context":"c","@odata.etag":"W/\"e\"","id":"119081f2-1111-8000-8000-000000000001",)"
            R"("targetHostName":"contoso.com","appNotificationId":"order-1","groupName":"TestGroup",)"
            R"("payload":{"visualContent":{"title":"Hello World!","body":"Notifications are Great!"}},)"
            R"("targetPolicy":{"platformTypes":["Windows","iOS"]},"displayTimeToLive":60,)"
            R"("expirationDateTime":"2026-11-30T22:05:36.250Z","priority":"High","status":"active",)"
            R"("readState":"unread","userActionState":"noInteraction","snoozeUntilDateTime":null,"handledBy":null,)"
            R"("contentVersion":1,"creationDateTime":"2026-11-23T22:05:36.250Z","lastModifiedDateTime":null,)"
            R"("postedBy":"22222222-0000-4000-8000-000000000001"})");
}

TEST(Entity, has_null_where_there_is_no_value_and_nothing_where_nothing_was_given) {
  model::Notification n = posted();
  n.content.group_name.reset();
  n.content.display_ttl.reset();
  n.content.policies.clear();
  n.content.title.reset();
  n.content.body.reset();
  n.content.raw_content = "raw";
  const json::object entity = rendered(n);
  for (const char* name :
       {"groupName", "displayTimeToLive", "lastModifiedDateTime", "snoozeUntilDateTime", "handledBy"})
    EXPECT_TRUE(entity.at(name).is_null()) << name;
  for (const char* name : {"targetPolicy", "fallbackPolicy", "deliveryPolicy", "@odata.context"})
    EXPECT_FALSE(entity.contains(name)) << name;
  EXPECT_EQ(json::serialize(entity.at("payload")), R"({"rawContent":"raw"})");
}

TEST(Entity, says_who_handled_it_and_when_it_returns) {
  model::Notification n = posted();
  n.handled_by = model::HandledBy{"iOS", "Ana's phone", kPosted};
  n.snooze_until = kPosted + std::chrono::hours(1);
  n.modified_at = kPosted;
  const json::object entity = rendered(n);
  EXPECT_EQ(json::serialize(entity.at("handledBy")),
            R"({"platform":"iOS","deviceName":"Ana's phone","dateTime":"2026-11-23T22:05:36.250Z"})");
  EXPECT_EQ(entity.at("snoozeUntilDateTime").as_string(), "2026-11-23T23:05:36.250Z");
  EXPECT_EQ(entity.at("lastModifiedDateTime").as_string(), "2026-11-23T22:05:36.250Z");
}

TEST(Entity, shows_only_what_was_selected_beside_id_and_etag) {
  const std::vector<std::string> select{"readState", "targetPolicy", "handledBy"};
  EntityView view = kView;
  view.select = select;
  EXPECT_EQ(names(rendered(posted(), view)),
            (std::vector<std::string>{"@odata.etag", "id", "targetPolicy", "readState", "handledBy"}));
}

TEST(Entity, knows_all_its_properties_by_name) {
  model::Notification n = posted();
  n.content.policies = R"({"targetPolicy":{},"fallbackPolicy":{},"deliveryPolicy":{}})";
  const json::object entity = rendered(n);
  for (const std::string& name : names(entity)) EXPECT_EQ(is_property(name), !name.starts_with("@")) << name;
  EXPECT_EQ(entity.size(), 21u);
  EXPECT_FALSE(is_property("ReadState"));
}

TEST(Removed, is_an_id_and_a_reason) {
  std::string text;
  JsonWriter out(text);
  write_removed(out, posted().id);
  EXPECT_EQ(text, R"({"id":"119081f2-1111-8000-8000-000000000001","@removed":{"reason":"deleted"}})");
}

TEST(Context, names_the_user_percent_encoded) {
  EXPECT_EQ(entity_context("http://h", "beta", "o'neil@contoso.com"),
            "http://h/beta/$metadata#users('o%27neil%40contoso.com')/notifications/$entity");
  EXPECT_EQ(collection_context("http://h", "v1.0", "a"), "http://h/v1.0/$metadata#users('a')/notifications");
}

TEST(IfMatch, is_read_weak_quoted_or_bare) {
  const std::string etag = "AQAAAAEAAAAAAAAAAQ";
  EXPECT_EQ(entity_etag(etag), "W/\"" + etag + "\"");
  for (const std::string& header : {entity_etag(etag), "\"" + etag + "\"", etag, "  " + etag + " "}) {
    const auto match = parse_if_match(header);
    ASSERT_TRUE(match) << header;
    EXPECT_FALSE(match->any);
    EXPECT_EQ(match->etag, etag);
  }
  EXPECT_TRUE(parse_if_match("*")->any);
  for (const char* none : {"", "  ", "\"\"", "W/\"\""}) EXPECT_FALSE(parse_if_match(none)) << none;
}

}  // namespace
}  // namespace hg::api
