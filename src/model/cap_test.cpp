#include <gtest/gtest.h>

#include <algorithm>

#include "model/change.h"

namespace hg::model {
namespace {

const Time kPosted = *parse_iso("2026-11-23T10:00:00Z");

CapEntry entry(int number, bool handled, bool read_already, bool snoozed) {
  CapEntry e;
  e.id.guid.bytes[15] = static_cast<std::byte>(number);
  e.handled = handled;
  e.read = read_already;
  e.snoozed = snoozed;
  e.created_at = kPosted + std::chrono::minutes(number);
  e.bytes = 10;
  return e;
}

std::vector<int> numbers(const std::vector<NotificationId>& ids) {
  std::vector<int> found;
  for (const NotificationId& id : ids) found.push_back(std::to_integer<int>(id.guid.bytes[15]));
  return found;
}

const std::vector<CapEntry> kLive{entry(1, false, false, true),  entry(2, false, false, false),
                                  entry(3, false, true, false),  entry(4, true, false, false),
                                  entry(5, false, false, false), entry(6, true, true, false)};

std::vector<int> over(std::size_t max_count, std::int64_t max_bytes, const NotificationId& posted = {}) {
  auto live = kLive;
  std::ranges::sort(live, leaves_before);
  return numbers(over_cap(live, posted, max_count, max_bytes));
}

TEST(OverCap, deletes_nothing_while_all_fits) { EXPECT_EQ(over(6, 60), std::vector<int>{}); }

TEST(OverCap, takes_the_handled_then_the_read_then_the_oldest_and_snoozed_last) {
  EXPECT_EQ(over(0, 60), (std::vector<int>{4, 6, 3, 2, 5, 1}));
  EXPECT_EQ(over(4, 60), (std::vector<int>{4, 6}));
}

TEST(OverCap, counts_bytes_too) { EXPECT_EQ(over(6, 35), (std::vector<int>{4, 6, 3})); }

TEST(OverCap, never_takes_what_is_being_posted) {
  EXPECT_EQ(over(1, 60, kLive[4].id), (std::vector<int>{4, 6, 3, 2, 1}));
}

}  // namespace
}  // namespace hg::model
