#include "delivery/webhooks.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/crash.h"
#include "base/log.h"
#include "base/spawn.h"
#include "model/job.h"

namespace hg::delivery {

namespace asio = boost::asio;

namespace {

// The same each time it is tried.
Time made_at(const store::WebhookCall& call) { return std::ranges::max(call.ends, {}, &store::End::made_at).made_at; }

}  // namespace

Webhooks::Webhooks(asio::any_io_executor loop, store::Database& database, crypto::SealingKey key, WebhookHooks hooks,
                   const Clock& clock, Options options)
    : loop_(std::move(loop)),
      database_(database),
      key_(std::move(key)),
      hooks_(std::move(hooks)),
      clock_(clock),
      options_(options),
      timer_(loop_) {}

asio::awaitable<Time> Webhooks::step(Time now) {
  if (calling_ >= options_.at_once) co_return now + options_.look;
  const auto due = co_await database_.read([](store::Connection& tx) { return store::webhooks::next_due(tx); });
  if (!due) co_return now + options_.look;
  if (*due > now) co_return std::min(*due, now + options_.look);
  const auto limit = options_.at_once - calling_;
  auto owed = co_await database_.transact(
      [&](store::Connection& tx) { return store::webhooks::claim(tx, now, options_.lease, limit); });
  for (auto& one : owed) {
    ++calling_;
    spawn(loop_, call(std::move(one)));
  }
  co_return now + options_.look;
}

asio::awaitable<void> Webhooks::call(store::WebhookCall owed) {
  try {
    const Taken taken = co_await tell(owed);
    // What was cut off by the stop is nobody's failure.
    if (taken.taken || !stopped_) co_await settle(owed, taken);
  } catch (const std::exception& fault) {
    log::error("webhook", "cannot work off webhook {}: {}", owed.webhook.id.str(), fault.what());
  }
  --calling_;
  timer_.cancel();  // it may be owed more
}

asio::awaitable<Taken> Webhooks::tell(const store::WebhookCall& owed) {
  const auto secret = key_.open(owed.webhook.id.view(), as_bytes(owed.webhook.sealed));
  if (!secret) co_return Taken{.reason = "its secret was sealed with another key"};
  std::vector<EndedItem> items;
  for (const auto& end : owed.ends)
    items.push_back({.unsid = hooks_.unsid(end.feed, end.subscription),
                     .host_name = hooks_.host_name(end.feed.app),
                     .reason = end.reason,
                     .ended_at = end.ended_at});
  auto ask = webhook_ask(owed.webhook.url, *secret, owed.id, clock_.now(), ended_body(items, made_at(owed)));
  const auto answer = co_await hooks_.send(std::move(ask));
  const auto taken = judge_webhook(answer, clock_.now());
  if (taken.taken) crash_point("webhookTold");
  co_return taken;
}

asio::awaitable<void> Webhooks::settle(const store::WebhookCall& owed, const Taken& taken) {
  const auto now = clock_.now();
  const Time since = made_at(owed);
  const model::Tried tried{.attempts = owed.attempts + 1,
                           .since = since,
                           .not_before = taken.retry_after ? std::optional(now + *taken.retry_after) : std::nullopt};
  const auto again = model::next_try(tried, since + model::kRetryFor, now, hooks_.random());
  const bool stands = co_await database_.transact([&](store::Connection& tx) {
    if (taken.taken) return store::webhooks::taken(tx, owed, now);
    if (again) return store::webhooks::failed(tx, owed, *again, taken.reason, now);
    return store::webhooks::given_up(tx, owed, now + model::kLastRetry, taken.reason, now);
  });
  if (!stands) co_return;  // another has it by now, or it was removed
  (taken.taken ? taken_ : again ? failed_ : given_up_).add();
  if (taken.taken || !again) (taken.taken ? told_ : lost_).add(owed.ends.size());
  say(owed, taken, !taken.taken && !again);
}

void Webhooks::say(const store::WebhookCall& owed, const Taken& taken, bool given_up) const {
  const auto& webhook = owed.webhook;
  if (taken.taken && webhook.failing_since) log::info("webhook", "webhook {} takes calls again", webhook.id.str());
  if (!taken.taken && !webhook.failing_since)
    log::warn("webhook", "webhook {} fails: {}; it is tried again for 24 hours", webhook.id.str(), taken.reason);
  if (given_up)
    log::warn("webhook", "webhook {} was not told of {} ended subscriptions in 24 hours: {}", webhook.id.str(),
              owed.ends.size(), taken.reason);
}

asio::awaitable<void> Webhooks::run() {
  while (!stopped_) {
    Time next = clock_.now() + options_.look;
    try {
      next = co_await step(clock_.now());
    } catch (const std::exception& fault) {
      log::error("webhook", "cannot look what is due: {}", fault.what());
    }
    if (stopped_) co_return;
    timer_.expires_after(std::max<Duration>(next - clock_.now(), Duration::zero()));
    boost::system::error_code woken;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

void Webhooks::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Webhooks::measure(metrics::Page& page) const {
  for (const auto& [outcome, counter] :
       {std::pair("taken", &taken_), std::pair("failed", &failed_), std::pair("givenUp", &given_up_)})
    page.counter("heliograph_webhook_calls_total", "Calls of webhooks; a call that fails is made again for 24 hours.",
                 counter->value(), {{"outcome", outcome}});
  for (const auto& [outcome, counter] : {std::pair("told", &told_), std::pair("lost", &lost_)})
    page.counter("heliograph_webhook_ends_total", "Ended subscriptions that webhooks were told of, or never were.",
                 counter->value(), {{"outcome", outcome}});
}

}  // namespace hg::delivery
