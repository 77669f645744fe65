// Which notifications leave a feed that has grown over its cap.
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

bool leaves_before(const CapEntry& a, const CapEntry& b) {
  return std::tuple(rank(a), a.created_at, a.id) < std::tuple(rank(b), b.created_at, b.id);
}

std::vector<NotificationId> over_cap(std::span<const CapEntry> live, const NotificationId& posted,
                                     std::size_t max_count, std::int64_t max_bytes) {
  std::size_t count = live.size();
  std::int64_t bytes = 0;
  for (const CapEntry& entry : live) bytes += entry.bytes;
  std::vector<NotificationId> gone;
  for (const CapEntry& entry : live) {
    if (count <= max_count && bytes <= max_bytes) break;
    if (entry.id == posted) continue;
    gone.push_back(entry.id);
    --count;
    bytes -= entry.bytes;
  }
  return gone;
}

}  // namespace hg::model
