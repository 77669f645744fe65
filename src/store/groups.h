// What is read and written of many feeds at once, by a group of changes above all: on PostgreSQL each is one statement
// or a few, however many. On SQLite, where nothing lies between us and the rows, it is one a row, as elsewhere.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "store/feeds.h"
#include "store/outbox.h"
#include "store/subscriptions.h"

namespace hg::store::groups {

struct Wanted {
  std::set<NotificationId> notifications;
  std::optional<Time> endpoints_at;  // the endpoints, too: those that are active then
};
struct Known {
  Feed row;
  std::vector<model::Notification> notifications;  // those that there are
  std::vector<Endpoint> endpoints;
};
// What is wanted of each feed, read once its row is locked, until the transaction ends; it is made where there is none.
std::map<FeedKey, Known> lock(Connection& tx, const std::map<FeedKey, Wanted>& wanted);

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
