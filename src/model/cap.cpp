// Which notifications leave a feed that has grown over its cap.
#include <algorithm>
#include <tuple>

#include "model/change.h"

namespace hg::model {

namespace {

// Lower goes first.
int rank(const CapEntry& entry) {
  if (entry.snoozed) return 3;
  if (entry.handled) return 0;
  return entry.read ? 1 : 2;
}

}  // namespace

std::vector<NotificationId> over_cap(std::vector<CapEntry> live, std::size_t max_count, std::int64_t max_bytes) {
  std::size_t count = live.size();
  std::int64_t bytes = 0;
  for (const CapEntry& entry : live) bytes += entry.bytes;
  std::vector<NotificationId> gone;
  if (count <= max_count && bytes <= max_bytes) return gone;
  std::ranges::sort(live, {},
                    [](const CapEntry& entry) { return std::tuple(rank(entry), entry.created_at, entry.id); });
  for (const CapEntry& entry : live) {
    if (count <= max_count && bytes <= max_bytes) break;
    if (entry.posted) continue;
    gone.push_back(entry.id);
    --count;
    bytes -= entry.bytes;
  }
  return gone;
}

}  // namespace hg::model
