#include "net/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <csignal>

namespace hg::net {

namespace {
thread_local Loop* current_loop = nullptr;
}

Loop::Loop(std::size_t index) : index_(index), scratch_(std::make_unique<char[]>(kScratch)) {}

Loop::~Loop() = default;

void Loop::arm(Alarm& alarm, Duration delay) {
  wheel_.arm(alarm, delay);
  if (ticking_) return;
  ticking_ = true;
  timer_.expires_after(Wheel::kNotch);
  tick();
}

void Loop::tick() {
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    wheel_.turn();
    ticking_ = !wheel_.empty();  // an idle loop sleeps
    if (!ticking_) return;
    timer_.expires_at(timer_.expiry() + Wheel::kNotch);
    tick();
  });
}

Duration Loop::lag() {
  const auto now = asio::steady_timer::clock_type::now();
  if (!probing_) {
    if (now - probe_.expiry() > kStale) lag_ = {};
    probing_ = true;
    probe_.expires_at(now + kProbe);
    probe_.async_wait([this](boost::system::error_code error) {
      probing_ = false;
      if (!error) lag_ = asio::steady_timer::clock_type::now() - probe_.expiry();
    });
  }
  return std::chrono::duration_cast<Duration>(std::max(lag_, now - probe_.expiry()));
}

void Loop::run() {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
  current_loop = this;
  auto work = asio::make_work_guard(context_);
  context_.run();
  current_loop = nullptr;
}

Loop* Loop::current() { return current_loop; }

Loops::Loops(std::size_t count) {
  for (std::size_t index = 0; index < count; ++index) loops_.push_back(std::make_unique<Loop>(index));
}

Loops::~Loops() {
  stop();
  join();
}

void Loops::start() {
  for (auto& loop : loops_) threads_.emplace_back([&loop = *loop] { loop.run(); });
}

void Loops::stop() {
  for (auto& loop : loops_) loop->stop();
}

void Loops::join() {
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace hg::net
