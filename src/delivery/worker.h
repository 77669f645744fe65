// Works off what is owed: leases a feed, looks at it once, sends side by side to its endpoints, settles. Many feeds at
// a time, each by a coroutine of its own, so that a slow platform keeps nobody but its own endpoints.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "delivery/message.h"
#include "delivery/settle.h"
#include "delivery/sight.h"
#include "delivery/tally.h"
#include "model/change.h"
#include "push/sender.h"
#include "store/database.h"
#include "store/jobs.h"

namespace hg::delivery {

// Who sends to an endpoint.
struct Found {
  std::shared_ptr<push::Sender> sender;  // null: the app has no credentials for it
  Guid credential = {};
};

// What the worker asks of others, on its loop.
struct Hooks {
  // The one write path of feeds: a snoozed notification returns by it.
  std::function<boost::asio::awaitable<Result<model::Changed>>(model::ChangeRequest)> apply;
  // The sender of an endpoint; `directory`: the version of what is known of apps that the look saw.
  std::function<boost::asio::awaitable<Found>(const model::Subscription&, std::int64_t directory)> sender;
  // The mail relay, and where a user's mail goes; a null sender or "" where there is none.
  std::function<std::shared_ptr<push::Sender>()> mailer = {};
  std::function<boost::asio::awaitable<std::string>(UserId)> address = {};
  // With its channel in clear.
  std::function<model::Subscription(store::SubscriptionRow)> opened;
  // Its channel as it is stored.
  std::function<std::string(const model::Subscription&)> sealed = {};
  std::function<bool(const FeedKey&)> live = {};  // whether the user is connected
  // Likewise at another node; asked where something waits for it. Empty: there is none.
  std::function<boost::asio::awaitable<bool>(FeedKey)> live_elsewhere = {};
  std::function<boost::asio::awaitable<void>()> write_seen = {};  // what endpoints acknowledged lately
  std::function<void(std::vector<bus::Message>)> publish = {};
  std::function<double()> random = [] { return 0.5; };  // in [0, 1)
  Words words;
};

class Worker {
 public:
  struct Options {
    Duration lease = std::chrono::seconds(60);
    Duration patience = std::chrono::seconds(1);          // that a feed waits for its slowest endpoint
    Duration outstanding = std::chrono::seconds(60);      // after which a send that nobody heard of again is made again
    Duration idle = std::chrono::seconds(30);             // the longest time between two looks at the store
    Duration farewell = std::chrono::milliseconds(1500);  // that a stop waits for what is on its way
    std::size_t claimed = 64;                             // feeds leased in one step
    std::size_t at_once = 512;                            // feeds being worked on
    Bounds bounds = {};
  };

  Worker(boost::asio::any_io_executor loop, store::Database& database, Hooks hooks, const Clock& clock,
         Options options);

  // Leases what is due at `now` and begins to work it off; answers when to look again.
  boost::asio::awaitable<Time> step(Time now);
  // The timer around step; ends after stop(), when what was on its way is settled or has taken too long. A fault is
  // logged, and the loop backs off and goes on: leases run out by themselves.
  boost::asio::awaitable<void> run();
  // Something may be due earlier than the loop thinks. On its loop.
  void hint(Time due);
  // On its loop.
  void stop();

  // Resumes when nothing is on its way to the endpoint that was looked at before this was called, by another node
  // neither: who takes its channel over waits for it, ten seconds at the most for others. On the worker's loop.
  boost::asio::awaitable<void> quiet(FeedKey feed, SubscriptionId endpoint);
  // The app's credentials were changed: what waited for them is due. On the worker's loop.
  boost::asio::awaitable<void> wake(AppId app);
  // From any thread.
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  struct Round;
  struct Settling;

  boost::asio::awaitable<std::vector<store::Lease>> claim(Time now, std::size_t limit);
  boost::asio::awaitable<void> work(std::shared_ptr<Round> round);
  boost::asio::awaitable<void> look_and_send(std::shared_ptr<Round> round);
  boost::asio::awaitable<void> give_back(std::shared_ptr<Round> round);
  boost::asio::awaitable<void> lane(std::shared_ptr<Round> round, std::vector<model::Send> sends);
  boost::asio::awaitable<void> settle_late(std::shared_ptr<Round> round, Sent sent);
  boost::asio::awaitable<Sent> send(std::shared_ptr<Round> round, model::Send one, bool first);
  boost::asio::awaitable<void> withdraw(std::shared_ptr<Round> round, Withdrawal withdrawal);
  boost::asio::awaitable<Sent> mail(std::shared_ptr<Round> round, model::Send one);
  boost::asio::awaitable<Settled> settle(Settlement settlement);
  boost::asio::awaitable<void> settle_all();
  void after(const Settled& settled);
  [[nodiscard]] Time next_step() const;
  void enter(const Round& round);
  void leave(const Round& round);

  boost::asio::any_io_executor loop_;
  store::Database& database_;
  Hooks hooks_;
  const Clock& clock_;
  Options options_;
  boost::asio::steady_timer timer_;    // until the next look
  boost::asio::steady_timer changed_;  // cancelled whenever a feed is left
  // The rounds that look or send, once for each lane too, by their number.
  std::unordered_multimap<FeedKey, std::uint64_t> busy_;
  std::uint64_t begun_ = 0;  // rounds
  std::size_t rounds_ = 0;   // that are not settled yet
  std::vector<Settling*> settling_;
  bool settles_ = false;
  Tally tally_;
  const Time counted_since_;  // the tally's beginning
  Time next_{}, claimed_at_{}, wakes_at_{};
  bool stopped_ = false;
};

}  // namespace hg::delivery
