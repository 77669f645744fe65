// What the app server says: the POST body and its PATCH.
#include <charconv>

#include "model/notification.h"
#include "model/policies.h"
#include "model/reading.h"

namespace hg::model {

namespace {

constexpr Duration kDefaultExpiry = std::chrono::days(7);
constexpr Duration kMaxExpiry = std::chrono::days(30);
constexpr std::int64_t kMaxDisplaySeconds = 2'592'000;

struct Payload {
  std::optional<std::string> raw_content, title, body;
};

Payload read_payload(const Reading& notification) {
  Payload payload;
  if (!notification.find("payload")) notification.missing("payload");
  const auto parts = notification.object("payload");
  if (!parts) return payload;
  payload.raw_content = parts->text("rawContent", {16'384});
  if (const auto visual = parts->object("visualContent")) {
    payload.title = visual->required_text("title", {1'024});
    payload.body = visual->text("body", {8'192});
  }
  if (!parts->find("rawContent") && !parts->find("visualContent"))
    parts->mistakes().missing(notification.path("payload"), "payload.rawContent or payload.visualContent");
  return payload;
}

// A number, or digits in a string.
std::optional<std::int32_t> read_display_ttl(const Reading& notification) {
  constexpr std::string_view name = "displayTimeToLive";
  const json::value* value = notification.find(name);
  if (!value) return std::nullopt;
  std::optional<std::int64_t> seconds = whole_number(*value);
  if (value->is_string()) {
    const std::string_view text = value->get_string();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && text.front() != '-') seconds = number;
  }
  if (seconds && *seconds >= 1 && *seconds <= kMaxDisplaySeconds) return static_cast<std::int32_t>(*seconds);
  notification.wrong(name, *value, "a number of seconds from 1 to 2592000");
  return std::nullopt;
}

std::optional<Priority> read_priority(const Reading& notification) {
  return notification.choice("priority", parse_priority, "None, High or Low");
}

Content read_content(const Reading& notification, Time now) {
  Content content;
  content.app_notification_id = notification.required_text("appNotificationId", {256, 1});
  content.group_name = notification.text("groupName", {256});
  Payload payload = read_payload(notification);
  content.raw_content = std::move(payload.raw_content);
  content.title = std::move(payload.title);
  content.body = std::move(payload.body);
  content.display_ttl = read_display_ttl(notification);
  content.expires_at = notification.future("expirationDateTime", now, kMaxExpiry).value_or(now + kDefaultExpiry);
  content.priority = read_priority(notification).value_or(Priority::high);
  const Policies policies = read_policies(notification);
  content.platforms = policies.platforms.value_or(kAllPlatforms);
  content.policies = policies_text(policies.given);
  check_policies(content, policies.given, notification.path(), notification.mistakes());
  return content;
}

// An unknown property that happens to be called `notification` does not make a bare body a wrapped one.
bool wrapped(const json::object& body) {
  const json::value* inner = body.if_contains("notification");
  return inner && inner->is_object() && !body.contains("targetHostName") && !body.contains("appNotificationId");
}

}  // namespace

Result<Post> parse_post(const json::value& body, Time now) {
  HG_CHECK(check_object(body, "post one notification, or use /$batch"));
  Mistakes mistakes;
  Post post;
  const json::object* object = &body.get_object();
  if (wrapped(*object)) {
    post.path = "/notification";
    object = &object->at("notification").get_object();
  }
  const Reading notification(*object, post.path, mistakes);
  HG_CHECK(check_size(notification));
  post.target_host_name = notification.required_text("targetHostName", {255, 1});
  post.content = read_content(notification, now);
  HG_CHECK(mistakes.result());
  return post;
}

Result<ContentPatch> parse_content_patch(const json::value& body, Time now) {
  HG_CHECK(check_object(body, "an object with the properties to change is right"));
  Mistakes mistakes;
  ContentPatch patch;
  const Reading notification(body.get_object(), "", mistakes);
  HG_CHECK(check_size(notification));
  if (notification.given("groupName")) patch.group_name = notification.text("groupName", {256});
  if (notification.given("payload")) {
    Payload payload = read_payload(notification);
    patch.payload_given = true;
    patch.raw_content = std::move(payload.raw_content);
    patch.title = std::move(payload.title);
    patch.body = std::move(payload.body);
  }
  if (notification.given("displayTimeToLive")) patch.display_ttl = read_display_ttl(notification);
  if (notification.given("expirationDateTime"))
    patch.expires_at = notification.future("expirationDateTime", now, kMaxExpiry).value_or(now + kDefaultExpiry);
  if (notification.given("priority")) patch.priority = read_priority(notification).value_or(Priority::high);
  const Policies policies = read_policies(notification);
  patch.platforms = policies.platforms;
  if (!policies.given.empty()) patch.policies = json::serialize(policies.given);
  patch.alert = notification.flag("alert").value_or(false);
  HG_CHECK(mistakes.result());
  return patch;
}

}  // namespace hg::model
