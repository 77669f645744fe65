// A queue from many threads to one: the lock lives here so that nobody else needs one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace hg {

template <class T>
class Mailbox {
 public:
  // True if it was empty: the caller then wakes the consumer.
  bool push(T item) {
    const std::scoped_lock lock(mutex_);
    items_.push_back(std::move(item));
    return items_.size() == 1;
  }

  // The oldest, `most` at the most.
  std::vector<T> take(std::size_t most) {
    const std::scoped_lock lock(mutex_);
    const auto end = items_.begin() + static_cast<std::ptrdiff_t>(std::min(most, items_.size()));
    std::vector<T> taken(std::make_move_iterator(items_.begin()), std::make_move_iterator(end));
    items_.erase(items_.begin(), end);
    return taken;
  }

  [[nodiscard]] std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return items_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::deque<T> items_;
};

}  // namespace hg
