// What is read and written of many feeds at once, by a group of changes above all: on PostgreSQL each is one statement
// or a few, however many. On SQLite, where nothing lies between us and the rows, it is one a row, as elsewhere.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "store/feeds.h"
#include "store/outbox.h"
#include "store/subscriptions.h"

namespace hg::store::groups {

// Their rows, made where there are none, locked until the transaction ends. `feeds` in key order, each once.
std::vector<Feed> lock(Connection& tx, std::span<const FeedKey> feeds);

struct NotificationKey {
  FeedKey feed;
  NotificationId id;
};
// What is stored under each, in their order.
std::vector<std::optional<model::Notification>> notifications(Connection& tx, std::span<const NotificationKey> keys);
// Active at the time that is named for each feed.
std::map<FeedKey, std::vector<Endpoint>> endpoints(Connection& tx, const std::map<FeedKey, Time>& feeds);

// Of those that there are, in any order.
std::vector<std::pair<FeedKey, std::int64_t>> versions(Connection& tx, std::span<const FeedKey> feeds);

// What is written at the end of a group. What is pointed to outlives it.
struct Writes {
  std::vector<std::pair<FeedKey, const model::Notification*>> inserted, updated;
  std::vector<std::pair<FeedKey, OutboxRow>> outbox;
  std::vector<std::pair<FeedKey, Feed>> feeds;
};
// All but the feeds' rows.
void write(Connection& tx, const Writes& writes);
void save_feeds(Connection& tx, const Writes& writes);

}  // namespace hg::store::groups
