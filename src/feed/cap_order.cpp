#include "feed/cap_order.h"

#include <algorithm>

namespace hg::feed {

CapOrder::CapOrder(std::vector<model::CapEntry> live) : entries_(std::move(live)) {
  std::ranges::sort(entries_, model::leaves_before);
}

void CapOrder::add(const model::CapEntry& entry) {
  entries_.insert(std::ranges::lower_bound(entries_, entry, model::leaves_before), entry);
}

void CapOrder::remove(const model::CapEntry& entry) {
  const auto found = std::ranges::lower_bound(entries_, entry, model::leaves_before);
  if (found != entries_.end() && found->id == entry.id) entries_.erase(found);
}

void CapOrder::expire(Time now) {
  std::erase_if(entries_, [&](const model::CapEntry& entry) { return entry.expires_at <= now; });
}

std::optional<CapOrder> CapOrders::find(const FeedKey& feed, std::int64_t version) const {
  const Kept& kept = kept_.at(slot(feed));
  std::shared_ptr<const CapOrder> order;
  {
    const std::lock_guard lock(mutex_);
    if (kept.order && kept.feed == feed && kept.version == version) order = kept.order;
  }
  return order ? std::optional(*order) : std::nullopt;
}

void CapOrders::keep(const FeedKey& feed, std::int64_t version, CapOrder order) {
  Kept made{feed, version, std::make_shared<const CapOrder>(std::move(order))};
  const std::lock_guard lock(mutex_);
  std::swap(kept_.at(slot(feed)), made);
}

}  // namespace hg::feed
