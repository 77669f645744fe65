#include "delivery/settle.h"

#include <algorithm>

#include "delivery/reports.h"
#include "store/credentials.h"
#include "store/directory.h"

namespace hg::delivery {

namespace {

using model::ChannelKind;
using model::Delivery;
using model::JobKind;
using model::Outcome;
using model::Send;
using model::Wake;
using Verdict = push::Verdict;

class Settling {
 public:
  Settling(store::Connection& tx, const Settlement& of, Time now, double random)
      : tx_(tx),
        of_(of),
        feed_(of.lease.feed),
        now_(now),
        random_(random),
        reports_(tx, feed_, now, of.counted_since, done_.changes) {}

  Settled run() &&;

 private:
  bool stands();
  void fate(const model::Fate& fate);
  void outstanding(const Send& send);
  void sent(const Sent& one);
  void withdrawn(const Withdrawal& one);
  void delivered(const Sent& one, Delivery* line);
  void again(const Sent& one, Delivery* line);
  void gone(const Sent& one, Delivery* line);
  void credentials(const Sent& one, Delivery* line);
  void mark(const Sent& one, std::optional<Time> broken_at, const std::string& reason);
  void faulted(const Sent& one, Delivery* line);
  void untried(const Sent& one);
  void fail(Delivery* line, Outcome outcome, std::string_view reason);
  void clear(const Send& send);
  void put(store::Job job);
  void spend(const store::Job& job);
  [[nodiscard]] store::Job nudge_of(const SubscriptionId& endpoint) const {
    return {.feed = feed_, .subscription = endpoint, .kind = JobKind::nudge};
  }
  [[nodiscard]] store::Job job(const Sent& one, Time due, std::int64_t attempts) const;
  [[nodiscard]] Time expiry(const Send& send) const;
  Delivery* line(const Sent& one);
  [[nodiscard]] Time alerted(const NotificationId& id) const;

