// A queue that many threads fill and several empty, a group at a time: what comes while a group is under way waits a
// little for company. The lock lives here so that nobody else needs one.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace hg {

// When what waits goes as a group.
struct GroupRule {
  using Steady = std::chrono::steady_clock;

  std::size_t enough = 1;       // so many wait for no more, and are the largest group
  Steady::duration patience{};  // nor does one that has waited so long

  struct Waiting {
    std::size_t count = 0;
    Steady::time_point since;   // of the oldest
    std::size_t under_way = 0;  // in the groups that were taken
  };
  // The time when it goes, if nothing else comes to pass; one that is over: now. As many as are under way are enough,
  // too: who comes alone does not wait, and groups grow with what there is to do.
  [[nodiscard]] Steady::time_point due(const Waiting& waiting) const {
    return waiting.count >= std::min(enough, waiting.under_way) ? waiting.since : waiting.since + patience;
  }
};

template <class T>
class Gathering {
  using Steady = GroupRule::Steady;

 public:
  explicit Gathering(GroupRule rule) : rule_(rule) {}

  // True: a thread is to take() a group now; else one will anyway.
  bool push(T item) {
    const std::scoped_lock lock(mutex_);
    items_.push_back({std::move(item), Steady::now()});
    if (!std::exchange(awaited_, true)) return true;
    if (due() == items_.front().since) changed_.notify_one();
    return false;
  }

  struct Group {
    std::vector<T> items;
    bool more = false;  // a thread is to take() what is left
  };
  // Waits until it is due; its items are under way until finish() is told how many they were.
  Group take() {
    std::unique_lock lock(mutex_);
    for (auto due = this->due(); due > Steady::now(); due = this->due()) changed_.wait_until(lock, due);
    Group group{.items = take(rule_.enough)};
    under_way_ += group.items.size();
    group.more = awaited_ = !items_.empty();
    return group;
  }
  void finish(std::size_t items) {
    const std::scoped_lock lock(mutex_);
    under_way_ -= items;
    changed_.notify_one();
  }
  // All that waits, where no thread can take() it.
  std::vector<T> clear() {
    const std::scoped_lock lock(mutex_);
    awaited_ = false;
    return take(items_.size());
  }

  [[nodiscard]] std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return items_.size();
  }
  // How long the oldest has waited.
  [[nodiscard]] Steady::duration age() const {
    const std::scoped_lock lock(mutex_);
    return items_.empty() ? Steady::duration{} : Steady::now() - items_.front().since;
  }

 private:
  struct Item {
    T what;
    Steady::time_point since;
  };

  Steady::time_point due() const {
    return items_.empty() ? Steady::time_point{} : rule_.due({items_.size(), items_.front().since, under_way_});
  }
  std::vector<T> take(std::size_t most) {
    std::vector<T> taken;
    for (taken.reserve(std::min(most, items_.size())); taken.size() < most && !items_.empty(); items_.pop_front())
      taken.push_back(std::move(items_.front().what));
    return taken;
  }

  const GroupRule rule_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::size_t under_way_ = 0;
  bool awaited_ = false;  // a thread was told to take() what waits
};

}  // namespace hg
