#include "feed/feed_change.h"

#include <algorithm>

#include "store/jobs.h"
#include "store/outcomes.h"

namespace hg::feed {

using model::ActionState;
using model::Changed;
using model::ChangeKind;
using model::ChangeRequest;
using model::Notification;

namespace {

constexpr std::int64_t kThinnedAhead = 31;  // of tombstones, when there are too many: to count them reads them all

bool live(const Notification& notification, Time now) {
  return !notification.deleted() && notification.content.expires_at > now;
}

// What a request is decided against: an expired one is none.
const Notification* seen(const std::optional<Notification>& stored, Time now) {
  return stored && (stored->deleted() || live(*stored, now)) ? &*stored : nullptr;
}

model::CapEntry cap_entry(const Notification& n) {
  return {.id = n.id,
          .handled = n.handled(),
          .read = n.read_state == model::ReadState::read,
          .snoozed = n.action_state == ActionState::snoozed,
          .created_at = n.created_at,
          .expires_at = n.content.expires_at,
          .bytes = n.bytes()};
}

// The answer that the post got when it was accepted first: its content is this request's, for the fingerprints agree.
Changed first_answer(const ChangeRequest& request, const model::PostRequest& post, const store::IdempotencyRow& row) {
  Notification as_posted;
  as_posted.id = row.notification;
  as_posted.content = post.content;
  as_posted.content.expires_at = row.expires_at;
  as_posted.version = row.new_version;
  as_posted.content_version = row.content_version;
  as_posted.created_at = row.created_at;
  as_posted.alerted_at = row.created_at;
  as_posted.alert_version = row.new_version;
  as_posted.keep_until = row.expires_at;
  as_posted.posted_by = request.application;
  as_posted.request_id = post.request_id;
  as_posted.fingerprint = post.fingerprint;
  return {.base_version = row.base_version,
          .new_version = row.new_version,
          .notifications = {std::move(as_posted)},
          .replayed = true,
          .endpoints = row.endpoints};
}

std::optional<Time> snoozed_until(const std::optional<Notification>& n) {
  return n && !n->deleted() && n->action_state == ActionState::snoozed ? n->snooze_until : std::nullopt;
}

}  // namespace

// The notification that a request is about; nullopt: several.
std::optional<NotificationId> concerned(const ChangeRequest& request) {
  return std::visit(
      [](const auto& what) -> std::optional<NotificationId> {
        if constexpr (requires { what.id; }) return what.id;
        return std::nullopt;
      },
      request.what);
}

FeedChange::FeedChange(store::Connection& tx, const FeedKey& feed, Time now, store::Feed row,
                       std::optional<CapOrder> order)
    : tx_(tx), feed_(feed), now_(now), row_(row), from_(row_.version), order_(std::move(order)) {
  if (row_.next_expiry <= now) store::feeds::recount(tx_, feed_, row_, now);
  if (!order_) return;
  order_->expire(now);
  if (std::ssize(order_->entries()) != row_.live) order_.reset();
}

void FeedChange::know(const NotificationId& id, std::optional<Notification> stored) {
  auto& entry = entries_[id];
  entry.now = stored;
  entry.before = std::move(stored);
}

FeedChange::Entry& FeedChange::entry(const NotificationId& id) {
  if (!entries_.contains(id)) know(id, store::feeds::notification(tx_, feed_, id));
  return entries_.at(id);
}

const std::vector<store::Endpoint>& FeedChange::endpoints() {
  if (!endpoints_) endpoints_ = store::subscriptions::endpoints(tx_, feed_, now_);
  return *endpoints_;
}

// What became of it is looked up by whoever asked: that is rare, and needs more than this feed's rows.
Result<void> FeedChange::check_through(const ChangeRequest& request) {
  const auto* post = std::get_if<model::PostRequest>(&request.what);
  if (!post || !post->through) return {};
  if (std::ranges::find(endpoints(), *post->through, &store::Endpoint::id) != endpoints().end()) return {};
  return fail(Code::subscription_ended, "the subscription that the post came through is not active");
}

Result<Changed> FeedChange::decide(const ChangeRequest& request) {
  HG_CHECK(check_through(request));
  if (auto answer = replay(request)) return *std::move(answer);
  if (const auto* mark = std::get_if<model::MarkAllRequest>(&request.what)) return decide_all(request, *mark);
  return decide_one(request, *concerned(request));
}

std::optional<Result<Changed>> FeedChange::replay(const ChangeRequest& request) {
  const auto* post = std::get_if<model::PostRequest>(&request.what);
  if (!post) return std::nullopt;
  if (request.idempotency) {
    const auto& key = *request.idempotency;
    // A twin in the same group is found among those that are about to be stored.
    const auto twin = std::ranges::find_if(
        remembered_, [&](const Remembered& r) { return r.key.application == key.application && r.key.key == key.key; });
    const auto stored = twin != remembered_.end()
                            ? std::optional(twin->row)
                            : store::idempotency::find(tx_, feed_, key.application, key.key, request.now);
    if (stored && stored->fingerprint != key.fingerprint) {
      return fail(Code::idempotency_key_reused,
                  "this Idempotency-Key came with another request; use a new key for a new request");
    }
    if (stored) return first_answer(request, *post, *stored);
  }
  if (auto answer = repeated_post(request, *post)) return *std::move(answer);
  return std::nullopt;
}

std::optional<Changed> FeedChange::repeated_post(const ChangeRequest& request, const model::PostRequest& post) {
  if (!post.retry || post.request_id.empty()) return std::nullopt;
  const auto& stored = entry(post.id).now;
  if (!stored || stored->request_id != post.request_id || stored->fingerprint != post.fingerprint) return std::nullopt;
  if (stored->posted_by != request.application) return std::nullopt;
  store::IdempotencyRow row;
  row.notification = stored->id;
  row.new_version = stored->alert_version;
  row.base_version = stored->alert_version - 1;
  row.content_version = stored->content_version;
  row.created_at = stored->created_at;
  row.expires_at = stored->content.expires_at;
  row.endpoints = endpoint_count();
  return first_answer(request, post, row);
}

Result<Changed> FeedChange::decide_one(const ChangeRequest& request, const NotificationId& id) {
  auto& stored = entry(id);
  HG_TRY(auto decision, model::decide(request, seen(stored.now, now_)));
  Changed changed{.base_version = row_.version, .new_version = row_.version, .notifications = {}};
  if (decision.after) {
    const auto kind = decision.kind;
    changed.new_version = ++row_.version;
    put(request, std::move(decision), changed.new_version);
    if (kind == ChangeKind::posted) enforce_cap(id, changed.new_version);
  }
  if (stored.now) changed.notifications.push_back(*stored.now);
  if (std::holds_alternative<model::PostRequest>(request.what)) changed.endpoints = endpoint_count();
  remember(request, changed);
  return changed;
}

// Everything that the mark changes shares one version.
Result<Changed> FeedChange::decide_all(const ChangeRequest& request, const model::MarkAllRequest& mark) {
  std::vector<NotificationId> candidates;
  store::feeds::heads(tx_, feed_, now_, [&](const Notification& head) {
    if (!entries_.contains(head.id)) candidates.push_back(head.id);
  });
  for (const auto& [id, known] : entries_) candidates.push_back(id);
  std::ranges::sort(candidates);
  std::vector<model::Decision> decisions;
  for (const auto& id : candidates) {
    const auto& stored = entry(id).now;
    if (!stored || !live(*stored, now_)) continue;
    if (mark.group_name && stored->content.group_name != mark.group_name) continue;
    HG_TRY(auto decision, model::decide(request, &*stored));
    if (decision.after) decisions.push_back(std::move(decision));
  }
  Changed changed{.base_version = row_.version, .new_version = row_.version, .notifications = {}};
  if (decisions.empty()) return changed;
  changed.new_version = ++row_.version;
  for (auto& decision : decisions) {
    const auto id = decision.after->id;
    put(request, std::move(decision), changed.new_version);
    changed.notifications.push_back(*entry(id).now);
  }
  return changed;
}

void FeedChange::put(const ChangeRequest& request, model::Decision decision, std::int64_t version) {
  auto& after = *decision.after;
  auto& stored = entry(after.id);
  after.version = version;
  after.keep_until = std::max(after.keep_until, after.content.expires_at);
  if (stored.now) after.keep_until = std::max(after.keep_until, stored.now->keep_until);
  if (decision.alerts) {
    row_.previous_alert_version = row_.last_alert_version;
    after.alert_version = row_.last_alert_version = version;
    after.alerted_at = request.now;
  }
  const auto maker = request.maker.value_or(SubscriptionId{});
  const bool again = stored.now && !maker.zero() && stored.now->maker == maker;
  after.made_after = again ? stored.now->made_after : stored.now ? stored.now->version : 0;
  after.maker = maker;
  stored.dirty = true;
  count(stored.now, -1);
  stored.now = std::move(after);
  count(stored.now, +1);
  owe(*stored.now, decision, maker);
}

void FeedChange::count(const std::optional<Notification>& notification, std::int64_t sign) {
  if (!notification) return;
  if (notification->deleted()) {
    row_.tombstones += sign;
    return;
  }
  if (!live(*notification, now_)) return;
  row_.live += sign;
  row_.bytes += sign * notification->bytes();
  if (notification->read_state == model::ReadState::unread) row_.unread += sign;
  if (sign > 0) row_.next_expiry = std::min(row_.next_expiry, notification->content.expires_at);
  if (!order_) return;
  if (sign > 0) {
    order_->add(cap_entry(*notification));
  } else {
    order_->remove(cap_entry(*notification));
  }
}

CapOrder FeedChange::read_order() {
  auto live_ones = store::feeds::cap_entries(tx_, feed_, now_);
  std::erase_if(live_ones, [&](const model::CapEntry& stored) { return entries_.contains(stored.id); });
  for (const auto& [id, known] : entries_) {
    if (known.now && live(*known.now, now_)) live_ones.push_back(cap_entry(*known.now));
  }
  return CapOrder(std::move(live_ones));
}

void FeedChange::enforce_cap(const NotificationId& posted, std::int64_t version) {
  if (row_.live <= static_cast<std::int64_t>(model::kMaxNotifications) && row_.bytes <= model::kMaxFeedBytes) return;
  if (!order_) order_ = read_order();
  const auto over = [&] {
    return model::over_cap(order_->entries(), posted, model::kMaxNotifications, model::kMaxFeedBytes);
  };
  auto leaving = over();
  // Of a feed that was erased and began anew, or of a database that lost its last changes, as a standby may have: the
  // same versions are counted again.
  const auto is_there = [&](const NotificationId& id) {
    const auto& known = entry(id).now;
    return known && live(*known, now_);
  };
  if (!std::ranges::all_of(leaving, is_there)) {
    order_ = read_order();
    leaving = over();
  }
  for (const auto& id : leaving) {
    // Nobody's doing: also the endpoint that posted has to be told.
    ChangeRequest deletion;
    deletion.feed = feed_;
    deletion.what = model::DeleteRequest{id};
    deletion.now = now_;
    if (auto decision = model::decide(deletion, &*entry(id).now); decision && decision->after) {
      put(deletion, *std::move(decision), version);
    }
  }
}

// Who gets it is not decided here, only whether anybody could.
void FeedChange::owe(const Notification& after, const model::Decision& decision, const SubscriptionId& maker) {
  if (!pushables_.empty() && pushables_.back().version == after.version) return;
  const bool mail = decision.alerts && after.content.policies.contains("\"transportFallback\"");
  if (mail || std::ranges::any_of(endpoints(), &store::Endpoint::push))
    pushables_.push_back({after.version, decision.kind, maker});
}

void FeedChange::remember(const ChangeRequest& request, const Changed& changed) {
  if (!request.idempotency || changed.notifications.empty()) return;
  const auto& posted = changed.notifications.front();
  store::IdempotencyRow row;
  row.fingerprint = request.idempotency->fingerprint;
  row.notification = posted.id;
  row.base_version = changed.base_version;
  row.new_version = changed.new_version;
  row.content_version = posted.content_version;
  row.endpoints = changed.endpoints;
  row.created_at = posted.created_at;
  row.expires_at = posted.content.expires_at;
  row.made_at = request.now;
  remembered_.push_back({*request.idempotency, std::move(row)});
}

void FeedChange::collect(Applied& applied, store::groups::Writes& writes) {
  for (const auto& known : remembered_) {
    store::idempotency::put(tx_, feed_, known.key.application, known.key.key, known.row);
  }
  if (row_.version == from_) return;
  Advance advance{.feed = feed_, .from = from_, .to = row_.version, .unread = row_.unread, .changed = {}};
  for (auto& [id, changed] : entries_) {
    if (!changed.dirty) continue;
    const auto& after = *changed.now;
    (changed.before ? writes.updated : writes.inserted).emplace_back(feed_, &after);
    if (const auto due = snoozed_until(after); due && due != snoozed_until(changed.before)) {
      store::jobs::put(
          tx_, {.feed = feed_, .notification = id, .version = after.version, .due_at = *due, .guard = to_ms(*due)});
      applied.due = std::min(applied.due.value_or(*due), *due);
    }
    advance.changed.push_back(after);
  }
  for (const auto& one : pushables_)
    writes.outbox.push_back({feed_, {.version = one.version, .kind = one.kind, .maker = one.maker, .at = now_}});
  if (!pushables_.empty()) applied.due = std::min(applied.due.value_or(now_), now_);
  std::ranges::sort(advance.changed, {}, [](const Notification& n) { return std::pair(n.version, n.id); });
  advance.order = std::move(order_);
  applied.advances.push_back(std::move(advance));
}

void FeedChange::finish(store::groups::Writes& writes) {
  if (row_.version == from_) return;
  thin_tombstones();
  writes.feeds.emplace_back(feed_, row_);
}

void FeedChange::thin_tombstones() {
  if (row_.tombstones > model::kMaxTombstones) row_.tombstones = store::feeds::tombstones(tx_, feed_);
  if (row_.tombstones <= model::kMaxTombstones) return;
  const auto excess = static_cast<std::size_t>(row_.tombstones - model::kMaxTombstones + kThinnedAhead);
  for (const auto& oldest : store::feeds::oldest_tombstones(tx_, feed_, excess)) {
    store::feeds::erase(tx_, feed_, oldest.id);
    store::outcomes::erase(tx_, feed_, oldest.id);
    row_.floor_version = std::max(row_.floor_version, oldest.version);
    --row_.tombstones;
  }
}

}  // namespace hg::feed
