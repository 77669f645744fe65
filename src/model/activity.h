// The wire form of a notification in the feed API and in signals ("activity"), and the signal that carries them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/notification.h"

namespace hg::model {

// One activity of a view; `alert` false adds "alert": false, which only signals have. A deleted one is a tombstone.
void append_activity(std::string& out, const Notification& notification, std::string_view host_name, bool alert);
std::string activity_json(const Notification& notification, std::string_view host_name);
// Of a deleted notification: ids, status 2 and what is never absent; no payload.
void append_tombstone(std::string& out, const Notification& notification, std::string_view host_name);

inline constexpr std::string_view kChange = "afsChange";  // `activities` is all that changed between the two ETags
inline constexpr std::string_view kChangeNotification = "afsChangeNotification";  // fetch; `activities` is empty

// `activities` are rendered already, handled ones first. `subscription_id` and `ticket` are left out where empty.
std::string signal_json(std::string_view change_type, std::string_view base_etag, std::string_view new_etag,
                        std::string_view cv, std::string_view subscription_id, std::int64_t unread,
                        std::span<const std::string> activities, std::string_view ticket = {});

}  // namespace hg::model
