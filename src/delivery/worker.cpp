#include "delivery/worker.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "base/together.h"
#include "store/feeds.h"

namespace hg::delivery {
namespace {

namespace asio = boost::asio;

constexpr Duration kFirstRetry = std::chrono::seconds(1), kLastRetry = std::chrono::minutes(5);
constexpr Duration kBackOff = std::chrono::seconds(1);

Duration retry_after(std::int64_t attempts) {
  return std::min(kLastRetry, kFirstRetry * (std::int64_t{1} << std::min<std::int64_t>(attempts, 12)));
}

// Whether it is still the snooze that the job was made for.
bool stands(store::Connection& tx, const store::Job& job) {
  const auto found = store::feeds::notification(tx, job.feed, job.notification);
  return found && !found->deleted() && found->action_state == model::ActionState::snoozed && found->snooze_until &&
         to_ms(*found->snooze_until) == job.guard;
}

}  // namespace

Worker::Worker(asio::any_io_executor loop, store::Database& database, Apply apply, const Clock& clock, Options options)
    : loop_(std::move(loop)),
      database_(database),
      apply_(std::move(apply)),
      clock_(clock),
      options_(options),
      timer_(loop_) {}

asio::awaitable<Time> Worker::step(Time now) {
  const auto soonest = co_await database_.read([](store::Connection& tx) { return store::jobs::next_due(tx); });
  if (!soonest) co_return now + options_.idle;
  if (*soonest > now) co_return std::min(*soonest, now + options_.idle);

  auto works = co_await claim(now);
  // What is due is another worker's: look again when it may have let go.
  if (works.empty()) co_return now + kBackOff;
  std::vector<asio::awaitable<void>> running;
  for (auto& work : works) running.push_back(work_off(work, now));
  co_await together(loop_, std::move(running));
  co_await settle(works);
  co_return now;
}

asio::awaitable<std::vector<Worker::Work>> Worker::claim(Time now) {
  co_return co_await database_.transact([&](store::Connection& tx) {
    std::vector<Work> works;
    for (const auto& feed : store::jobs::due_feeds(tx, now, options_.feeds)) {
      const auto lease = store::jobs::lease(tx, feed, now, options_.lease);
      if (!lease) continue;
      Work work{.lease = *lease, .jobs = {}, .settled = {}};
      for (auto& job : store::jobs::due(tx, feed, now, options_.jobs)) {
        if (stands(tx, job)) {
          work.jobs.push_back(job);
        } else {
          store::jobs::erase(tx, job);
        }
      }
      works.push_back(std::move(work));
    }
    return works;
  });
}

asio::awaitable<void> Worker::work_off(Work& work, Time now) {
  for (const auto& job : work.jobs) {
    try {
      work.settled.push_back(co_await give_back(job, now));
    } catch (const std::exception& fault) {
      log::error("delivery", "a job failed (attempt {}): {}", job.attempts + 1, fault.what());
      const bool again = job.attempts + 1 < options_.attempts;
      work.settled.push_back({job, again ? std::optional(now + retry_after(job.attempts)) : std::nullopt});
    }
  }
}

asio::awaitable<Worker::Settled> Worker::give_back(store::Job job, Time now) {
  model::ChangeRequest request;
  request.feed = job.feed;
  request.what = model::ReturnRequest{job.notification, job.version};
  request.now = now;
  const auto changed = co_await apply_(std::move(request));
  // A store that takes nothing just now is no fault of the job; any other refusal says that there is nothing to return.
  const bool again = !changed && changed.error().code == Code::unavailable;
  co_return Settled{job, again ? std::optional(now + kFirstRetry) : std::nullopt};
}

asio::awaitable<void> Worker::settle(const std::vector<Work>& works) {
  co_await database_.transact([&](store::Connection& tx) {
    for (const auto& work : works) {
      if (!store::jobs::holds(tx, work.lease)) continue;  // it took too long, and is another's by now
      for (const auto& [job, again] : work.settled) {
        again ? store::jobs::postpone(tx, job, *again) : store::jobs::erase(tx, job);
      }
      store::jobs::release(tx, work.lease);
    }
  });
}

asio::awaitable<void> Worker::run() {
  while (!stopped_) {
    try {
      next_ = clock_.now() + options_.idle;
      const auto due = co_await step(clock_.now());
      next_ = std::min(next_, due);
    } catch (const std::exception& fault) {
      log::error("delivery", "cannot work off what is due: {}", fault.what());
      next_ = clock_.now() + kBackOff;
    }
    if (stopped_) co_return;
    // A hint during the step has lowered next_.
    const auto wait = std::max<Duration>(next_ - clock_.now(), Duration::zero());
    timer_.expires_after(wait);
    boost::system::error_code woken;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

void Worker::hint(Time due) {
  if (due >= next_) return;
  next_ = due;
  timer_.cancel();
}

void Worker::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace hg::delivery
