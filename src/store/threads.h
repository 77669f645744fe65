// A queue of work for the store, and a thread for each connection that takes from it. For Database.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/function_ref.h"
#include "base/time.h"
#include "store/sql.h"

namespace hg::store {

// Called with null where it could not be run, for the store is closed.
using Task = std::move_only_function<void(Connection*)>;

class Threads {
 public:
  struct Load {
    std::size_t waiting = 0;
    Duration age{};  // of the oldest of them
  };

  Threads(std::vector<std::unique_ptr<Connection>> connections, std::size_t most);
  ~Threads() { stop(); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  // Nullopt; after stop() the job, given back.
  std::optional<Task> push(Task job, bool first = false);
  // Answers when the job was run; false where it will not be.
  bool run_now(FunctionRef<void(Connection*)> work, bool first = false);
  // Throws Fault::Kind::busy.
  void refuse_when_full() const;

  [[nodiscard]] Load load() const;
  [[nodiscard]] std::uint64_t taken() const;
  // Takes nothing more, finishes what waits, joins.
  void stop();

 private:
  using Steady = std::chrono::steady_clock;
  struct Waiting {
    Task job;
    Steady::time_point since;
  };

  void work_off(Connection& connection) noexcept;
  std::optional<Task> next();

  std::vector<std::unique_ptr<Connection>> connections_;
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable some_;
  std::deque<Waiting> jobs_;
  bool stopping_ = false;
  std::uint64_t taken_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace hg::store
