#include "delivery/message.h"

#include <algorithm>
#include <tuple>

#include "model/activity.h"
#include "model/policies.h"

namespace hg::delivery {

namespace {

using model::Notification;
using model::Wake;

bool handled(const Notification& n) { return n.handled() || n.deleted(); }

// Whether the endpoint's own code is to show it as new.
bool shown_as_new(const Notification& n, const model::Send& send, const model::Subscription& s, Time now) {
  if (n.id == send.notification) return true;
  const auto bit = static_cast<model::PlatformMask>(s.counts_as);
  const bool targeted = bit == 0 || (n.content.platforms & bit) != 0;
  return targeted && n.alert_version > send.base && !model::moot(n, n.alert_version, now);
}

// For the notification that the push is about; of a silent one, for the newest that still asks for attention.
std::string ticket_of(const model::Send& send, const Sight& sight, const model::Subscription& s, const Words& words) {
  if (!send.notification.zero()) return words.ticket(sight.feed, s.id, *sight.notification(send.notification));
  const auto asking = sight.asking.find(s.platforms());
  return asking == sight.asking.end() ? "" : words.ticket(sight.feed, s.id, asking->second);
}

push::Signal signal_of(const model::Send& send, const Sight& sight, const model::Subscription& s, const Words& words) {
  push::Signal signal;
  signal.base_etag = words.etag(sight.feed, send.base);
  signal.new_etag = words.etag(sight.feed, sight.row.version);
  // A correlation vector's base and first element, the same for the same change.
  signal.cv = signal.new_etag.substr(signal.new_etag.size() - std::min<std::size_t>(16, signal.new_etag.size())) + ".0";
  signal.subscription_id = s.id.str();
  signal.unread = sight.row.unread;
  signal.ticket = ticket_of(send, sight, s, words);
  signal.expiring = send.expiring;
  const auto& changes = sight.since.at(send.base);
  signal.contents = !changes.cut && s.notification_type == model::NotificationType::with_payload;
  if (!signal.contents) return signal;
  std::vector<const Notification*> ordered;
  for (const auto& n : changes.notifications) ordered.push_back(&n);
  std::ranges::sort(ordered, {}, [](const Notification* n) { return std::tuple(!handled(*n), n->version, n->id); });
  const auto host = words.host_name(sight.feed.app);
  for (const auto* n : ordered) {
    std::string& activity = signal.activities.emplace_back();
    model::append_activity(activity, *n, host, n->deleted() || shown_as_new(*n, send, s, sight.now));
  }
  return signal;
}

void name(push::Message& message, const Notification& n, Time now) {
  message.id = n.id.str();
  message.app_notification_id = n.content.app_notification_id;
  message.group = n.content.group_name.value_or("");
  message.priority = n.content.priority;
  message.ttl = std::clamp<Duration>(n.content.expires_at - now, Duration::zero(), kKept);
}

void show_fallback(push::Message& message, const Notification& n) {
  const json::object policies = model::parse_policies(n.content.policies);
  const json::value& visual = policies.at("fallbackPolicy").at("endpointFallback").at("visualContent");
  message.title = visual.at("title").as_string();
  if (const auto* body = visual.as_object().if_contains("body")) message.body = body->as_string();
}

}  // namespace

push::Message message_of(const model::Send& send, const Sight& sight, const Words& words) {
  push::Message message;
  message.signal = signal_of(send, sight, sight.endpoint(send.to)->subscription, words);
  if (send.wake == Wake::state) {
    message.kind = push::Message::Kind::change;
    message.priority = model::Priority::none;
    message.ttl = kKept;
    // About one alone it takes that one's place where it still waits at the platform.
    const auto& changed = sight.since.at(send.base).notifications;
    if (changed.size() == 1) message.id = changed.front().id.str();
    return message;
  }
  const Notification& n = *sight.notification(send.notification);
  name(message, n, sight.now);
  message.kind = send.wake == Wake::raw ? push::Message::Kind::raw : push::Message::Kind::visual;
  if (send.wake == Wake::visual) {
    message.title = n.content.title.value_or("");
    message.body = n.content.body.value_or("");
  } else if (send.wake == Wake::fallback) {
    show_fallback(message, n);
  }
  return message;
}

push::Message mail_of(const Notification& n, Time now) {
  push::Message message;
  name(message, n, now);
  message.kind = push::Message::Kind::mail;
  const json::object policies = model::parse_policies(n.content.policies);
  const json::object& mail = policies.at("fallbackPolicy").at("transportFallback").at("emailContent").as_object();
  const auto text = [&](std::string_view member) {
    const auto* found = mail.if_contains(member);
    return found == nullptr ? std::string() : std::string(found->as_string());
  };
  message.mail = {.from_address = text("fromAddress"),
                  .from_name = text("fromDisplayName"),
                  .subject = text("subject"),
                  .body = text("body"),
                  .html = text("bodyType") == "HTML"};
  return message;
}

}  // namespace hg::delivery
