// A database server's clock, kept from what it said a moment ago: leases and expiry are told by it alone, so that nodes
// whose own clocks differ agree.
#pragma once

#include <atomic>
#include <chrono>

#include "base/time.h"
#include "store/sql.h"

namespace hg::store {

class DatabaseClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return from_ms(ahead_.load(std::memory_order_relaxed)) + steady().time_since_epoch();
  }

  // Asks it. Where that took long, the answer says little, and is taken only where there is no better one.
  void read(Connection& connection) {
    const auto asked = steady();
    const auto said = connection.first("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", {},
                                       [](const Row& row) { return row.time(0); });
    const auto answered = steady();
    if (!said || (known_ && answered - asked > kLong)) return;
    known_ = true;
    ahead_ = to_ms(*said - (asked.time_since_epoch() + answered.time_since_epoch()) / 2);
  }

 private:
  using Steady = std::chrono::time_point<std::chrono::steady_clock, Duration>;
  static constexpr Duration kLong = std::chrono::milliseconds(200);
  static Steady steady() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

  std::atomic<std::int64_t> ahead_ = 0;  // of the steady clock, in milliseconds
  std::atomic<bool> known_ = false;
};

}  // namespace hg::store
