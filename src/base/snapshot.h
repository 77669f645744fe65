// A value that many threads read and one replaces: readers keep what they loaded for as long as they hold it.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace hg {

template <class T>
class Snapshot {
 public:
  Snapshot() : current_(std::make_shared<const T>()) {}
  explicit Snapshot(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  [[nodiscard]] std::shared_ptr<const T> load() const { return current_.load(std::memory_order_acquire); }
  // Puts `next` in place of `seen`; false, and `seen` is what is there, where somebody was quicker.
  bool replace(std::shared_ptr<const T>& seen, std::shared_ptr<const T> next) {
    return current_.compare_exchange_strong(seen, std::move(next), std::memory_order_acq_rel);
  }
  void store(std::shared_ptr<const T> next) { current_.store(std::move(next), std::memory_order_release); }

 private:
  std::atomic<std::shared_ptr<const T>> current_;
};

}  // namespace hg
