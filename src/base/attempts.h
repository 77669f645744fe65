// Attempts at a secret, by whom and on what: after the first few each makes the next one wait longer. An attempt counts
// before its outcome is known, so many at once gain nothing. Bounded; from any thread.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/time.h"

namespace hg {

class Attempts {
 public:
  // Counts an attempt on `key` and answers zero; or counts nothing, and answers how long it has to wait yet. The first
  // `free` cost nothing; then 1 s, doubling up to 5 minutes. One is forgiven every 5 minutes: who waits gains no more
  // than who goes on.
  Duration begin(const std::string& key, int free, Time now) {
    const std::scoped_lock lock(mutex_);
    make_room(now);
    Entry& entry = entries_.try_emplace(key, Entry{.forgiven = now}).first->second;
    if (entry.next > now) return entry.next - now;
    entry = forgiven(entry, now);
    const int beyond = ++entry.count - free;
    if (beyond >= 0) entry.next = now + std::min<Duration>(kLongest, std::chrono::seconds(1 << std::min(beyond, 9)));
    return Duration{0};
  }

  // The secret was right: as if nothing had been tried.
  void succeeded(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    entries_.erase(key);
  }

  // It was right, but of one among many who share the key: as if that attempt had not been made.
  void give_back(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    if (--found->second.count <= 0)
      entries_.erase(found);
    else
      found->second.next = {};
  }

 private:
  static constexpr std::size_t kMost = 100'000;
  static constexpr Duration kLongest = std::chrono::minutes(5);
  struct Entry {
    int count = 0;
    Time next{}, forgiven{};  // when the next may be made; up to when time has been counted in its favour
  };

  static Entry forgiven(Entry entry, Time now) {
    if (now < entry.forgiven) return entry;
    const auto periods = (now - entry.forgiven) / kLongest;
    entry.count = static_cast<int>(std::max<std::int64_t>(0, entry.count - periods));
    entry.forgiven += periods * kLongest;
    return entry;
  }

  // Forgets what is long past; where all is fresh, everything, rather than refuse those who have done nothing.
  void make_room(Time now) {
    if (entries_.size() < kMost) return;
    std::erase_if(entries_, [&](const auto& one) { return forgiven(one.second, now).count == 0; });
    if (entries_.size() >= kMost) entries_.clear();
  }

  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace hg
