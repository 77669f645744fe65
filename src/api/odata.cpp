#include "api/odata.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace hg::api {

namespace {

using model::Notification;

constexpr std::array<std::string_view, 20> kProperties{"id",
                                                       "targetHostName",
                                                       "appNotificationId",
                                                       "groupName",
                                                       "payload",
                                                       "targetPolicy",
                                                       "fallbackPolicy",
                                                       "deliveryPolicy",
                                                       "displayTimeToLive",
                                                       "expirationDateTime",
                                                       "priority",
                                                       "status",
                                                       "readState",
                                                       "userActionState",
                                                       "snoozeUntilDateTime",
                                                       "handledBy",
                                                       "contentVersion",
                                                       "creationDateTime",
                                                       "lastModifiedDateTime",
                                                       "postedBy"};

// Writes the properties that were asked for.
class Entity {
 public:
  Entity(JsonWriter& out, const EntityView& view) : out_(out), select_(view.select) {}

  [[nodiscard]] bool wants(std::string_view name) const {
    return select_.empty() || std::ranges::find(select_, name) != select_.end();
  }
  template <class T>
  Entity& field(std::string_view name, const T& value) {
    if (wants(name)) out_.field(name, value);
    return *this;
  }
  Entity& field(std::string_view name, const std::optional<std::string>& text) {
    return text ? field(name, std::string_view(*text)) : field(name, nullptr);
  }

 private:
  JsonWriter& out_;
  std::span<const std::string> select_;
};

void write_payload(JsonWriter& out, const model::Content& content) {
  out.key("payload").object();
  if (content.raw_content) out.field("rawContent", std::string_view(*content.raw_content));
  if (content.title) {
    out.key("visualContent").object().field("title", std::string_view(*content.title));
    if (content.body) out.field("body", std::string_view(*content.body));
    out.end();
  }
  out.end();
}

void write_policies(JsonWriter& out, const Entity& entity, const std::string& policies) {
  if (policies.empty()) return;
  const json::value parsed = json::parse(policies);
  for (const auto& member : parsed.as_object())
    if (entity.wants(member.key())) out.key(member.key()).value(member.value());
}

void write_handled_by(JsonWriter& out, const std::optional<model::HandledBy>& by) {
  out.key("handledBy");
  if (!by) {
    out.value(nullptr);
    return;
  }
  out.object().field("platform", std::string_view(by->platform)).field("deviceName", std::string_view(by->device_name));
  out.field("dateTime", by->at).end();
}

void write_content(JsonWriter& out, Entity& entity, const Notification& notification, std::string_view host_name) {
  const model::Content& content = notification.content;
  entity.field("targetHostName", host_name);
  entity.field("appNotificationId", std::string_view(content.app_notification_id));
  entity.field("groupName", content.group_name);
  if (entity.wants("payload")) write_payload(out, content);
  write_policies(out, entity, content.policies);
  entity.field("displayTimeToLive", content.display_ttl).field("expirationDateTime", content.expires_at);
  entity.field("priority", name(content.priority));
}

void write_state(JsonWriter& out, Entity& entity, const Notification& notification) {
  entity.field("status", name(notification.status)).field("readState", name(notification.read_state));
  entity.field("userActionState", name(notification.action_state));
  entity.field("snoozeUntilDateTime", notification.snooze_until);
  if (entity.wants("handledBy")) write_handled_by(out, notification.handled_by);
  entity.field("contentVersion", notification.content_version).field("creationDateTime", notification.created_at);
  entity.field("lastModifiedDateTime", notification.modified_at).field("postedBy", notification.posted_by);
}

}  // namespace

void write_notification(JsonWriter& out, const Notification& notification, const EntityView& view) {
  Entity entity(out, view);
  out.object();
  if (!view.context.empty()) out.field("@odata.context", view.context);
  out.field("@odata.etag", view.etag).field("id", notification.id);
  write_content(out, entity, notification, view.host_name);
  write_state(out, entity, notification);
  out.end();
}

std::string notification_json(const Notification& notification, const EntityView& view) {
  std::string text;
  JsonWriter out(text);
  write_notification(out, notification, view);
  return text;
}

void write_removed(JsonWriter& out, const NotificationId& id) {
  out.object().field("id", id).key("@removed").object().field("reason", "deleted").end().end();
}

bool is_property(std::string_view name) { return std::ranges::find(kProperties, name) != kProperties.end(); }

std::string collection_context(std::string_view base, std::string_view version, std::string_view upn) {
  std::string context(base);
  context.append("/").append(version).append("/$metadata#users('").append(percent_encode(upn));
  return context.append("')/notifications");
}

std::string entity_context(std::string_view base, std::string_view version, std::string_view upn) {
  return collection_context(base, version, upn) + "/$entity";
}

std::string entity_etag(std::string_view feed_etag) { return std::string("W/\"").append(feed_etag).append("\""); }

std::optional<IfMatch> parse_if_match(std::string_view header) {
  std::string_view text = trim(header);
  if (text == "*") return IfMatch{.any = true};
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text.empty()) return std::nullopt;
  return IfMatch{.etag = std::string(text)};
}

}  // namespace hg::api
