// On PostgreSQL notifications lie in partitions, one for each week of their latest expiry: a week that is over is
// dropped as a whole. What expires beyond the weeks that are there lies in notifications_other and goes row by row.
#pragma once

#include <cstdint>
#include <optional>

#include "base/id.h"
#include "base/time.h"
#include "store/sql.h"

namespace hg::store::partitions {

// Makes the weeks ahead, as far as notifications may expire, where they are missing. Does nothing on SQLite.
void prepare(Connection& tx, Time now);

// How far the reports of a week that is over were removed.
struct Cursor {
  std::int64_t week = 0;
  FeedKey feed = {};
  NotificationId id = {};
};
// Goes on with the oldest week that is over: at most `limit` of its notifications lose their reports; after the last of
// them it is dropped. How many there were; does nothing on SQLite.
std::size_t retire(Connection& tx, Cursor& cursor, Time now, std::size_t limit);

}  // namespace hg::store::partitions
