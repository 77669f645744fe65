#include "push/lanes.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace hg::push {

namespace asio = boost::asio;

namespace {

// Destinations are URLs of other people's choosing: those that nobody sends to are forgotten.
constexpr std::size_t kMostLines = 4096;
constexpr Duration kKept = std::chrono::minutes(10);
// After that much, one that was turned away may find room.
constexpr Duration kBusy = std::chrono::seconds(1);

Verdict not_now(std::string reason, Duration pause) {
  return {.outcome = Verdict::Outcome::retry, .reason = std::move(reason), .retry_after = pause, .asked = false};
}

}  // namespace

struct Lanes::Waiter {
  Waiter(Line& in, const asio::any_io_executor& loop)
      : line(in), place(line.waiting.insert(line.waiting.end(), this)), timer(loop, kLongestWait) {}
  ~Waiter() {
    if (queued) line.waiting.erase(place);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  Line& line;
  std::list<Waiter*>::iterator place;
  bool queued = true;
  asio::steady_timer timer;
  bool granted = false;
};

// Under way until its end, also where that is a fault.
struct Lanes::Going {
  explicit Going(Lanes& of, std::shared_ptr<Line> on) : lanes(of), line(std::move(on)) {}
  ~Going() {
    const auto now = lanes.clock_.now();
    line->lane.end(verdict, now, std::uniform_real_distribution<>(0, 1)(lanes.random_));
    line->used_at = now;
    lanes.next(*line);
  }
  Going(const Going&) = delete;
  Going& operator=(const Going&) = delete;

  Lanes& lanes;
  std::shared_ptr<Line> line;
  Verdict verdict{.outcome = Verdict::Outcome::rejected};
};

Lanes::Lanes(asio::any_io_executor loop, const Clock& clock) : loop_(std::move(loop)), clock_(clock) {}

asio::awaitable<Verdict> Lanes::run(std::string destination, std::function<asio::awaitable<Verdict>()> send) {
  auto line = line_to(destination);
  if (const auto pause = line->lane.closed(clock_.now()))
    co_return not_now("the platform is not asked for now", *pause);
  if (line->waiting.empty() && line->lane.room(clock_.now())) {
    line->lane.begin();
  } else if (!co_await turn(*line)) {
    co_return not_now("the platform takes no more at once", line->lane.closed(clock_.now()).value_or(kBusy));
  }
  Going going(*this, std::move(line));
  going.verdict = co_await send();
  co_return going.verdict;
}

std::shared_ptr<Lanes::Line> Lanes::line_to(const std::string& destination) {
  const auto now = clock_.now();
  if (const auto known = lines_.find(destination); known != lines_.end()) return known->second;
  if (lines_.size() >= kMostLines) {
    std::erase_if(lines_, [&](const auto& entry) {
      const Line& line = *entry.second;
      return entry.second.use_count() == 1 && line.used_at + kKept <= now && !line.lane.closed(now);
    });
  }
  auto made = std::make_shared<Line>();
  made->used_at = now;
  lines_.emplace(destination, made);
  return made;
}

asio::awaitable<bool> Lanes::turn(Line& line) {
  if (line.waiting.size() >= kMostWaiting) co_return false;
  Waiter waiter(line, loop_);
  boost::system::error_code woken;
  co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  co_return waiter.granted;
}

void Lanes::next(Line& line) {
  const auto now = clock_.now();
  const bool closed = line.lane.closed(now).has_value();
  while (!line.waiting.empty() && (closed || line.lane.room(now))) {
    Waiter& first = *line.waiting.front();
    line.waiting.pop_front();
    first.queued = false;
    first.granted = !closed;
    if (first.granted) line.lane.begin();
    first.timer.cancel();
  }
}

}  // namespace hg::push
