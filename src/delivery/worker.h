// Works off what is due: leases a feed, does its due jobs in order, settles. Rows of the outbox wait until there is a
// sender for their kind of channel: nothing claims them before.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <vector>

#include "model/change.h"
#include "store/database.h"
#include "store/jobs.h"

namespace hg::delivery {

// The one write path of feeds, handed in: a snoozed notification returns by it.
using Apply = std::function<boost::asio::awaitable<Result<model::Changed>>(model::ChangeRequest)>;

class Worker {
 public:
  struct Options {
    Duration lease = std::chrono::seconds(30);
    std::size_t feeds = 64;                    // leased in one step
    std::size_t jobs = 64;                     // of one feed in one step
    Duration idle = std::chrono::seconds(30);  // the longest time between two looks at the store
    std::int64_t attempts = 15;                // then a job is given up
  };

  Worker(boost::asio::any_io_executor loop, store::Database& database, Apply apply, const Clock& clock,
         Options options);

  // Works off what is due at `now`; answers when to look again.
  boost::asio::awaitable<Time> step(Time now);
  // The timer around step; ends after stop(). A fault is logged, and the loop backs off and goes on: leases run out by
  // themselves.
  boost::asio::awaitable<void> run();
  // Something may be due earlier than the loop thinks. On its loop.
  void hint(Time due);
  // On its loop.
  void stop();

 private:
  struct Settled {
    store::Job job;
    std::optional<Time> again;  // nullopt: done with
  };
  struct Work {
    store::Lease lease;
    std::vector<store::Job> jobs;
    std::vector<Settled> settled;
  };

  boost::asio::awaitable<std::vector<Work>> claim(Time now);
  boost::asio::awaitable<void> work_off(Work& work, Time now);
  boost::asio::awaitable<Settled> give_back(store::Job job, Time now);
  boost::asio::awaitable<void> settle(const std::vector<Work>& works);

  boost::asio::any_io_executor loop_;
  store::Database& database_;
  Apply apply_;
  const Clock& clock_;
  Options options_;
  boost::asio::steady_timer timer_;
  Time next_{};
  bool stopped_ = false;
};

}  // namespace hg::delivery
