#include "model/subscription.h"

#include <fmt/format.h>

#include "model/channel.h"
#include "model/reading.h"

namespace hg::model {

namespace {

constexpr std::int64_t kUserNotification = 13;  // the one activity type

void read_activity_types(const Reading& filter) {
  const json::array* types = filter.array("activityTypes");
  if (!types || types->empty()) return;
  bool found = false;
  for (const json::value& item : *types) {
    const auto type = whole_number(item);
    if (!type) return filter.wrong("activityTypes", item, "a list of numbers");
    found = found || *type == kUserNotification;
  }
  if (!found)
    filter.invalid("activityTypes", "activityTypes leaves out 13 (user notification), the only type there is");
}

void read_filter(const Reading& filter, bool first, SubscribeRequest& request) {
  filter.text("platform", {256});
  read_activity_types(filter);
  const auto type = filter.choice("notificationType", parse_notification_type,
                                  "NotificationWithPayload, NotificationOnly or NoNotification");
  if (first && type) request.notification_type = *type;
  const auto application = filter.text("application", {256});
  if (application && !application->empty() && *application != "*") request.filter_applications.push_back(*application);
}

void read_filters(const Reading& body, SubscribeRequest& request) {
  const json::array* filters = body.array("publisherFilters");
  if (!filters) return;
  for (std::size_t i = 0; i < filters->size(); ++i) {
    const json::value& item = (*filters)[i];
    const std::string place = fmt::format("publisherFilters/{}", i);
    if (!item.is_object()) {
      body.wrong(place, item, "an object");
      continue;
    }
    read_filter(Reading(item.get_object(), body.path(place), body.mistakes()), i == 0, request);
  }
  request.filters = json::serialize(*filters);
}

}  // namespace

Time warned_at(const Subscription& s) { return s.expires_at - (s.life > kWarnBefore ? kWarnBefore : s.life / 2); }

Result<SubscribeRequest> parse_subscribe(const json::value& json, Time now) {
  HG_CHECK(check_object(json, "one subscription as an object is right"));
  Mistakes mistakes;
  const Reading body(json.get_object(), "", mistakes);
  SubscribeRequest request;
  request.device_id = body.required_text("deviceId", {256, 1});
  request.application_id = body.text("applicationId", {256}).value_or("");
  ReadChannel read = read_channel(body);
  request.channel = std::move(read.channel);
  request.counts_as = read.counts_as;
  request.channel_url = std::move(read.channel_url);
  request.app_package_name = std::move(read.app_package_name);
  request.app_display_name = std::move(read.app_display_name);
  read_filters(body, request);
  if (const auto days = body.number("localSyncRangeInDays", 0, 36'500); days.value_or(0) > 0)
    request.sync_days = static_cast<int>(*days);
  request.expires_at = body.future("expirationDateTime", now, kMaxLife);
  HG_CHECK(mistakes.result());
  return request;
}

}  // namespace hg::model
