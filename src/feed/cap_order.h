// What leaves a feed that is full, and in which order: found out once, and then kept from change to change.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "model/change.h"

namespace hg::feed {

// The live notifications of one feed, in the order in which they leave.
class CapOrder {
 public:
  explicit CapOrder(std::vector<model::CapEntry> live);  // in any order

  [[nodiscard]] std::span<const model::CapEntry> entries() const { return entries_; }
  void add(const model::CapEntry& entry);
  void remove(const model::CapEntry& entry);  // as it was added
  void expire(Time now);

 private:
  std::vector<model::CapEntry> entries_;
};

// Of feeds that were full not long ago, each as of a version: in a feed nothing changes without a new one, whichever
// node does it. At most 128 feeds (7 MB); each is forgotten when another takes its place. From any thread.
class CapOrders {
 public:
  std::optional<CapOrder> find(const FeedKey& feed, std::int64_t version) const;
  void keep(const FeedKey& feed, std::int64_t version, CapOrder order);

 private:
  struct Kept {
    FeedKey feed;
    std::int64_t version = 0;
    std::shared_ptr<const CapOrder> order = {};
  };
  static constexpr std::size_t kMost = 128;
  static std::size_t slot(const FeedKey& feed) { return std::hash<FeedKey>{}(feed) % kMost; }

  mutable std::mutex mutex_;
  std::array<Kept, kMost> kept_ = {};
};

}  // namespace hg::feed
