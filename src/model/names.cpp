#include <array>
#include <utility>

#include "model/notification.h"
#include "model/subscription.h"

namespace hg::model {

namespace {

template <class T, std::size_t N>
using Names = std::array<std::pair<T, std::string_view>, N>;

template <class T, std::size_t N>
std::string_view name_in(const Names<T, N>& names, T value) {
  for (const auto& [known, text] : names)
    if (known == value) return text;
  return "";
}

template <class T, std::size_t N>
std::optional<T> find_in(const Names<T, N>& names, std::string_view text) {
  for (const auto& [known, name] : names)
    if (equal_ignoring_case(name, text)) return known;
  return std::nullopt;
}

constexpr Names<Platform, 4> kPlatforms{{{Platform::windows, "Windows"},
                                         {Platform::ios, "iOS"},
                                         {Platform::android, "Android"},
                                         {Platform::webpush, "WebPush"}}};
constexpr Names<Priority, 3> kPriorities{{{Priority::none, "None"}, {Priority::high, "High"}, {Priority::low, "Low"}}};
constexpr Names<Status, 3> kStatuses{
    {{Status::active, "active"}, {Status::updated, "updated"}, {Status::deleted, "deleted"}}};
constexpr Names<ReadState, 2> kReadStates{{{ReadState::unread, "unread"}, {ReadState::read, "read"}}};
constexpr Names<ActionState, 4> kActionStates{{{ActionState::no_interaction, "noInteraction"},
                                               {ActionState::activated, "activated"},
                                               {ActionState::dismissed, "dismissed"},
                                               {ActionState::snoozed, "snoozed"}}};
constexpr Names<ChannelKind, 6> kChannels{{{ChannelKind::live, "live"},
                                           {ChannelKind::wns, "wns"},
                                           {ChannelKind::fcm, "fcm"},
                                           {ChannelKind::apns, "apns"},
                                           {ChannelKind::webpush, "webpush"},
                                           {ChannelKind::email, "email"}}};
constexpr Names<NotificationType, 3> kTypes{{{NotificationType::with_payload, "NotificationWithPayload"},
                                             {NotificationType::only, "NotificationOnly"},
                                             {NotificationType::none, "NoNotification"}}};
constexpr Names<EndReason, 5> kReasons{{{EndReason::channel_gone, "channelGone"},
                                        {EndReason::channel_moved, "channelMoved"},
                                        {EndReason::unsubscribed, "unsubscribed"},
                                        {EndReason::expired, "expired"},
                                        {EndReason::user_removed, "userRemoved"}}};

}  // namespace

std::string_view name(Platform platform) { return name_in(kPlatforms, platform); }
std::string_view name(Priority value) { return name_in(kPriorities, value); }
std::string_view name(Status value) { return name_in(kStatuses, value); }
std::string_view name(ReadState value) { return name_in(kReadStates, value); }
std::string_view name(ActionState value) { return name_in(kActionStates, value); }
std::string_view name(ChannelKind kind) { return name_in(kChannels, kind); }
std::string_view name(NotificationType type) { return name_in(kTypes, type); }
std::string_view name(EndReason reason) { return name_in(kReasons, reason); }

std::optional<Platform> parse_platform(std::string_view text) { return find_in(kPlatforms, text); }
std::optional<Priority> parse_priority(std::string_view text) { return find_in(kPriorities, text); }
std::optional<Status> parse_status(std::string_view text) { return find_in(kStatuses, text); }
std::optional<ReadState> parse_read_state(std::string_view text) { return find_in(kReadStates, text); }
std::optional<ActionState> parse_action_state(std::string_view text) { return find_in(kActionStates, text); }
std::optional<NotificationType> parse_notification_type(std::string_view text) { return find_in(kTypes, text); }

}  // namespace hg::model
