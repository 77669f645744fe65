// Event loops: a thread each, sharing nothing. Whatever belongs to a loop is touched on its thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "net/wheel.h"

namespace hg::net {

namespace asio = boost::asio;

class Loop {
 public:
  explicit Loop(std::size_t index = 0);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] asio::io_context& context() { return context_; }
  [[nodiscard]] asio::io_context::executor_type executor() { return context_.get_executor(); }

  // From any thread: `task` runs on the loop, soon.
  template <class Task>
  void post(Task task) {
    asio::post(context_, std::move(task));
  }

  // On the loop: `alarm` rings once, not before `delay`, up to 500 ms later.
  void arm(Alarm& alarm, Duration delay);

  // How long what is ready waits until the loop comes to it, as of the last millisecond or so. It is measured only
  // while somebody asks: the first answer after a pause is 0. On the loop.
  [[nodiscard]] Duration lag();

  // Bytes for whoever reads next; what is in them does not survive the handler. On the loop.
  [[nodiscard]] std::span<char> scratch() { return {scratch_.get(), kScratch}; }

  // Works until stop(). In the thread that is to be the loop.
  void run();
  void stop() { context_.stop(); }

  // The loop that the calling thread runs, or null.
  [[nodiscard]] static Loop* current();

 private:
  static constexpr std::size_t kScratch = 64 * 1024;
  static constexpr std::chrono::milliseconds kProbe{1};
  static constexpr std::chrono::milliseconds kStale{100};  // a probe that is older says nothing of now
  void tick();

  std::size_t index_;
  std::unique_ptr<char[]> scratch_;
  Wheel wheel_;  // before the context: what dies with the context's handlers may hold alarms
  asio::io_context context_{1};
  asio::steady_timer timer_{context_};
  bool ticking_ = false;
  // Its readiness queues behind all that became ready before it.
  asio::steady_timer probe_{context_};
  bool probing_ = false;
  asio::steady_timer::duration lag_{};  // of the last probe
};

// All loops of a process and their threads.
class Loops {
 public:
  explicit Loops(std::size_t count);
  ~Loops();  // stops and joins
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;

  [[nodiscard]] std::size_t size() const { return loops_.size(); }
  [[nodiscard]] Loop& operator[](std::size_t index) { return *loops_[index]; }

  void start();  // a thread each
  void stop();   // from any thread; what is queued stays undone
  void join();   // waits for the threads

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace hg::net
