// Which feeds were read not long ago, by a hash of their keys; each is forgotten when another takes its place. A wrong
// answer costs time and nothing else.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/id.h"

namespace hg::feed {

class Warm {
 public:
  // Whether it is one of them; from now on it is. From any thread.
  bool seen(const FeedKey& feed) {
    const std::uint64_t hash = std::hash<FeedKey>{}(feed);
    const auto mark = static_cast<std::uint32_t>(hash >> 32U) | 1U;
    return (*marks_)[hash % kMost].exchange(mark, std::memory_order_relaxed) == mark;
  }

 private:
  static constexpr std::size_t kMost = 65'536;
  using Marks = std::array<std::atomic<std::uint32_t>, kMost>;
  std::unique_ptr<Marks> marks_ = std::make_unique<Marks>();
};

}  // namespace hg::feed
