#include "model/notification.h"

namespace hg::model {

namespace {

std::size_t size(const std::optional<std::string>& text) { return text ? text->size() : 0; }

}  // namespace

std::int64_t Notification::bytes() const {
  return static_cast<std::int64_t>(content.app_notification_id.size() + size(content.group_name) +
                                   size(content.raw_content) + size(content.title) + size(content.body) +
                                   content.policies.size());
}

Buffer id_material(const FeedKey& feed, std::string_view app_notification_id) {
  Buffer material;
  material.reserve(32 + app_notification_id.size());
  for (const Bytes part : {feed.user.view(), feed.app.view(), as_bytes(app_notification_id)})
    material.insert(material.end(), part.begin(), part.end());
  return material;
}

}  // namespace hg::model
