// A value that many threads read and one replaces: readers keep what they loaded for as long as they hold it.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace hg {

// A lock for the length of copying a pointer: what libstdc++ 12 has for std::atomic<std::shared_ptr> is a lock as well,
// whose readers let go of it without an order that a writer could rely on.
template <class T>
class Snapshot {
 public:
  Snapshot() : current_(std::make_shared<const T>()) {}
  explicit Snapshot(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  [[nodiscard]] std::shared_ptr<const T> load() const {
    const std::scoped_lock lock(mutex_);
    return current_;
  }
  // Puts `next` in place of `seen`; false, and `seen` is what is there, where somebody was quicker.
  bool replace(std::shared_ptr<const T>& seen, std::shared_ptr<const T> next) {
    const std::scoped_lock lock(mutex_);
    if (current_ != seen) {
      seen = current_;
      return false;
    }
    std::swap(current_, next);  // what was there goes when the lock is free again
    return true;
  }
  void store(std::shared_ptr<const T> next) {
    const std::scoped_lock lock(mutex_);
    std::swap(current_, next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> current_;
};

}  // namespace hg
