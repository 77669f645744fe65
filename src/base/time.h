// Wall-clock time in milliseconds, ISO 8601 text, and the clock that logic is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hg {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

constexpr std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }
constexpr Time from_ms(std::int64_t ms) { return Time{Duration{ms}}; }

// "2026-11-30T22:05:36.250Z"
std::string iso(Time time);
// ISO 8601 date and time, with or without fraction (any digits; beyond milliseconds cut), offset `Z`, `+hh:mm`, `+hhmm`
// or none (read as UTC). Years of up to nine digits with a sign occur (java.time's MIN and MAX) and are clamped to the
// years from -32000 to 32000.
std::optional<Time> parse_iso(std::string_view text);

// The one seam of time: logic takes `now` as a value, loops ask a Clock.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
};

}  // namespace hg
