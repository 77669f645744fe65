#include "delivery/worker.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/crash.h"
#include "base/log.h"
#include "base/spawn.h"
#include "delivery/round.h"

namespace hg::delivery {
namespace {

constexpr Duration kLookAgain = std::chrono::seconds(1);
constexpr Duration kGlance = std::chrono::milliseconds(50);  // between two looks at what another node has leased
constexpr Duration kLongestSend = std::chrono::seconds(10);
constexpr Duration kGather = std::chrono::milliseconds(3);  // between two claims: a transaction each

void say(const Settled::Turn& turn) {
  const auto platform = model::name(turn.platform);
  if (turn.reason.empty()) {
    log::info("delivery", "{} credentials {} are taken again", platform, turn.credential.str());
  } else {
    log::warn("delivery", "{} credentials {} are refused: {}; what they are to send waits", platform,
              turn.credential.str(), turn.reason);
  }
}

}  // namespace

// One that waits for its transaction.
struct Worker::Settling {
  Settlement settlement;
  Settled settled;
  asio::steady_timer done;
};

Worker::Worker(asio::any_io_executor loop, store::Database& database, Hooks hooks, const Clock& clock, Options options)
    : loop_(std::move(loop)),
      database_(database),
      hooks_(std::move(hooks)),
      clock_(clock),
      options_(options),
      timer_(loop_),
      changed_(loop_, asio::steady_timer::time_point::max()),
      counted_since_(clock.now()) {}

asio::awaitable<Time> Worker::step(Time now) {
  if (rounds_ >= options_.at_once) co_return now + options_.idle;  // the next one that ends looks again
  struct Due {
    bool changes = false;
    std::optional<Time> job;
  };
  const auto due = co_await database_.read(
      [](store::Connection& tx) { return Due{store::outbox::any(tx), store::jobs::next_due(tx)}; });
  if (!due.changes && !due.job) co_return now + options_.idle;
  if (!due.changes && *due.job > now) co_return std::min(*due.job, now + options_.idle);

  const auto leases = co_await claim(now, std::min(options_.claimed, options_.at_once - rounds_));
  for (const auto& lease : leases) {
    ++rounds_;
    auto round = std::make_shared<Round>(loop_, lease, ++begun_);
    enter(*round);
    spawn(loop_, work(std::move(round)));
  }
  claimed_at_ = clock_.now();
  // Where all that is due is leased, by others or here: look again when it may have been let go.
  co_return leases.empty() ? now + kLookAgain : now;
}

asio::awaitable<std::vector<store::Lease>> Worker::claim(Time now, std::size_t limit) {
  auto leases = co_await database_.transact([&](store::Connection& tx) {
    std::vector<store::Lease> taken;
    const auto take = [&](const FeedKey& feed) {
      if (taken.size() >= limit) return;
      if (const auto lease = store::jobs::lease(tx, feed, now, options_.lease)) taken.push_back(*lease);
    };
    for (const auto& feed : store::jobs::due_feeds(tx, now, limit)) take(feed);
    for (const auto& feed : store::outbox::feeds(tx, now, limit * 2)) take(feed);
    return taken;
  });
  if (!leases.empty()) crash_point("claimed");
  co_return leases;
}

// What comes while a transaction runs shares the next one.
asio::awaitable<Settled> Worker::settle(Settlement settlement) {
  settlement.counted_since = counted_since_;
  Settling mine{std::move(settlement), {}, asio::steady_timer(loop_, asio::steady_timer::time_point::max())};
  settling_.push_back(&mine);
  if (!settles_) {
    settles_ = true;
    spawn(loop_, settle_all());
  }
  co_await wait(mine.done);
  co_return std::move(mine.settled);
}

asio::awaitable<void> Worker::settle_all() {
  while (!settling_.empty()) {
    // In the order in which feeds are locked everywhere.
    auto group = std::exchange(settling_, {});
    std::ranges::sort(group, {}, [](const Settling* one) { return one->settlement.lease.feed; });
    const auto now = clock_.now();
    const double random = hooks_.random();
    const auto write = [&](std::span<Settling* const> some) {
      return database_.transact([&, some](store::Connection& tx) {
        std::vector<Settled> all;
        for (const auto* one : some) all.push_back(delivery::settle(tx, one->settlement, now, random));
        return all;
      });
    };
    bool whole = true;
    try {
      auto all = co_await write(group);
      crash_point("settled");
      for (std::size_t i = 0; i < group.size(); ++i) group[i]->settled = std::move(all[i]);
    } catch (const std::exception& fault) {
      whole = false;
      log::error("delivery", "cannot settle {} feeds: {}", group.size(), fault.what());
    }
    // One of them may be at fault; whatever cannot be written waits until its lease has run out.
    for (std::size_t i = 0; !whole && group.size() > 1 && i < group.size(); ++i) {
      try {
        auto one = co_await write(std::span(group).subspan(i, 1));
        group[i]->settled = std::move(one.front());
      } catch (const std::exception& fault) {
        log::error("delivery", "cannot settle a feed: {}", fault.what());
      }
    }
    for (auto* one : group) one->done.cancel();
  }
  settles_ = false;
}

void Worker::after(const Settled& settled) {
  if (settled.lost) return;
  tally_.count(settled.changes);
  for (const auto& turn : settled.turns) say(turn);
  if (hooks_.publish && !settled.messages.empty()) hooks_.publish(settled.messages);
  if (settled.due) hint(*settled.due);
}

asio::awaitable<void> Worker::run() {
  while (!stopped_) {
    try {
      next_ = clock_.now() + options_.idle;
      const auto due = co_await step(clock_.now());
      next_ = std::min(next_, due);
    } catch (const std::exception& fault) {
      log::error("delivery", "cannot work off what is due: {}", fault.what());
      next_ = clock_.now() + kLookAgain;
    }
    if (stopped_) break;
    // A hint during the step has lowered next_; one during the pause makes that shorter.
    do {
      wakes_at_ = next_step();
      const auto pause = wakes_at_ - clock_.now();
      if (pause <= Duration::zero()) {
        co_await asio::post(loop_, asio::use_awaitable);
      } else {
        timer_.expires_after(pause);
        co_await wait(timer_);
      }
    } while (!stopped_ && next_step() < wakes_at_);
  }
  const auto until = clock_.now() + options_.farewell;
  while (!busy_.empty() && clock_.now() < until) {
    timer_.expires_after(until - clock_.now());
    co_await wait(timer_);
  }
}

void Worker::hint(Time due) {
  if (due >= next_) return;
  next_ = due;
  if (next_step() < wakes_at_) timer_.cancel();
}

Time Worker::next_step() const { return std::max(next_, claimed_at_ + kGather); }

void Worker::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Worker::enter(const Round& round) { busy_.emplace(round.lease.feed, round.number); }

void Worker::leave(const Round& round) {
  auto [one, end] = busy_.equal_range(round.lease.feed);
  one = std::find_if(one, end, [&](const auto& busy) { return busy.second == round.number; });
  busy_.erase(one);
  changed_.cancel();
  if (stopped_) timer_.cancel();
}

asio::awaitable<void> Worker::quiet(FeedKey feed, SubscriptionId endpoint) {
  const auto until = begun_;
  const auto busy = [&] {
    const auto [one, end] = busy_.equal_range(feed);
    return std::any_of(one, end, [&](const auto& round) { return round.second <= until; });
  };
  while (busy()) co_await wait(changed_);
  // What is leased and is not ours is another node's; whoever leases it next sees who has the channel. A push that took
  // it too long to keep the feed for is under way still.
  struct Elsewhere {
    std::optional<std::int64_t> lease;
    bool under_way = false;
  };
  const auto look = [&] {
    return database_.read([&](store::Connection& tx) {
      const auto now = clock_.now();
      return Elsewhere{store::jobs::leased(tx, feed, now), store::jobs::under_way(tx, feed, endpoint, now)};
    });
  };
  auto there = co_await look();
  const auto first = there.lease;
  const auto at_work = [&] { return there.under_way || (first && there.lease == first && !busy_.contains(feed)); };
  asio::steady_timer pause(loop_);
  // A node that died keeps both for longer, and sends nothing.
  const auto end = clock_.now() + kLongestSend;
  while (!stopped_ && at_work() && clock_.now() < end) {
    pause.expires_after(kGlance);
    co_await wait(pause);
    there = co_await look();
  }
}

asio::awaitable<void> Worker::wake(AppId app) {
  // What waits anew since is not taken by what is there now.
  const auto before = clock_.now() + kCredentialsPause;
  while (!stopped_) {
    const auto now = clock_.now();
    const auto woken = co_await database_.transact([&](store::Connection& tx) {
      const auto feeds = store::jobs::awaiting_credentials(tx, app, before, options_.claimed);
      for (const auto& feed : feeds) {
        store::feeds::lock(tx, feed);
        store::jobs::wake(tx, feed, now);
      }
      return feeds.size();
    });
    if (woken == 0) co_return;
    hint(now);
  }
}

}  // namespace hg::delivery
