// The one write path of feeds: requests queue here, bounded by number and age, and are decided and stored in groups,
// one commit a group (feed/apply.h). Answers and bus messages leave after COMMIT returned.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/gathering.h"
#include "base/metrics.h"
#include "bus/bus.h"
#include "feed/signal.h"
#include "model/change.h"
#include "store/database.h"

namespace hg::feed {

class Writer {
 public:
  struct Limits {
    std::size_t waiting = 4096;  // requests in the queue
    Duration age = std::chrono::seconds(2);
    GroupRule group{.enough = 256};  // what goes into one commit

    // Of the rows that SQLite has in memory a group is as large as it comes; on a server it is worth a little waiting.
    static Limits for_store(const store::Database& database);
  };
  // Both are called on the database's threads.
  struct Hooks {
    HostName host_name;                  // for rendering what changed
    std::function<void(Time)> due = {};  // something is owed that is due then
    // Whether anybody may want to hear of this feed; empty: somebody may. Who begins to listen after it was asked reads
    // the store after that, and so sees the change.
    std::function<bool(const FeedKey&)> followed = {};
  };

  Writer(store::Database& database, bus::Bus& bus, Hooks hooks, Limits limits);
  Writer(store::Database& database, bus::Bus& bus, Hooks hooks)
      : Writer(database, bus, std::move(hooks), Limits::for_store(database)) {}
  ~Writer();  // when every apply() was answered
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // False while the queue is full or old: ask before a body is read, and answer unavailable().
  [[nodiscard]] bool accepting() const;
  // The 503: Code::unavailable with retry_after.
  [[nodiscard]] static Error unavailable();

  // Notifications taken, the size of groups, what waits.
  void measure(metrics::Page& page) const;

  // From any thread; resumes on the caller's executor, and is not cancelled. Refuses what model::decide refuses,
  // Code::idempotency_key_reused, and Code::unavailable where the queue or the disk is full. Throws what the store
  // threw at this request alone.
  boost::asio::awaitable<Result<model::Changed>> apply(model::ChangeRequest request);

 private:
  struct Waiting;
  class Queue;
  std::shared_ptr<Queue> queue_;
};

}  // namespace hg::feed
