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

bus::Note note_of(const model::Notification& notification, std::string_view host_name) {
  const bool open = !notification.deleted() && !notification.handled() &&
                    notification.read_state == model::ReadState::unread &&
                    notification.action_state != model::ActionState::snoozed;
  bus::Note note{.version = notification.version,
                 .activity = {},
                 .platforms = notification.content.platforms,
                 .handled = notification.handled() || notification.deleted(),
                 .alert_version = open ? notification.alert_version : 0,
                 .alerted_at = notification.alerted_at,
                 .maker = notification.maker,
                 .made_after = notification.made_after};
  model::append_activity(note.activity, notification, host_name, true);
  note.activity.pop_back();
  return note;
}

std::vector<Stretch> stretches(const bus::ChangeNote& change, std::int64_t from, std::int64_t to,
                               const SubscriptionId& addressee) {
  const auto own = [&](const bus::Note& note) {
    return !addressee.zero() && note.maker == addressee && note.made_after <= from;
  };
  std::vector<Stretch> all;
  for (auto note = change.notes.begin(); note != change.notes.end();) {
    const auto end = std::find_if(note, change.notes.end(), [&](const auto& n) { return n.version != note->version; });
    const bool made = std::all_of(note, end, own);
    if (note->version > from) {
      if (all.empty() || all.back().own != made) all.push_back({.own = made});
      all.back().to = note->version;
      if (!made) std::transform(note, end, std::back_inserter(all.back().notes), [](const auto& n) { return &n; });
    }
    note = end;
  }
  if (all.empty()) all.emplace_back();
  all.back().to = to;
  for (auto& stretch : all)
    std::ranges::sort(stretch.notes, {},
                      [](const auto* note) { return std::tuple(!note->handled, note->version, note); });
  return all;
}

std::string signal(const Tokens& tokens, const FeedKey& feed, std::int64_t from, std::int64_t to,
                   const Stretch* stretch, std::int64_t unread, const Addressee& addressee, Time alerts_since) {
  const auto base = tokens.etag(feed, from), next = tokens.etag(feed, to);
  const auto subscription = addressee.subscription.zero() ? std::string() : addressee.subscription.str();
  const auto make = [&](std::string_view type, std::span<const std::string> activities) {
    return model::signal_json(type, base, next, correlation(next), subscription, unread, activities);
  };
  if (!stretch || !addressee.contents) return make(model::kChangeNotification, {});

  std::vector<std::string> activities;
  activities.reserve(stretch->notes.size());
  for (const auto* note : stretch->notes) {
    activities.push_back(note->activity +
                         (shown_as_new(*note, from, addressee, alerts_since) ? "}" : ",\"alert\":false}"));
  }
  auto text = make(model::kChange, activities);
  return text.size() <= kMaxSignalBytes ? std::move(text) : make(model::kChangeNotification, {});
}

}  // namespace hg::feed
