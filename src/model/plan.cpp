#include "model/plan.h"

#include <algorithm>

#include "model/policies.h"

namespace hg::model {

namespace {

constexpr std::int64_t kEscalateAfter = 30;

// What the policies of a notification ask of its delivery.
struct Wishes {
  bool first_active = false;
  Duration escalate_after = std::chrono::seconds(kEscalateAfter);
  std::optional<Duration> endpoint_fallback, mail_fallback;
};

std::optional<Duration> delay_of(const json::object& fallbacks, std::string_view name) {
  const auto* policy = fallbacks.if_contains(name);
  if (policy == nullptr) return std::nullopt;
  return std::chrono::seconds(policy->at("fallbackDelayInSeconds").to_number<std::int64_t>());
}

Wishes wishes_of(const Content& content) {
  Wishes wishes;
  if (content.policies.empty()) return wishes;
  const json::object policies = parse_policies(content.policies);
  if (const auto* delivery = policies.if_contains("deliveryPolicy")) {
    const json::object& said = delivery->as_object();
    const auto* mode = said.if_contains("mode");
    wishes.first_active = mode != nullptr && mode->as_string() == "firstActive";
    if (const auto* after = said.if_contains("escalateAfterSeconds"))
      wishes.escalate_after = std::chrono::seconds(after->to_number<std::int64_t>());
  }
  if (const auto* fallbacks = policies.if_contains("fallbackPolicy")) {
    wishes.endpoint_fallback = delay_of(fallbacks->as_object(), "endpointFallback");
    wishes.mail_fallback = delay_of(fallbacks->as_object(), "transportFallback");
  }
  // With something to show there is nothing to fall back to.
  if (content.title || content.priority != Priority::high) wishes.endpoint_fallback.reset();
  return wishes;
}

class Planner {
 public:
  Planner(const FeedKey& feed, const Occasion& occasion) : feed_(feed), on_(occasion) {
    if (!on_.happened.empty()) base_ = on_.happened.front().version - 1;
  }

  Plan make() && {
    // What is owed longer goes first, whichever way it became due.
    for (const Job& job : on_.due) take(job);
    for (const Happened& one : on_.happened) tell(one);
    for (const Reach& endpoint : on_.endpoints) nudge(endpoint);
    // Behind what brings news: an endpoint's sends stop at the first that has to be tried again.
    for (const Job& job : on_.due)
      if (job.kind == JobKind::expiring) take_expiring(job);
    return std::move(plan_);
  }

 private:
  void take(const Job& job);
  void take_nudge(const Job& job);
  void take_expiring(const Job& job);
  void take_alert(const Job& job, const Notification& n);
  void take_fallback(const Job& job, const Notification& n);
  void take_mail(const Job& job, const Notification& n);
  void take_escalation(const Job& job, const Notification& n);
  void tell(const Happened& one);
  void alert(const Notification& n, const SubscriptionId& maker, bool may_wait);
  void alert(const Notification& n, const Wishes& wishes, const Reach& endpoint);
  void owe(JobKind kind, const SubscriptionId& to, const Notification& n, Time due);
  void nudge(const Reach& endpoint);
  void fate(const Notification& n, std::int64_t version, const SubscriptionId& to, Outcome outcome,
            std::string_view reason = "") {
    plan_.fates.push_back({n.id, version, to, outcome, reason});
  }

  [[nodiscard]] const Notification* notification(const NotificationId& id) const;
  [[nodiscard]] const Reach* endpoint(const SubscriptionId& id) const;
  [[nodiscard]] bool fetched(const Subscription& s, const Notification& n) const;
  [[nodiscard]] bool fetched_by_any(const Notification& n) const;
  [[nodiscard]] std::int64_t base(const Reach& endpoint, std::int64_t version) const;

