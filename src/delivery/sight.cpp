#include "delivery/sight.h"

#include <algorithm>

#include "push/platforms.h"
#include "store/directory.h"
#include "store/outcomes.h"

namespace hg::delivery {

namespace {

using model::JobKind;

// Whether it is still the snooze that the job was made for.
bool snoozed(store::Connection& tx, const store::Job& job) {
  const auto found = store::feeds::notification(tx, job.feed, job.notification);
  return found && !found->deleted() && found->action_state == model::ActionState::snoozed && found->snooze_until &&
         to_ms(*found->snooze_until) == job.guard;
}

// A fallback or an escalation.
bool asks_who_fetched(const store::Job& job) {
  return job.kind == JobKind::endpoint_fallback || job.kind == JobKind::mail_fallback ||
         job.kind == JobKind::escalation;
}

void read_due(store::Connection& tx, Sight& sight, model::Occasion& on, std::size_t limit) {
  for (auto& job : store::jobs::due(tx, sight.feed, sight.now, limit)) {
    job.waits = model::Waits::nothing;  // that is over
    if (job.kind == JobKind::snooze_return) {
      (snoozed(tx, job) ? sight.returns : sight.plan.spent).push_back(job);
    } else if (job.kind == JobKind::change) {
      on.happened.push_back(
          {.version = job.version, .kind = static_cast<model::ChangeKind>(job.guard), .maker = job.subscription});
      sight.changes_again.push_back(job);
    } else {
      on.due.push_back(job);
      if (asks_who_fetched(job)) sight.asks_who_fetched = true;
    }
  }
}

// All that was changed by what happened or is named by what is due, each once.
void read_notifications(store::Connection& tx, Sight& sight, const model::Occasion& on) {
  auto& all = sight.notifications;
  const auto add = [&](model::Notification n) {
    if (sight.notification(n.id) == nullptr) all.push_back(std::move(n));
  };
  if (!on.happened.empty()) {
    const auto first = on.happened.front().version, last = on.happened.back().version;
    all = store::feeds::alerted(tx, sight.feed, first, last);
  }
  for (const auto& job : on.due) {
    if (job.notification.zero() || sight.notification(job.notification) != nullptr) continue;
    if (auto n = store::feeds::notification(tx, sight.feed, job.notification)) add(*std::move(n));
  }
}

const Changes& changes_since(store::Connection& tx, Sight& sight, std::int64_t base, std::size_t most) {
  const auto [found, fresh] = sight.since.try_emplace(base);
  if (!fresh) return found->second;
  auto& changes = found->second;
  // Behind all of the version that the endpoint knows.
  Guid last;
  last.bytes.fill(std::byte{0xff});
  changes.notifications = store::feeds::since(tx, sight.feed, base, NotificationId{last}, base, sight.now, most + 1);
  changes.cut = changes.notifications.size() > most || base < sight.row.floor_version;
  return changes;
}

std::vector<model::Reach> reaches(store::Connection& tx, Sight& sight, const Bounds& bounds) {
  std::vector<model::Reach> all;
  const auto held = store::jobs::held(tx, sight.feed, sight.now);
  const auto nudges = store::jobs::nudges(tx, sight.feed);
  for (const auto& row : sight.endpoints) {
    const auto& s = row.subscription;
    const auto& traits = push::traits(s.channel.kind);
    model::Reach reach{.subscription = &s, .silent = traits.silent};
    const auto waits = std::ranges::find(held, s.id, &store::jobs::Held::subscription);
    if (waits != held.end()) reach.held_until = waits->until;
    const auto nudge = std::ranges::find(nudges, s.id, &store::Job::subscription);
    if (nudge != nudges.end()) reach.nudge = *nudge;
    if (traits.silent_an_hour > 0) {
      const auto& times = sight.nudged[s.id];
      reach.next_nudge = model::budgeted(times, bounds.silent_an_hour, sight.now);
    }
    all.push_back(reach);
  }
  return all;
}

void read_fetched(store::Connection& tx, const FeedKey& feed, model::Occasion& on) {
  for (const auto& job : on.due) {
    if (!asks_who_fetched(job)) continue;
    const auto report = store::outcomes::find(tx, feed, job.notification);
    for (const auto& one : report.value_or(model::Report{}).fetched) on.fetched.emplace_back(job.notification, one);
  }
}

void read_asking(store::Connection& tx, Sight& sight) {
  if (sight.row.unread == 0) return;
  for (const auto& send : sight.plan.sends) {
    if (send.wake != model::Wake::state) continue;
    const auto platforms = sight.endpoint(send.to)->subscription.platforms();
    if (sight.asking.contains(platforms)) continue;
    if (auto n = store::feeds::newest_asking(tx, sight.feed, platforms, sight.now))
      sight.asking.emplace(platforms, *std::move(n));
  }
}

// Of what happened, what is over, where its push can still be taken back.
void read_withdrawals(store::Connection& tx, Sight& sight, const model::Occasion& on) {
  const auto withdraws = [](const store::SubscriptionRow& row) {
    return push::traits(row.subscription.channel.kind).withdraws;
  };
  if (!std::ranges::any_of(sight.endpoints, withdraws)) return;
  for (const auto& n : sight.notifications) {
    const bool now = std::ranges::find(on.happened, n.version, &model::Happened::version) != on.happened.end();
    if (!now || !model::moot(n, n.alert_version, sight.now)) continue;
    const auto report = store::outcomes::find(tx, sight.feed, n.id);
    if (!report || report->alert_version != n.alert_version) continue;
    for (const auto& line : report->deliveries) {
      const auto* row = sight.endpoint(line.subscription);
      const bool waits = line.outcome == model::Outcome::accepted && !line.location.empty();
      if (waits && row != nullptr && row->subscription.seen_version < n.alert_version &&
          !report->fetched_by(line.subscription, n.alert_version))
        sight.withdrawals.push_back({n.id, n.alert_version, line.subscription, line.location});
    }
  }
}

}  // namespace

const model::Notification* Sight::notification(const NotificationId& id) const {
  const auto found = std::ranges::find(notifications, id, &model::Notification::id);
  return found == notifications.end() ? nullptr : &*found;
}

const store::SubscriptionRow* Sight::endpoint(const SubscriptionId& id) const {
  const auto found =
      std::ranges::find(endpoints, id, [](const store::SubscriptionRow& row) { return row.subscription.id; });
  return found == endpoints.end() ? nullptr : &*found;
}

Sight look(store::Connection& tx, const FeedKey& feed, Time now, bool live, const Bounds& bounds) {
  Sight sight;
  sight.feed = feed;
  sight.now = now;
  sight.row = store::feeds::at(tx, feed, now);
  sight.directory_version = store::directory_version(tx);
  sight.rows = store::outbox::of_feed(tx, feed, bounds.rows);

  model::Occasion on;
  on.now = now;
  on.version = sight.row.version;
  on.last_alert = sight.row.last_alert_version;
  on.previous_alert = sight.row.previous_alert_version;
  on.live = live;
  read_due(tx, sight, on, bounds.jobs);
  for (const auto& row : sight.rows)
    on.happened.push_back({.version = row.version, .kind = row.kind, .maker = row.maker});
  std::ranges::sort(on.happened, {}, &model::Happened::version);
  if (on.happened.empty() && on.due.empty()) return sight;

  for (auto& row : store::subscriptions::active(tx, feed, now))
    if (still_owner(tx, row, now)) sight.endpoints.push_back(std::move(row));
  sight.nudged = store::subscriptions::nudged(tx, feed);
  read_notifications(tx, sight, on);
  if (!on.happened.empty()) {
    // State changes among them too: what changed with an alert, but did not ask for attention.
    const auto& changed = changes_since(tx, sight, on.happened.front().version - 1, bounds.changes);
    for (const auto& n : changed.notifications)
      if (sight.notification(n.id) == nullptr) sight.notifications.push_back(n);
  }
  for (const auto& n : sight.notifications) on.notifications.push_back(&n);
  on.endpoints = reaches(tx, sight, bounds);
  read_fetched(tx, feed, on);

  auto spent = std::move(sight.plan.spent);
  sight.plan = model::plan(feed, on);
  std::ranges::move(spent, std::back_inserter(sight.plan.spent));
  read_withdrawals(tx, sight, on);
  for (const auto& send : sight.plan.sends) changes_since(tx, sight, send.base, bounds.changes);
  read_asking(tx, sight);
  return sight;
}

std::optional<model::Moot> moot_by_now(store::Connection& tx, const FeedKey& feed, const model::Send& send, Time now) {
  if (send.notification.zero()) return std::nullopt;
  const auto n = store::feeds::notification(tx, feed, send.notification);
  if (!n) return model::Moot{model::Outcome::expired, ""};
  return model::moot(*n, send.version, now);
}

bool still_owner(store::Connection& tx, const store::SubscriptionRow& endpoint, Time now) {
  if (!endpoint.subscription.active(now)) return false;
  return endpoint.channel_hash.empty() || store::channels::names(tx, endpoint.channel_hash, endpoint.subscription.id);
}

}  // namespace hg::delivery
