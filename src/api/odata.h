// The notification as the Graph API's OData entity, and its ETag.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/notification.h"

namespace hg::api {

// What an entity needs that the notification does not know. `etag` is entity_etag()'s; `context` empty: left out, as in
// a collection; `select` empty: all properties, else those named ($select), id and the annotations always.
struct EntityView {
  std::string_view host_name, etag;
  std::string_view context = {};
  std::span<const std::string> select = {};
};
void write_notification(JsonWriter& out, const model::Notification& notification, const EntityView& view);
std::string notification_json(const model::Notification& notification, const EntityView& view);
// {"id", "@removed": {"reason": "deleted"}}
void write_removed(JsonWriter& out, const NotificationId& id);

// Whether `name` is a property that $select and $filter may name.
bool is_property(std::string_view name);

// "{base}/{version}/$metadata#users('{upn, percent-encoded}')/notifications" and, for one, "/$entity".
std::string collection_context(std::string_view base, std::string_view version, std::string_view upn);
std::string entity_context(std::string_view base, std::string_view version, std::string_view upn);

// W/"…" around the feed's ETag (feed/tokens) of the version at which the notification last changed.
std::string entity_etag(std::string_view feed_etag);
// An If-Match: `*` is any; else the text within, weak, quoted or bare; nullopt for an empty header.
struct IfMatch {
  bool any = false;
  std::string etag = {};
};
std::optional<IfMatch> parse_if_match(std::string_view header);

}  // namespace hg::api