  const FeedKey feed_;
  const Occasion& on_;
  std::optional<std::int64_t> base_;  // before all that happened
  std::vector<Happened> states_;      // what changed without asking for attention
  Plan plan_;
};

Wake wake_of(const Notification& n, const Subscription& s) {
  // It wants to be told that something is there, not what.
  return n.content.title && s.notification_type == NotificationType::with_payload ? Wake::visual : Wake::raw;
}

// Why this endpoint is not alerted, whatever the state; "" where it is.
std::string_view untargeted(const Notification& n, const Subscription& s, const SubscriptionId& maker) {
  if (s.id == maker) return "maker";
  if (s.notification_type == NotificationType::none) return "noNotification";
  const auto bit = static_cast<PlatformMask>(s.counts_as);
  return bit == 0 || (n.content.platforms & bit) != 0 ? "" : "targetPolicy";
}

bool pushed(const Subscription& s) { return s.channel.kind != ChannelKind::live; }

// Whether it is told of state changes at all.
bool nudged(const Reach& endpoint) {
  const Subscription& s = *endpoint.subscription;
  return pushed(s) && endpoint.silent && s.notification_type != NotificationType::none;
}

const Notification* Planner::notification(const NotificationId& id) const {
  const auto found = std::ranges::find(on_.notifications, id, [](const Notification* n) { return n->id; });
  return found == on_.notifications.end() ? nullptr : *found;
}

const Reach* Planner::endpoint(const SubscriptionId& id) const {
  const auto found = std::ranges::find(on_.endpoints, id, [](const Reach& r) { return r.subscription->id; });
  return found == on_.endpoints.end() ? nullptr : &*found;
}

// As it last asked for attention: with the feed, or by itself.
bool Planner::fetched(const Subscription& s, const Notification& n) const {
  const std::pair alone{n.id, Fetched{s.id, n.alert_version}};
  return s.seen_version >= n.alert_version || std::ranges::find(on_.fetched, alone) != on_.fetched.end();
}

bool Planner::fetched_by_any(const Notification& n) const {
  return std::ranges::any_of(on_.endpoints, [&](const Reach& r) { return fetched(*r.subscription, n); });
}

// A waiting nudge rides along: the signal begins where the endpoint was before it.
std::int64_t Planner::base(const Reach& endpoint, std::int64_t version) const {
  auto from = std::min(version - 1, base_.value_or(version - 1));
  if (endpoint.nudge) from = std::min(from, endpoint.nudge->guard);
  // Told of alerts alone, it is where the one before left it.
  if (!endpoint.silent && version == on_.last_alert) from = std::min(from, on_.previous_alert);
  return std::max(from, endpoint.subscription->since_version);
}

void Planner::take(const Job& job) {
  // The one goes the way of changes, the other comes last.
  if (job.kind == JobKind::snooze_return || job.kind == JobKind::expiring) return;
  if (job.kind == JobKind::nudge) return take_nudge(job);
  const Notification* n = notification(job.notification);
  plan_.spent.push_back(job);
  // It is gone, or asked for attention again since: whatever this was, it is no more.
  if (n == nullptr || n->alert_version != job.version) return;
  switch (job.kind) {
    case JobKind::alert:
      return take_alert(job, *n);
    case JobKind::endpoint_fallback:
      return take_fallback(job, *n);
    case JobKind::mail_fallback:
      return take_mail(job, *n);
    default:
      return take_escalation(job, *n);
  }
}

// It is done with when something was accepted, which is not known yet.
void Planner::take_nudge(const Job& job) {
  const Reach* to = endpoint(job.subscription);
  if (to == nullptr || !nudged(*to)) plan_.spent.push_back(job);
}

// It brings nothing of the feed, so that a nudge that waits goes on waiting.
void Planner::take_expiring(const Job& job) {
  plan_.spent.push_back(job);
  const Reach* to = endpoint(job.subscription);
  if (to == nullptr || !nudged(*to) || to_ms(to->subscription->expires_at) != job.guard) return;
  if (const auto later = to->held_until ? to->held_until : to->next_nudge) {
    plan_.jobs.push_back(job);
    plan_.jobs.back().due_at = *later;
    return;
  }
  plan_.sends.push_back({.to = job.subscription,
                         .base = on_.version,
                         .attempts = job.attempts,
                         .faults = job.faults,
                         .since = job.made_at,
                         .expiring = to->subscription->expires_at});
}

void Planner::take_alert(const Job& job, const Notification& n) {
  const Reach* to = endpoint(job.subscription);
  if (to == nullptr || !pushed(*to->subscription))
    return fate(n, job.version, job.subscription, Outcome::failed, "subscriptionEnded");
  if (const auto over = moot(n, job.version, on_.now))
    return fate(n, job.version, job.subscription, over->outcome, over->reason);
  if (to->held_until) {
    plan_.jobs.push_back(job);
    plan_.jobs.back().due_at = *to->held_until;
    return;
  }
  plan_.sends.push_back({.to = job.subscription,
                         .notification = n.id,
                         .version = job.version,
                         .base = base(*to, job.version),
                         .wake = wake_of(n, *to->subscription),
                         .attempts = job.attempts,
                         .faults = job.faults,
                         .since = job.made_at});
}

void Planner::take_fallback(const Job& job, const Notification& n) {
  const Reach* to = endpoint(job.subscription);
  if (to == nullptr || fetched(*to->subscription, n) || moot(n, job.version, on_.now)) return;
  if (!wishes_of(n.content).endpoint_fallback) return;  // an edit took it away
  plan_.sends.push_back({.to = job.subscription,
                         .notification = n.id,
                         .version = job.version,
                         .base = base(*to, job.version),
                         .wake = Wake::fallback,
                         .attempts = job.attempts,
                         .faults = job.faults,
                         .since = job.made_at});
}

void Planner::take_mail(const Job& job, const Notification& n) {
  if (const auto over = moot(n, job.version, on_.now)) return fate(n, job.version, {}, over->outcome, over->reason);
  if (fetched_by_any(n)) return fate(n, job.version, {}, Outcome::superseded, "fetched");
  if (!wishes_of(n.content).mail_fallback) return fate(n, job.version, {}, Outcome::superseded, "edited");
  plan_.mails.push_back({n.id, job.version, job.attempts, job.made_at});
}

void Planner::take_escalation(const Job& job, const Notification& n) {
  if (!fetched_by_any(n)) return alert(n, job.subscription, false);
  for (const Reach& to : on_.endpoints)
    if (pushed(*to.subscription)) fate(n, job.version, to.subscription->id, Outcome::superseded, "acknowledgedLive");
}

void Planner::tell(const Happened& one) {
  bool silent = true, any = false;
  for (const Notification* n : on_.notifications) {
    if (n->alert_version == one.version) {
      alert(*n, one.maker, true);
      silent = false;
    } else if (n->version == one.version) {
      any = true;
    }
  }
  // An alert that was overtaken leaves a change of state; what overtook it has a version of its own.
  if (silent || any) states_.push_back(one);
}

void Planner::alert(const Notification& n, const SubscriptionId& maker, bool may_wait) {
  const auto over = moot(n, n.alert_version, on_.now);
  const Wishes wishes = wishes_of(n.content);
  const bool waits = may_wait && wishes.first_active && on_.live;
  bool waiting = false;
  for (const Reach& to : on_.endpoints) {
    const Subscription& s = *to.subscription;
    if (!pushed(s) || s.since_version >= n.alert_version) continue;
    if (const auto reason = untargeted(n, s, maker); !reason.empty()) {
      fate(n, n.alert_version, s.id, Outcome::not_targeted, reason);
    } else if (over) {
      fate(n, n.alert_version, s.id, over->outcome, over->reason);
    } else if (waits) {
      fate(n, n.alert_version, s.id, Outcome::pending, "firstActive");
      waiting = true;
    } else {
      if (may_wait && wishes.first_active) plan_.waits_for_nobody = true;
      alert(n, wishes, to);
    }
  }
  if (waiting) owe(JobKind::escalation, maker, n, on_.now + wishes.escalate_after);
  if (!wishes.mail_fallback || !may_wait) return;
  fate(n, n.alert_version, {}, over ? over->outcome : Outcome::pending, over ? over->reason : "");
  if (!over) owe(JobKind::mail_fallback, {}, n, on_.now + *wishes.mail_fallback);
}

void Planner::alert(const Notification& n, const Wishes& wishes, const Reach& endpoint) {
  const Subscription& s = *endpoint.subscription;
  fate(n, n.alert_version, s.id, Outcome::pending);
  if (s.counts_as == Platform::ios && wishes.endpoint_fallback)
    owe(JobKind::endpoint_fallback, s.id, n, on_.now + *wishes.endpoint_fallback);
  if (endpoint.held_until) return owe(JobKind::alert, s.id, n, *endpoint.held_until);
  plan_.sends.push_back({.to = s.id,
                         .notification = n.id,
                         .version = n.alert_version,
                         .base = base(endpoint, n.alert_version),
                         .wake = wake_of(n, s),
                         .since = on_.now});
}

void Planner::owe(JobKind kind, const SubscriptionId& to, const Notification& n, Time due) {
  plan_.jobs.push_back({.feed = feed_,
                        .subscription = to,
                        .notification = n.id,
                        .version = n.alert_version,
                        .kind = kind,
                        .due_at = due,
                        .guard = n.alert_version,
                        .made_at = on_.now});
}

void Planner::nudge(const Reach& endpoint) {
  const Subscription& s = *endpoint.subscription;
  if (!nudged(endpoint)) return;
  const auto others = std::ranges::find_if(
      states_, [&](const Happened& one) { return one.maker != s.id && one.version > s.since_version; });
  const bool fresh = others != states_.end();
  const bool due = endpoint.nudge && endpoint.nudge->due_at <= on_.now;
  // One that waits for its time brings what is new as well.
  if (endpoint.nudge ? !due : !fresh) return;
  if (std::ranges::find(plan_.sends, s.id, &Send::to) != plan_.sends.end()) return;  // it rides on that
  Job owed =
      endpoint.nudge.value_or(Job{.feed = feed_, .subscription = s.id, .kind = JobKind::nudge, .made_at = on_.now});
  owed.guard = base(endpoint, fresh ? others->version : on_.version + 1);
  if (const auto later = endpoint.held_until ? endpoint.held_until : endpoint.next_nudge) {
    owed.due_at = *later;
    plan_.jobs.push_back(owed);
    return;
  }
  plan_.sends.push_back(
      {.to = s.id, .base = owed.guard, .attempts = owed.attempts, .faults = owed.faults, .since = owed.made_at});
}

}  // namespace

std::optional<Moot> moot(const Notification& n, std::int64_t alert_version, Time now) {
  using enum Outcome;
  if (n.alert_version != alert_version) return Moot{superseded, "replaced"};
  if (n.deleted()) return Moot{superseded, "recalled"};
  if (n.handled()) return Moot{superseded, "handled"};
  if (n.action_state == ActionState::snoozed) return Moot{superseded, "snoozed"};
  if (n.read_state == ReadState::read) return Moot{superseded, "read"};
  if (n.content.expires_at <= now) return Moot{expired, ""};
  return std::nullopt;
}

Plan plan(const FeedKey& feed, const Occasion& occasion) { return Planner(feed, occasion).make(); }

}  // namespace hg::model
