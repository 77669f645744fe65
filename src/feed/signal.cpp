#include "feed/signal.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "model/activity.h"

namespace hg::feed {
namespace {

bool shown_as_new(const bus::Note& note, std::int64_t from, const Addressee& addressee, Time alerts_since) {
  const auto bit = static_cast<std::uint8_t>(addressee.platform);
  const bool targeted = bit == 0 || (note.platforms & bit) != 0;
  return note.alert_version > from && targeted && note.alerted_at >= alerts_since;
}

// A correlation vector's base and first element, the same for the same change.
std::string correlation(std::string_view new_etag) { return std::string(new_etag.substr(new_etag.size() - 16)) + ".0"; }

}  // namespace

bus::Note note_of(const model::Notification& notification, std::string_view host_name, SubscriptionId maker) {
  const bool open = !notification.deleted() && !notification.handled() &&
                    notification.read_state == model::ReadState::unread &&
                    notification.action_state != model::ActionState::snoozed;
  bus::Note note{.version = notification.version,
                 .activity = {},
                 .platforms = notification.content.platforms,
                 .handled = notification.handled() || notification.deleted(),
                 .alert_version = open ? notification.alert_version : 0,
                 .alerted_at = notification.alerted_at,
                 .maker = maker};
  model::append_activity(note.activity, notification, host_name, true);
  note.activity.pop_back();
  return note;
}

std::optional<std::string> signal(const Tokens& tokens, const FeedKey& feed, std::int64_t from, std::int64_t to,
                                  const bus::ChangeNote* change, std::int64_t unread, const Addressee& addressee,
                                  Time alerts_since) {
  std::vector<const bus::Note*> told;
  if (change) {
    bool own = false;
    for (const auto& note : change->notes) {
      if (note.version <= from) continue;
      const bool made = !note.maker.zero() && note.maker == addressee.subscription;
      own = own || made;
      if (!made) told.push_back(&note);
    }
    if (own && told.empty()) return std::nullopt;
  }
  std::ranges::sort(told, {}, [](const bus::Note* note) { return std::tuple(!note->handled, note->version, note); });

  const auto base = tokens.etag(feed, from), next = tokens.etag(feed, to);
  const auto subscription = addressee.subscription.zero() ? std::string() : addressee.subscription.str();
  const auto make = [&](std::string_view type, std::span<const std::string> activities) {
    return model::signal_json(type, base, next, correlation(next), subscription, unread, activities);
  };
  if (!change || !addressee.contents) return make(model::kChangeNotification, {});

  std::vector<std::string> activities;
  activities.reserve(told.size());
  for (const auto* note : told) {
    activities.push_back(note->activity +
                         (shown_as_new(*note, from, addressee, alerts_since) ? "}" : ",\"alert\":false}"));
  }
  auto text = make(model::kChange, activities);
  return text.size() <= kMaxSignalBytes ? std::move(text) : make(model::kChangeNotification, {});
}

}  // namespace hg::feed
