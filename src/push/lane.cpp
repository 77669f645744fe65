#include "push/lane.h"

#include <algorithm>

namespace hg::push {

namespace {

constexpr double kDecrease = 0.7;
// What fails together was sent together, and says so once.
constexpr Duration kOneLesson = std::chrono::seconds(1);
// A destination that answers most of what it gets has room, whatever it does with the rest.
constexpr double kTooMuch = 0.5, kWeight = 1.0 / 16;
constexpr Duration kLongestWait = std::chrono::hours(1);

}  // namespace

std::optional<Duration> Lane::closed(Time now) const {
  if (closed_until_ <= now) return std::nullopt;
  return closed_until_ - now;
}

bool Lane::room(Time now) const { return !closed(now) && under_way_ < (down_ ? 1 : limit()); }

void Lane::end(const Verdict& verdict, Time now, double chance) {
  --under_way_;
  const bool fails = verdict.outcome == Verdict::Outcome::retry && verdict.everywhere;
  failing_ += kWeight * ((fails ? 1 : 0) - failing_);
  if (fails) return failed(verdict, now, chance);
  failures_ = 0;
  down_ = false;
  pause_ = {};
  limit_ = std::min(kMost, limit_ + 1 / limit_);
}

void Lane::failed(const Verdict& verdict, Time now, double chance) {
  if (failing_ > kTooMuch && now - lowered_at_ >= kOneLesson) {
    limit_ = std::max(kLeast, limit_ * kDecrease);
    lowered_at_ = now;
  }
  // It knows best, but not for ever.
  if (verdict.retry_after) closed_until_ = std::max(closed_until_, now + std::min(*verdict.retry_after, kLongestWait));
  if (++failures_ < kFailures) return;
  // Those that were under way when it went down say nothing new.
  if (down_ && closed(now)) return;
  down_ = true;
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  const auto spread = std::chrono::duration_cast<Duration>(pause_ * (0.5 + chance / 2));
  closed_until_ = std::max(closed_until_, now + spread);
}

}  // namespace hg::push
