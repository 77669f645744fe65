#include "model/job.h"

#include <algorithm>
#include <cmath>

namespace hg::model {

Duration backoff(std::int64_t attempts, double random) {
  const auto doublings = std::clamp<std::int64_t>(attempts - 1, 0, 12);
  const Duration bound = std::min(kLastRetry, kFirstRetry * (std::int64_t{1} << doublings));
  return Duration(std::llround(random * static_cast<double>(bound.count())));
}

namespace {

// The jitter comes on top of what the platform asked for, or all would come back in the same moment.
std::optional<Time> later(const Tried& tried, Time expires_at, Time now, Duration jitter) {
  const Time again = std::max(now, tried.not_before.value_or(now)) + jitter;
  if (again >= std::min(expires_at, tried.since + kRetryFor)) return std::nullopt;
  return again;
}

}  // namespace

std::optional<Time> next_try(const Tried& tried, Time expires_at, Time now, double random) {
  return later(tried, expires_at, now, backoff(tried.attempts, random));
}

std::optional<Time> next_look(const Tried& tried, Time expires_at, Time now, double random) {
  const auto most = std::clamp<Duration>((now - tried.since) / 4, kFirstRetry, kLastRetry);
  return later(tried, expires_at, now, std::chrono::floor<Duration>(most * random));
}

std::optional<Time> budgeted(std::span<const Time> sent, std::size_t most, Time now) {
  constexpr Duration kHour = std::chrono::hours(1);
  const auto recent = std::ranges::count_if(sent, [&](Time at) { return at > now - kHour; });
  if (static_cast<std::size_t>(recent) < most) return std::nullopt;
  // The one whose hour has to be over before there is room again.
  const auto blocking = most == 0 ? now : sent[sent.size() - most];
  return blocking + kHour;
}

}  // namespace hg::model
