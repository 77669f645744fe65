// A bounded cache whose entries end at a time of their own. Not for several threads: each loop has its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace hg {

template <class Key, class Value, class Hash = std::hash<Key>>
class ExpiringCache {
 public:
  explicit ExpiringCache(std::size_t most) : most_(std::max<std::size_t>(most, 1)) {}

  // Null where there is none, or no longer.
  const Value* find(const Key& key, Time now) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    if (found->second->expires <= now) {
      order_.erase(found->second);
      entries_.erase(found);
      return nullptr;
    }
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->value;
  }

  // Replaces one of the same key; the least recently used goes when it is full.
  void put(const Key& key, Value value, Time expires) {
    if (const auto found = entries_.find(key); found != entries_.end()) {
      order_.erase(found->second);
      entries_.erase(found);
    }
    if (entries_.size() >= most_) {
      entries_.erase(order_.back().key);
      order_.pop_back();
    }
    order_.push_front({key, std::move(value), expires});
    entries_.emplace(key, order_.begin());
  }

  void clear() {
    entries_.clear();
    order_.clear();
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Key key;
    Value value;
    Time expires;
  };
  std::size_t most_;
  std::list<Entry> order_;
  std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> entries_;
};

}  // namespace hg
