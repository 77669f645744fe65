// Token buckets: how many calls somebody may make, as a rate and a burst. Bounded; from any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/time.h"

namespace hg {

template <class Key, class Hash = std::hash<Key>>
class Buckets {
  static constexpr std::size_t kParts = 16;
  static constexpr std::size_t kMostOfPart = 30'000;

 public:
  static constexpr std::size_t kMost = kParts * kMostOfPart;  // 28 MB, where a key has 8 bytes

  struct Taken {
    bool given = false;
    std::int64_t left = 0;                     // whole calls in the bucket
    std::chrono::milliseconds next{}, full{};  // until there is one; until it is full again
  };

  // One call of `key`, whose bucket holds `burst` and gets as many anew in each `period`.
  Taken take(const Key& key, std::int64_t burst, Duration period, Time now) {
    Part& part = parts_[Hash{}(key) % kParts];
    const std::scoped_lock lock(part.mutex);
    make_room(part, now);
    const auto [at, fresh] = part.buckets.try_emplace(key, Bucket{static_cast<double>(burst), now});
    Bucket& bucket = at->second;
    const double a_ms = static_cast<double>(burst) / static_cast<double>(period.count());
    if (now > bucket.at) {
      bucket.calls += a_ms * static_cast<double>((now - bucket.at).count());
      bucket.at = now;
    }
    bucket.calls = std::min(bucket.calls, static_cast<double>(burst));
    const bool given = bucket.calls >= 1;
    if (given) bucket.calls -= 1;
    const auto wait = [&](double calls) {
      return std::chrono::milliseconds(
          static_cast<std::int64_t>(std::ceil(std::max(0.0, calls - bucket.calls) / a_ms)));
    };
    return {given, static_cast<std::int64_t>(bucket.calls), wait(1), wait(static_cast<double>(burst))};
  }

  [[nodiscard]] std::size_t size() {
    std::size_t all = 0;
    for (Part& part : parts_) {
      const std::scoped_lock lock(part.mutex);
      all += part.buckets.size();
    }
    return all;
  }

 private:
  struct Bucket {
    double calls = 0;
    Time at{};
  };
  struct Part {
    std::mutex mutex;
    std::unordered_map<Key, Bucket, Hash> buckets;
  };
  static constexpr Duration kForgotten = std::chrono::minutes(10);

  // Who has not called for long has a full bucket, or nearly; where all are fresh, everybody has.
  static void make_room(Part& part, Time now) {
    if (part.buckets.size() < kMostOfPart) return;
    std::erase_if(part.buckets, [&](const auto& one) { return one.second.at + kForgotten <= now; });
    if (part.buckets.size() >= kMostOfPart) part.buckets.clear();
  }

  std::array<Part, kParts> parts_;
};

}  // namespace hg
