#include "model/activity.h"

#include "base/json.h"

namespace hg::model {

namespace {

// Old clients take a decoded payload with the letters `title` anywhere for a visual one. Its last letter is written as
// an escape, so that an escape before it ("\title" is a tab and "itle") stays whole.
void hide_title(std::string& json_text) {
  constexpr std::string_view letters = "title";
  for (std::size_t at = json_text.find(letters); at != std::string::npos; at = json_text.find(letters, at))
    json_text.replace(at + letters.size() - 1, 1, "\\u0065");
}

std::string payload_json(const Content& content) {
  std::string text;
  JsonWriter out(text);
  out.object();
  if (content.raw_content) out.field("content", std::string_view(*content.raw_content));
  if (content.title) {
    out.field("title", std::string_view(*content.title));
    out.field("body", std::string_view(content.body ? *content.body : ""));
  }
  out.end();
  if (!content.title) hide_title(text);
  return text;
}

std::int64_t display_seconds(const Notification& notification) {
  if (notification.content.display_ttl) return *notification.content.display_ttl;
  return std::chrono::duration_cast<std::chrono::seconds>(notification.content.expires_at - notification.created_at)
      .count();
}

// The feed API spells iOS otherwise than the Graph API.
void write_targets(JsonWriter& out, PlatformMask platforms) {
  if (platforms == kAllPlatforms) return;
  out.key("targetPolicy").object().key("platformTypes").array();
  for (const Platform platform : {Platform::windows, Platform::ios, Platform::android, Platform::webpush})
    if (platforms & static_cast<PlatformMask>(platform)) out.value(platform == Platform::ios ? "IOS" : name(platform));
  out.end().end();
}

// What an old client cannot do without (facts: it drops the whole list where one of these is absent).
void write_head(JsonWriter& out, const Notification& notification, std::string_view host_name) {
  const Content& content = notification.content;
  const std::string id = notification.id.str();
  const std::string_view group = content.group_name ? std::string_view(*content.group_name) : "";
  out.field("id", std::string_view(id)).field("activityId", std::string_view(id));
  out.field("appActivityId", std::string_view(content.app_notification_id));
  out.key("applicationId").array().object().field("platform", host_name).field("application", host_name).end().end();
  out.field("type", 13).field("status", static_cast<int>(notification.status));
  out.field("priority", static_cast<int>(content.priority));
  out.field("read", notification.read_state == ReadState::read);
  out.field("userActionState", static_cast<int>(notification.action_state));
  out.field("tags", group).field("notificationGroupId", group).field("displayTtl", display_seconds(notification));
}

void write_tail(JsonWriter& out, const Notification& notification) {
  out.field("expiration", notification.content.expires_at).field("createdInCloud", notification.created_at);
  out.field("lastModified", notification.modified_at.value_or(notification.created_at));
}

}  // namespace

void append_activity(std::string& out, const Notification& notification, std::string_view host_name, bool alert) {
  if (notification.deleted()) return append_tombstone(out, notification, host_name);
  JsonWriter writer(out);
  writer.object();
  write_head(writer, notification, host_name);
  writer.field("payload", std::string_view(base64(as_bytes(payload_json(notification.content)))));
  write_tail(writer, notification);
  write_targets(writer, notification.content.platforms);
  if (notification.snooze_until) writer.field("snoozeUntilDateTime", *notification.snooze_until);
  writer.field("contentVersion", notification.content_version);
  if (!alert) writer.field("alert", false);
  writer.end();
}

std::string activity_json(const Notification& notification, std::string_view host_name) {
  std::string out;
  append_activity(out, notification, host_name, true);
  return out;
}

void append_tombstone(std::string& out, const Notification& notification, std::string_view host_name) {
  JsonWriter writer(out);
  writer.object();
  write_head(writer, notification, host_name);
  write_tail(writer, notification);
  writer.field("contentVersion", notification.content_version).end();
}

std::string signal_json(std::string_view change_type, std::string_view base_etag, std::string_view new_etag,
                        std::string_view cv, std::string_view subscription_id, std::int64_t unread,
                        std::span<const std::string> activities, std::string_view ticket) {
  std::string text;
  JsonWriter out(text);
  out.object().field("changeType", change_type).field("baseETag", base_etag).field("newETag", new_etag);
  out.field("cV", cv);
  if (!subscription_id.empty()) out.field("subscriptionId", subscription_id);
  out.field("unread", unread);
  if (!ticket.empty()) out.field("ticket", ticket);
  out.key("activities").array();
  for (const std::string& activity : activities) out.raw(activity);
  out.end().end();
  return text;
}

}  // namespace hg::model
