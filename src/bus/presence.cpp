#include "bus/presence.h"

namespace hg::bus {
namespace {

template <class Key>
void drop_one(std::unordered_map<Key, std::size_t>& counts, const Key& key) {
  const auto found = counts.find(key);
  if (found != counts.end() && --found->second == 0) counts.erase(found);
}

template <class Key>
std::size_t count(const std::unordered_map<Key, std::size_t>& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

bool Presence::enter(const FeedKey& feed) {
  const std::scoped_lock lock(mutex_);
  if (count(users_, feed.user) >= limit_) return false;
  ++users_[feed.user];
  ++feeds_[feed];
  ++total_;
  return true;
}

void Presence::leave(const FeedKey& feed) {
  const std::scoped_lock lock(mutex_);
  drop_one(users_, feed.user);
  drop_one(feeds_, feed);
  --total_;
}

std::size_t Presence::of(const UserId& user) const {
  const std::scoped_lock lock(mutex_);
  return count(users_, user);
}

std::size_t Presence::of(const FeedKey& feed) const {
  const std::scoped_lock lock(mutex_);
  return count(feeds_, feed);
}

std::size_t Presence::total() const {
  const std::scoped_lock lock(mutex_);
  return total_;
}

}  // namespace hg::bus
