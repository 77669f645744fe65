#include "delivery/round.h"

#include <algorithm>

#include "base/crash.h"
#include "base/log.h"
#include "base/spawn.h"
#include "push/platforms.h"

namespace hg::delivery {

namespace {

constexpr Duration kBackOff = std::chrono::seconds(1);
constexpr Duration kFresh = std::chrono::milliseconds(250);  // a look that is younger needs no second one

// Grouped by endpoint, in their order.
std::vector<std::vector<model::Send>> lanes_of(const std::vector<model::Send>& sends) {
  std::vector<std::vector<model::Send>> lanes;
  for (const auto& send : sends) {
    const auto mine = std::ranges::find(lanes, send.to, [](const auto& lane) { return lane.front().to; });
    mine == lanes.end() ? lanes.push_back({send}) : mine->push_back(send);
  }
  return lanes;
}

Settlement settlement_of(const Sight& sight, const store::Lease& lease) {
  Settlement settlement{.lease = lease,
                        .rows = sight.rows,
                        .spent = sight.plan.spent,
                        .jobs = sight.plan.jobs,
                        .fates = sight.plan.fates,
                        .endpoints = {},
                        .alerted = {},
                        .handled = {},
                        .sent = {},
                        .directory = sight.directory_version};
  std::ranges::copy(sight.changes_again, std::back_inserter(settlement.spent));
  for (const auto& row : sight.endpoints) {
    const auto& s = row.subscription;
    settlement.endpoints.emplace(s.id,
                                 Settlement::Endpoint{.carrier = s.channel.kind,
                                                      .device_name = s.device_name,
                                                      .budgeted = push::traits(s.channel.kind).silent_an_hour > 0});
  }
  for (const auto& n : sight.notifications) settlement.alerted.emplace(n.id, n.alerted_at);
  for (const auto& [base, changes] : sight.since) {
    for (const auto& n : changes.notifications) {
      if (!n.handled() && !n.deleted()) continue;
      const auto at = n.handled_by ? n.handled_by->at : n.modified_at.value_or(sight.now);
      settlement.handled[base].push_back({n.id, at});
    }
  }
  return settlement;
}

// A mail goes to nobody's endpoint.
model::Send mail_send(const model::Mailing& mailing) {
  return {.to = {},
          .notification = mailing.notification,
          .version = mailing.version,
          .attempts = mailing.attempts,
          .since = mailing.since};
}

// Whether what stands behind it may go.
bool goes_on(const Sent& sent) {
  if (sent.moot) return true;
  using enum push::Verdict::Outcome;
  return sent.verdict && (sent.verdict->outcome == delivered || sent.verdict->outcome == rejected);
}

}  // namespace

asio::awaitable<void> Worker::work(std::shared_ptr<Round> round) {
  bool faulted = false;
  try {
    co_await look_and_send(round);
  } catch (const std::exception& fault) {
    log::error("delivery", "cannot work off a feed: {}", fault.what());
    faulted = true;
  }
  if (faulted) {
    try {
      const auto now = clock_.now();
      const double random = hooks_.random();
      after(co_await database_.transact(
          [&](store::Connection& tx) { return put_off(tx, round->lease, now, random, counted_since_); }));
    } catch (const std::exception& fault) {
      log::error("delivery", "cannot put off what failed: {}", fault.what());
    }
  }
  --rounds_;
  leave(*round);
  // At once again for what came meanwhile; a fault has put it off.
  hint(clock_.now() + (faulted ? kBackOff : Duration::zero()));
}

asio::awaitable<void> Worker::look_and_send(std::shared_ptr<Round> round) {
  const FeedKey feed = round->lease.feed;
  bool live = hooks_.live && hooks_.live(feed);
  const auto see = [&](Time now) {
    return database_.read([&, now](store::Connection& tx) { return look(tx, feed, now, live, options_.bounds); });
  };
  round->sight = co_await see(clock_.now());
  bool again = false;
  if (round->sight.asks_who_fetched && hooks_.write_seen) {
    co_await hooks_.write_seen();
    again = true;
  }
  if (round->sight.plan.waits_for_nobody && hooks_.live_elsewhere && co_await hooks_.live_elsewhere(feed))
    again = live = true;
  if (again) round->sight = co_await see(clock_.now());
  round->settlement = settlement_of(round->sight, round->lease);
  co_await give_back(round);

  round->under_way = round->sight.plan.sends;
  for (const auto& mailing : round->sight.plan.mails) round->under_way.push_back(mail_send(mailing));
  auto lanes = lanes_of(round->under_way);
  round->lanes = lanes.size() + round->sight.withdrawals.size();
  for (auto& sends : lanes) {
    enter(*round);
    spawn(loop_, lane(round, std::move(sends)));
  }
  for (const auto& withdrawal : round->sight.withdrawals) {
    enter(*round);
    spawn(loop_, withdraw(round, withdrawal));
  }
  if (round->lanes > 0) {
    round->done.expires_after(options_.patience);
    co_await wait(round->done);
  }
  // What is still on its way is settled when it ends; should that never be, it is made again.
  round->closed = true;
  auto settlement = std::move(round->settlement);
  settlement.outstanding = round->under_way;
  settlement.outstanding_until = round->outstanding_until = clock_.now() + options_.outstanding;
  after(co_await settle(std::move(settlement)));
}

// The snoozes that end now.
asio::awaitable<void> Worker::give_back(std::shared_ptr<Round> round) {
  for (auto job : round->sight.returns) {
    model::ChangeRequest request;
    request.feed = job.feed;
    request.what = model::ReturnRequest{job.notification, job.version};
    request.now = clock_.now();
    bool again = false;
    try {
      const auto changed = co_await hooks_.apply(std::move(request));
      // A store that takes nothing just now is no fault of the job; any other refusal says that there is nothing to
      // return.
      again = !changed && changed.error().code == Code::unavailable;
    } catch (const std::exception& fault) {
      log::error("delivery", "a job failed (fault {}): {}", job.faults + 1, fault.what());
      again = ++job.faults < model::kMaxFaults;
    }
    round->settlement.spent.push_back(job);
    if (!again) continue;
    job.due_at = clock_.now() + model::kFirstRetry + model::backoff(job.faults + 1, hooks_.random());
    round->settlement.jobs.push_back(job);
  }
}

// One endpoint's sends, one after the other.
asio::awaitable<void> Worker::lane(std::shared_ptr<Round> round, std::vector<model::Send> sends) {
  const auto mine = sends.front().to;
  const auto* endpoint = round->sight.endpoint(mine);
  const auto carrier = endpoint == nullptr ? model::ChannelKind::email : endpoint->subscription.channel.kind;
  bool going = true;
  for (std::size_t i = 0; i < sends.size() && !round->closed; ++i) {
    Sent sent{.send = sends[i], .carrier = carrier, .verdict = {}, .moot = {}};
    if (going) sent = endpoint == nullptr ? co_await mail(round, sends[i]) : co_await send(round, sends[i], i == 0);
    going = going && goes_on(sent);
    if (round->closed) {
      co_await settle_late(round, std::move(sent));
      break;
    }
    round->settlement.sent.push_back(std::move(sent));
    const auto done = std::ranges::find(round->under_way, mine, &model::Send::to);
    if (done != round->under_way.end()) round->under_way.erase(done);
  }
  if (--round->lanes == 0) round->done.cancel();
  leave(*round);
}

// The feed was given back before this came.
asio::awaitable<void> Worker::settle_late(std::shared_ptr<Round> round, Sent sent) {
  Settlement late = settlement_of(round->sight, round->lease);
  late.rows.clear();
  late.spent.clear();
  late.jobs.clear();
  late.fates.clear();
  late.late = true;
  late.outstanding_until = round->outstanding_until;
  late.sent.push_back(std::move(sent));
  try {
    after(co_await settle(std::move(late)));
  } catch (const std::exception& fault) {
    log::error("delivery", "cannot settle a late answer: {}", fault.what());
  }
}

asio::awaitable<Sent> Worker::send(std::shared_ptr<Round> round, model::Send one, bool first) {
  const Sight& sight = round->sight;
  const auto& row = *sight.endpoint(one.to);
  Sent sent{.send = one,
            .carrier = row.subscription.channel.kind,
            .verdict = {},
            .moot = {},
            .channel_hash = row.channel_hash};
  try {
    // A while after the look the state is asked again: never after the fact, never to another's device.
    if (!first || clock_.now() - sight.now > kFresh) {
      const auto now = clock_.now();
      sent.moot = co_await database_.read([&](store::Connection& tx) -> std::optional<model::Moot> {
        if (!still_owner(tx, row, now)) return model::Moot{model::Outcome::failed, "subscriptionEnded"};
        return moot_by_now(tx, sight.feed, one, now);
      });
      if (sent.moot) co_return sent;
    }
    auto subscription = hooks_.opened(row);
    const auto found = co_await hooks_.sender(subscription, sight.directory_version);
    sent.credential = found.credential;
    if (found.sender) {
      sent.verdict = co_await found.sender->send(subscription.channel, message_of(one, sight, hooks_.words));
      if (sent.verdict->delivered()) crash_point(round->lanes > 1 ? "midFanOut" : "pushed");
      if (sent.verdict->environment && hooks_.sealed) {
        subscription.channel.environment = *sent.verdict->environment;
        sent.resealed = hooks_.sealed(subscription);
      }
    } else {
      // Somebody may set them while it is still worth telling. That they cannot be used for this endpoint (Apple's want
      // an app id) says nothing of others.
      sent.verdict = push::Verdict{.outcome = push::Verdict::Outcome::credentials,
                                   .reason = found.credential.zero() ? "noCredentials" : "unusableCredentials"};
      sent.credential = {};
    }
  } catch (const std::exception& fault) {
    log::error("delivery", "cannot send (fault {}): {}", one.faults + 1, fault.what());
    sent.faulted = true;
  }
  sent.at = clock_.now();
  if (one.wake == model::Wake::state && sent.verdict) tally_.nudged(sent.carrier, sent.verdict->outcome);
  co_return sent;
}

// Tried once: what cannot be taken back is shown, and goes when the device hears of it.
asio::awaitable<void> Worker::withdraw(std::shared_ptr<Round> round, Withdrawal withdrawal) {
  try {
    const auto subscription = hooks_.opened(*round->sight.endpoint(withdrawal.endpoint));
    const auto found = co_await hooks_.sender(subscription, round->sight.directory_version);
    push::Message message;
    message.kind = push::Message::Kind::withdrawal;
    message.location = withdrawal.location;
    if (found.sender) {
      const auto verdict = co_await found.sender->send(subscription.channel, std::move(message));
      if (verdict.delivered() && !round->closed) round->settlement.withdrawn.push_back(withdrawal);
    }
  } catch (const std::exception& fault) {
    log::error("delivery", "cannot withdraw: {}", fault.what());
  }
  if (--round->lanes == 0) round->done.cancel();
  leave(*round);
}

asio::awaitable<Sent> Worker::mail(std::shared_ptr<Round> round, model::Send one) {
  const Sight& sight = round->sight;
  Sent sent{.send = one, .carrier = model::ChannelKind::email, .verdict = {}, .moot = {}};
  const auto refused = [](std::string reason) {
    return push::Verdict{.outcome = push::Verdict::Outcome::rejected, .reason = std::move(reason)};
  };
  try {
    const auto mailer = hooks_.mailer ? hooks_.mailer() : nullptr;
    model::Channel channel;
    if (mailer) channel.address = co_await hooks_.address(sight.feed.user);
    if (!mailer) {
      sent.verdict = refused("noMailRelay");
    } else if (channel.address.empty()) {
      sent.verdict = refused("noMailAddress");
    } else {
      sent.verdict = co_await mailer->send(channel, mail_of(*sight.notification(one.notification), sight.now));
    }
  } catch (const std::exception& fault) {
    log::error("delivery", "cannot mail: {}", fault.what());
    sent.faulted = true;
  }
  sent.at = clock_.now();
  co_return sent;
}

}  // namespace hg::delivery
