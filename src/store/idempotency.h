// Posts that carried an Idempotency-Key, for 24 hours: enough of the first answer to give it again. The content is not
// kept: a repeated post of the same fingerprint brings it.
#pragma once

#include <optional>
#include <string>

#include "base/id.h"
#include "base/time.h"
#include "store/sql.h"

namespace hg::store {

inline constexpr Duration kIdempotencyLife = std::chrono::hours(24);

struct IdempotencyRow {
  std::string fingerprint;
  NotificationId notification;
  std::int64_t base_version = 0, new_version = 0, content_version = 0, endpoints = 0;
  Time created_at{}, expires_at{};  // of the notification as posted
  Time made_at{};
};

namespace idempotency {

// Younger than kIdempotencyLife at `now`.
std::optional<IdempotencyRow> find(Connection& tx, const FeedKey& feed, const ApplicationId& application,
                                   const std::string& key, Time now);
// Replaces a row that is over its life.
void put(Connection& tx, const FeedKey& feed, const ApplicationId& application, const std::string& key,
         const IdempotencyRow& row);
// Rows made before; how many.
std::size_t erase_older(Connection& tx, Time made_before, std::size_t limit);

}  // namespace idempotency
}  // namespace hg::store
