// Failed attempts by name: each makes the next one wait longer. Bounded; from any thread.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/time.h"

namespace hg {

class Attempts {
 public:
  // How long `key` has to wait yet; zero: it may try.
  Duration wait(const std::string& key, Time now) const {
    const std::scoped_lock lock(mutex_);
    const auto found = failures_.find(key);
    return found == failures_.end() ? Duration{0} : std::max(Duration{0}, found->second.next - now);
  }

  // The first `kFree` cost nothing; then 1 s, doubling up to 5 minutes.
  void failed(const std::string& key, Time now) {
    const std::scoped_lock lock(mutex_);
    if (failures_.size() >= kMost)
      std::erase_if(failures_, [&](const auto& entry) { return entry.second.next + kLongest <= now; });
    if (failures_.size() >= kMost) failures_.clear();
    Failure& failure = failures_[key];
    ++failure.count;
    const int doublings = std::clamp(failure.count - kFree, 0, 9);
    failure.next =
        failure.count < kFree ? now : now + std::min<Duration>(kLongest, std::chrono::seconds(1 << doublings));
  }

  void succeeded(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    failures_.erase(key);
  }

 private:
  static constexpr int kFree = 5;
  static constexpr std::size_t kMost = 100'000;
  static constexpr Duration kLongest = std::chrono::minutes(5);
  struct Failure {
    int count = 0;
    Time next{};
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Failure> failures_;
};

}  // namespace hg
