// How much is under way to one destination, by what became of the last: adaptive concurrency, and a breaker for one
// that is down. Pure: time is handed in.
#pragma once

#include <cstddef>
#include <optional>

#include "base/time.h"
#include "push/sender.h"

namespace hg::push {

class Lane {
 public:
  static constexpr double kFirst = 32, kLeast = 1, kMost = 256;  // requests under way at once
  static constexpr int kFailures = 5;                            // in a row: it is down
  static constexpr Duration kFirstPause = std::chrono::seconds(1), kLongestPause = std::chrono::minutes(1);

  // How long nothing goes there, for it is down or has said so; nullopt: it is open.
  [[nodiscard]] std::optional<Duration> closed(Time now) const;
  // Whether one more may go now. Of one that was down a single one may, to see.
  [[nodiscard]] bool room(Time now) const;

  void begin() { ++under_way_; }
  // `chance` in [0, 1) spreads the pauses, so that not all come back at once.
  void end(const Verdict& verdict, Time now, double chance);

  [[nodiscard]] std::size_t under_way() const { return under_way_; }
  [[nodiscard]] std::size_t limit() const { return static_cast<std::size_t>(limit_); }

 private:
  void failed(const Verdict& verdict, Time now, double chance);

  std::size_t under_way_ = 0;
  double limit_ = kFirst;
  double failing_ = 0;  // the share of the last answers
  int failures_ = 0;
  bool down_ = false;
  Duration pause_{};
  Time closed_until_{}, lowered_at_{};
};

}  // namespace hg::push
