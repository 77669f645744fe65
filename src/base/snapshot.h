// A value that many threads read and one replaces: readers keep what they loaded for as long as they hold it.
#pragma once

#include <atomic>
#include <memory>

namespace hg {

template <class T>
class Snapshot {
 public:
  Snapshot() : current_(std::make_shared<const T>()) {}
  explicit Snapshot(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  [[nodiscard]] std::shared_ptr<const T> load() const { return current_.load(std::memory_order_acquire); }
  void store(std::shared_ptr<const T> next) { current_.store(std::move(next), std::memory_order_release); }

 private:
  std::atomic<std::shared_ptr<const T>> current_;
};

}  // namespace hg
