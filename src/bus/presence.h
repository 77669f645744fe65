// Who is connected live right now, over all loops of this process.
#pragma once

#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "base/id.h"

namespace hg::bus {

class Presence {
 public:
  explicit Presence(std::size_t limit_per_user) : limit_(limit_per_user) {}

  // False where the user has as many live connections as one may have.
  [[nodiscard]] bool enter(const FeedKey& feed);
  // Once for each enter that was true.
  void leave(const FeedKey& feed);

  [[nodiscard]] std::size_t of(const UserId& user) const;
  [[nodiscard]] std::size_t of(const FeedKey& feed) const;
  [[nodiscard]] std::size_t total() const;

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::unordered_map<UserId, std::size_t> users_;
  std::unordered_map<FeedKey, std::size_t> feeds_;
  std::size_t total_ = 0;
};

}  // namespace hg::bus