  store::Connection& tx_;
  const Settlement& of_;
  const FeedKey feed_;
  const Time now_;
  const double random_;
  Settled done_;
  Reports reports_;
  std::map<SubscriptionId, Time> held_;  // endpoints that nothing goes to before then
};

JobKind kind_of(const Sent& one) {
  if (one.carrier == ChannelKind::email) return JobKind::mail_fallback;
  switch (one.send.wake) {
    case Wake::state:
      return one.send.expiring ? JobKind::expiring : JobKind::nudge;
    case Wake::fallback:
      return JobKind::endpoint_fallback;
    default:
      return JobKind::alert;
  }
}

store::Job Settling::job(const Sent& one, Time due, std::int64_t attempts) const {
  const Send& send = one.send;
  const JobKind kind = kind_of(one);
  const bool state = kind == JobKind::nudge || kind == JobKind::expiring;
  return {.feed = feed_,
          .subscription = send.to,
          .notification = send.notification,
          .version = state ? 0 : send.version,
          .kind = kind,
          .due_at = due,
          .guard = send.expiring ? to_ms(*send.expiring)
                   : state       ? send.base
                                 : send.version,
          .attempts = attempts,
          .faults = send.faults,
          .made_at = send.since};
}

// Who was renewed since the look is owed a warning of its new end, under the same key: that one stays.
void Settling::spend(const store::Job& job) {
  const auto there = job.kind == JobKind::expiring ? store::jobs::find(tx_, job) : std::nullopt;
  if (!there || there->guard == job.guard) store::jobs::erase(tx_, job);
}

void Settling::put(store::Job job) {
  if (job.kind == JobKind::expiring && store::jobs::find(tx_, job)) return;
  store::jobs::put(tx_, job);
  done_.due = std::min(done_.due.value_or(job.due_at), job.due_at);
}

// A state change is worth telling as long as it is tried.
Time Settling::expiry(const Send& send) const {
  const auto n = send.notification.zero() ? std::nullopt : store::feeds::notification(tx_, feed_, send.notification);
  return n ? n->content.expires_at : send.since + model::kRetryFor;
}

Delivery* Settling::line(const Sent& one) {
  if (one.send.wake == Wake::state && one.carrier != ChannelKind::email) return nullptr;
  const auto known = of_.endpoints.find(one.send.to);
  const std::string_view device = known == of_.endpoints.end() ? "" : std::string_view(known->second.device_name);
  return reports_.line(one.send.notification, one.send.version, one.send.to, one.carrier, device,
                       alerted(one.send.notification));
}

Time Settling::alerted(const NotificationId& id) const {
  const auto known = of_.alerted.find(id);
  return known == of_.alerted.end() ? now_ : known->second;
}

Settled Settling::run() && {
  if (!stands()) {
    done_.lost = true;
    return std::move(done_);
  }
  for (const auto& row : of_.rows) store::outbox::erase(tx_, feed_, row.number);
  for (const auto& job : of_.spent) spend(job);
  for (const auto& job : of_.jobs) put(job);
  for (const auto& one : of_.fates) fate(one);
  for (const auto& send : of_.outstanding) outstanding(send);
  for (const auto& one : of_.sent) sent(one);
  for (const auto& one : of_.withdrawn) withdrawn(one);
  // Whatever was owed to them before comes in its order.
  for (const auto& [id, until] : held_) store::jobs::hold(tx_, feed_, id, until);
  reports_.write();
  if (!of_.late) store::jobs::release(tx_, of_.lease);
  return std::move(done_);
}

bool Settling::stands() {
  if (!of_.late) return store::jobs::holds(tx_, of_.lease);
  store::feeds::lock(tx_, feed_);
  const auto& one = of_.sent.front();
  const auto left = job(one, of_.outstanding_until, one.send.attempts);
  const auto there = store::jobs::find(tx_, left);
  if (!there || there->due_at != of_.outstanding_until || there->attempts != one.send.attempts) return false;
  store::jobs::erase(tx_, left);
  if (left.kind == JobKind::alert) held_[one.send.to] = now_;  // what waits behind it may go
  done_.due = now_;
  return true;
}

void Settling::fate(const model::Fate& fate) {
  const auto known = of_.endpoints.find(fate.subscription);
  if (!fate.subscription.zero() && known == of_.endpoints.end()) {
    // It has ended since: there is a line where it was owed something.
    if (Delivery* there = reports_.find(fate.notification, fate.subscription); there && model::open(there->outcome)) {
      reports_.move(*there, fate.outcome, fate.reason);
      reports_.touch(fate.notification);
    }
    return;
  }
  const auto carrier = fate.subscription.zero() ? ChannelKind::email : known->second.carrier;
  const std::string_view device = fate.subscription.zero() ? "" : std::string_view(known->second.device_name);
  Delivery* there =
      reports_.line(fate.notification, fate.version, fate.subscription, carrier, device, alerted(fate.notification));
  if (there != nullptr && model::open(there->outcome)) reports_.move(*there, fate.outcome, fate.reason);
}

void Settling::outstanding(const Send& send) {
  const auto carrier = send.to.zero() ? ChannelKind::email : of_.endpoints.at(send.to).carrier;
  auto owed = job({.send = send, .carrier = carrier, .verdict = {}, .moot = {}}, of_.outstanding_until, send.attempts);
  owed.waits = model::Waits::answer;
  put(owed);
}

void Settling::sent(const Sent& one) {
  Delivery* there = line(one);
  // Nothing else has taken it off: it may have waited for this, or for the next.
  if (kind_of(one) == JobKind::nudge) store::jobs::erase(tx_, nudge_of(one.send.to));
  if (one.verdict && one.verdict->delivered()) return delivered(one, there);
  // The fallback of what was accepted is an extra: that it comes to nothing changes nothing.
  if (one.send.wake == Wake::fallback) there = nullptr;
  if (one.moot) {
    if (there != nullptr) reports_.move(*there, one.moot->outcome, one.moot->reason);
    return;
  }
  if (one.faulted) return faulted(one, there);
  if (!one.verdict) return untried(one);
  if (there != nullptr && one.verdict->asked) there->attempts = one.send.attempts + 1;
  switch (one.verdict->outcome) {
    case Verdict::Outcome::delivered:
      return;  // it is
    case Verdict::Outcome::retry:
      return again(one, there);
    case Verdict::Outcome::gone:
      return gone(one, there);
    case Verdict::Outcome::rejected:
      return fail(there, Outcome::failed, one.verdict->reason);
    case Verdict::Outcome::credentials:
      return credentials(one, there);
  }
}

void Settling::withdrawn(const Withdrawal& one) {
  Delivery* there = reports_.find(one.notification, one.endpoint);
  if (there == nullptr || there->outcome != Outcome::accepted || there->location != one.location) return;
  there->location.clear();
  reports_.move(*there, Outcome::withdrawn, "");
  reports_.touch(one.notification);
}

void Settling::delivered(const Sent& one, Delivery* there) {
  const Send& send = one.send;
  if (send.wake == Wake::fallback) {
    if (there != nullptr) there->fallback_at = one.at;
  } else if (there != nullptr) {
    there->attempts = send.attempts + 1;
    there->sent_at = one.at;
    there->platform_id = one.verdict->id;
    there->location = one.verdict->location;
    reports_.move(*there, Outcome::accepted, "");
    done_.changes.accepted.emplace_back(one.carrier, one.at - there->owed_at);
  }
  if (one.carrier == ChannelKind::email) return;
  if (!one.resealed.empty()) store::subscriptions::put_channel(tx_, feed_, send.to, one.channel_hash, one.resealed);
  mark(one, std::nullopt, "");
  // A nudge that waited was in it.
  if (!send.expiring) store::jobs::erase(tx_, nudge_of(send.to));
  clear(send);
  const auto endpoint = of_.endpoints.find(send.to);
  if (send.wake != Wake::state || endpoint == of_.endpoints.end() || !endpoint->second.budgeted) return;
  auto times = store::subscriptions::nudged(tx_, feed_)[send.to];
  std::erase_if(times, [&](Time at) { return at <= now_ - std::chrono::hours(1); });
  times.push_back(one.at);
  store::subscriptions::put_nudged(tx_, feed_, send.to, times);
}

// What the endpoint was told of as handled has left it.
void Settling::clear(const Send& send) {
  const auto handled = of_.handled.find(send.base);
  if (handled == of_.handled.end()) return;
  for (const auto& [id, at] : handled->second) {
    Delivery* there = reports_.find(id, send.to);
    if (there == nullptr || there->outcome != Outcome::accepted || there->cleared_at) continue;
    there->cleared_at = now_;
    reports_.touch(id);
    done_.changes.cleared.emplace_back(there->carrier, now_ - at);
  }
}

void Settling::again(const Sent& one, Delivery* there) {
  const Send& send = one.send;
  const bool asked = one.verdict->asked;
  const model::Tried tried{
      .attempts = send.attempts + (asked ? 1 : 0),
      .since = send.since,
      .not_before = one.verdict->retry_after ? std::optional(one.at + *one.verdict->retry_after) : std::nullopt};
  const Time expires = expiry(send);
  const auto due =
      asked ? model::next_try(tried, expires, now_, random_) : model::next_look(tried, expires, now_, random_);
  if (!due) {
    const bool over = expires < send.since + model::kRetryFor;
    return fail(there, over ? Outcome::expired : Outcome::failed, one.verdict->reason);
  }
  put(job(one, *due, tried.attempts));
  if (kind_of(one) == JobKind::alert) held_[send.to] = *due;
  if (there != nullptr) reports_.move(*there, Outcome::retrying, one.verdict->reason);
}

void Settling::fail(Delivery* there, Outcome outcome, std::string_view reason) {
  if (there != nullptr) reports_.move(*there, outcome, reason);
}

void Settling::gone(const Sent& one, Delivery* there) {
  const SubscriptionId id = one.send.to;
  const auto row = store::subscriptions::find(tx_, feed_, id);
  const bool same = row && row->channel_hash == one.channel_hash &&
                    row->subscription.renewed_at <= one.verdict->gone_since.value_or(one.at);
  if (row && row->subscription.active(now_) && !same) return again(one, there);  // it has a new channel by now
  fail(there, Outcome::failed, one.verdict->reason);
  if (!row) return;
  if (store::subscriptions::end(tx_, feed_, id, model::EndReason::channel_gone, now_))
    done_.messages.emplace_back(bus::Ended{feed_, id, std::string(model::name(model::EndReason::channel_gone))});
  store::channels::release(tx_, one.channel_hash, id);
  held_.erase(id);
  for (const auto& owed : store::jobs::erase_alerts(tx_, feed_, id)) {
    Delivery* line = reports_.line(owed.notification, owed.version, id, one.carrier, "", owed.made_at);
    if (line != nullptr && model::open(line->outcome)) reports_.move(*line, Outcome::failed, "subscriptionEnded");
  }
}

void Settling::mark(const Sent& one, std::optional<Time> broken_at, const std::string& reason) {
  if (one.credential.zero()) return;
  if (store::credentials::mark(tx_, one.credential, broken_at, reason))
    done_.turns.push_back({.credential = one.credential, .platform = one.carrier, .reason = reason});
}

// Nobody's fault but the app's: what is owed waits, however often this was tried.
void Settling::credentials(const Sent& one, Delivery* there) {
  mark(one, now_, one.verdict->reason);
  if (expiry(one.send) <= now_ + kCredentialsPause) return fail(there, Outcome::expired, one.verdict->reason);
  // Where they were changed meanwhile nobody will say so once more.
  const bool same = store::directory_version(tx_) == of_.directory;
  auto owed = job(one, now_ + (same ? kCredentialsPause : model::kFirstRetry), one.send.attempts);
  owed.waits = model::Waits::credentials;
  put(owed);
  if (kind_of(one) == JobKind::alert) held_[one.send.to] = owed.due_at;
  if (there != nullptr) reports_.move(*there, Outcome::retrying, one.verdict->reason);
}

void Settling::faulted(const Sent& one, Delivery* there) {
  if (one.send.faults + 1 >= model::kMaxFaults) return fail(there, Outcome::failed, "poison");
  const Time due = now_ + model::backoff(one.send.faults + 1, random_);
  auto owed = job(one, due, one.send.attempts);
  ++owed.faults;
  put(owed);
  if (kind_of(one) == JobKind::alert) held_[one.send.to] = due;
  if (there != nullptr) reports_.move(*there, Outcome::retrying, "");
}

// Behind one that has to be tried again; or that one has ended the endpoint.
void Settling::untried(const Sent& one) {
  const auto until = held_.find(one.send.to);
  if (kind_of(one) == JobKind::expiring)
    return put(job(one, until == held_.end() ? now_ + model::kLastRetry : until->second, one.send.attempts));
  Delivery* there = one.send.wake == Wake::fallback ? nullptr : line(one);
  if (until == held_.end()) return fail(there, Outcome::failed, "subscriptionEnded");
  put(job(one, until->second, one.send.attempts));
  if (there != nullptr) reports_.move(*there, Outcome::retrying, "");
}

// Whoever the job was to bring something to does not get it. State changes and fallbacks have no line of their own.
void give_up(store::Connection& tx, Reports& reports, const store::Job& job, Time now) {
  const auto end = [&](const NotificationId& id, std::int64_t version, const model::Subscription& s) {
    Delivery* line = reports.line(id, version, s.id, s.channel.kind, s.device_name, job.made_at);
    if (line != nullptr && model::open(line->outcome)) reports.move(*line, Outcome::failed, "poison");
  };
  if (job.kind == JobKind::mail_fallback) {
    model::Subscription mail;
    mail.channel.kind = ChannelKind::email;
    end(job.notification, job.version, mail);
  } else if (job.kind == JobKind::alert) {
    if (const auto row = store::subscriptions::find(tx, job.feed, job.subscription))
      end(job.notification, job.version, row->subscription);
  } else if (job.kind == JobKind::change) {
    for (const auto& n : store::feeds::alerted(tx, job.feed, job.version, job.version))
      for (const auto& row : store::subscriptions::active(tx, job.feed, now)) {
        const auto& s = row.subscription;
        const bool owed = s.channel.kind != ChannelKind::live && s.since_version < n.alert_version;
        if (owed) end(n.id, n.alert_version, s);
      }
  }
}

}  // namespace

Settled settle(store::Connection& tx, const Settlement& settlement, Time now, double random) {
  return Settling(tx, settlement, now, random).run();
}

Settled put_off(store::Connection& tx, const store::Lease& lease, Time now, double random, Time counted_since) {
  Settled done;
  if (!store::jobs::holds(tx, lease)) {
    done.lost = true;
    return done;
  }
  constexpr std::size_t kAll = 1024;
  for (const auto& row : store::outbox::of_feed(tx, lease.feed, kAll)) {
    store::jobs::put(tx, {.feed = lease.feed,
                          .subscription = row.maker,
                          .version = row.version,
                          .kind = JobKind::change,
                          .due_at = now,
                          .guard = static_cast<std::int64_t>(row.kind),
                          .made_at = row.at});
    store::outbox::erase(tx, lease.feed, row.number);
  }
  Reports reports(tx, lease.feed, now, counted_since, done.changes);
  for (auto job : store::jobs::due(tx, lease.feed, now, kAll)) {
    if (++job.faults >= model::kMaxFaults) {
      store::jobs::erase(tx, job);
      give_up(tx, reports, job, now);
      continue;
    }
    job.due_at = now + model::kFirstRetry + model::backoff(job.faults, random);
    job.waits = model::Waits::nothing;
    store::jobs::put(tx, job);
  }
  reports.write();
  store::jobs::release(tx, lease);
  return done;
}

}  // namespace hg::delivery
