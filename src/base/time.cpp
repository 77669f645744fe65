#include "base/time.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace hg {

namespace {

// std::chrono's years end at 32767: a farther one is as good as these for every comparison that is made.
constexpr int kFarYear = 32'000;
constexpr Time kFirst{std::chrono::sys_days(std::chrono::year(-kFarYear) / 1 / 1)};
constexpr Time kLast{std::chrono::sys_days(std::chrono::year(kFarYear + 1) / 1 / 1) - Duration(1)};

// Reads digits from the front; false unless there are between `least` and `most`.
bool digits(std::string_view& text, std::size_t least, std::size_t most, std::int64_t& value) {
  std::size_t count = 0;
  value = 0;
  while (count < text.size() && count < most && text[count] >= '0' && text[count] <= '9')
    value = value * 10 + (text[count++] - '0');
  text.remove_prefix(count);
  return count >= least;
}

bool skip(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Milliseconds of ".25" and the like; further digits are cut.
bool fraction(std::string_view& text, std::int64_t& ms) {
  ms = 0;
  if (!skip(text, '.') && !skip(text, ',')) return true;
  std::size_t count = 0;
  std::int64_t scale = 100;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
    ms += (text[count] - '0') * scale;
    scale /= 10;
  }
  text.remove_prefix(count);
  return count > 0;
}

bool offset(std::string_view& text, std::int64_t& minutes) {
  minutes = 0;
  if (text.empty() || skip(text, 'Z') || skip(text, 'z')) return true;
  const bool negative = text.front() == '-';
  if (!skip(text, '+') && !skip(text, '-')) return false;
  std::int64_t hours = 0;
  std::int64_t rest = 0;
  if (!digits(text, 2, 2, hours)) return false;
  const bool colon = skip(text, ':');
  if ((colon || !text.empty()) && !digits(text, 2, 2, rest)) return false;
  if (rest > 59 || hours * 60 + rest > 18 * 60) return false;
  minutes = (hours * 60 + rest) * (negative ? -1 : 1);
  return true;
}

}  // namespace

std::string iso(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const int year = static_cast<int>(date.year());
  return fmt::format(FMT_COMPILE("{}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z"), year < 0 ? "-" : "", std::abs(year),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<Time> parse_iso(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  std::int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0, shift = 0;
  if (!digits(text, 4, 9, year) || !skip(text, '-') || !digits(text, 2, 2, month) || !skip(text, '-') ||
      !digits(text, 2, 2, day))
    return std::nullopt;
  if (!text.empty()) {
    if (!skip(text, 'T') && !skip(text, 't') && !skip(text, ' ')) return std::nullopt;
    if (!digits(text, 2, 2, hour) || !skip(text, ':') || !digits(text, 2, 2, minute)) return std::nullopt;
    if (skip(text, ':') && (!digits(text, 2, 2, second) || !fraction(text, ms))) return std::nullopt;
    if (!offset(text, shift) || !text.empty()) return std::nullopt;
  }
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::int64_t clamped = std::clamp<std::int64_t>(negative ? -year : year, -kFarYear, kFarYear);
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(clamped)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const Time time = Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
                    std::chrono::minutes(minute - shift) + std::chrono::seconds(second) + Duration(ms);
  return std::clamp(time, kFirst, kLast);
}

}  // namespace hg
