#include "feed/janitor.h"

#include <algorithm>
#include <map>
#include <vector>

#include "store/feeds.h"
#include "store/grants.h"
#include "store/idempotency.h"
#include "store/outcomes.h"
#include "store/subscriptions.h"

namespace hg::feed {
namespace {

// Expired rows are no part of the counts: only where those were not taken since are they taken now. A tombstone that
// goes because its time is over moves no floor: whoever has the notification drops it by its expiry.
std::size_t remove_spent_notifications(store::Connection& tx, Time now, std::size_t batch) {
  const auto spent = store::feeds::spent(tx, now, batch);
  std::map<FeedKey, std::vector<NotificationId>> by_feed;
  for (const auto& one : spent) by_feed[one.feed].push_back(one.id);
  std::size_t removed = 0;
  for (const auto& [feed, ids] : by_feed) {
    auto row = store::feeds::lock(tx, feed);
    if (row.next_expiry <= now) store::feeds::recount(tx, feed, row, now);
    for (const auto& id : ids) {
      const auto found = store::feeds::notification(tx, feed, id);
      if (!found || found->keep_until > now) continue;  // posted again before the lock
      if (found->deleted()) --row.tombstones;
      store::feeds::erase(tx, feed, id);
      store::outcomes::erase(tx, feed, id);
      ++removed;
    }
    store::feeds::save(tx, feed, row);
  }
  return removed;
}

std::size_t end_overdue(store::Connection& tx, Time now, std::size_t batch, std::vector<bus::Message>& messages) {
  const auto overdue = store::subscriptions::overdue(tx, now, batch);
  for (const auto& row : overdue) {
    const auto& s = row.subscription;
    // It ended then, however late this comes by.
    if (!store::subscriptions::end(tx, s.feed, s.id, model::EndReason::expired, now, s.expires_at)) continue;
    messages.emplace_back(bus::Ended{s.feed, s.id, std::string(name(model::EndReason::expired))});
  }
  return overdue.size();
}

std::size_t forget_ended(store::Connection& tx, Time now, std::size_t batch) {
  const auto ended = store::subscriptions::ended(tx, now - store::kEndedKept, batch);
  for (const auto& row : ended) {
    store::subscriptions::erase(tx, row.subscription.feed, row.subscription.id);
    if (!row.channel_hash.empty()) store::channels::release(tx, row.channel_hash, row.subscription.id);
  }
  return ended.size();
}

}  // namespace

boost::asio::awaitable<std::size_t> Janitor::step(Time now, std::size_t batch) {
  // A transaction each, so that posts wait for none of them long.
  std::size_t worked =
      co_await database_.transact([&](store::Connection& tx) { return remove_spent_notifications(tx, now, batch); });

  std::vector<bus::Message> messages;
  worked += co_await database_.transact([&](store::Connection& tx) {
    messages.clear();
    return end_overdue(tx, now, batch, messages);
  });
  if (!messages.empty()) bus_.publish(std::move(messages));

  worked += co_await database_.transact([&](store::Connection& tx) { return forget_ended(tx, now, batch); });
  worked += co_await database_.transact(
      [&](store::Connection& tx) { return store::idempotency::erase_older(tx, now - store::kIdempotencyLife, batch); });
  worked += static_cast<std::size_t>(
      co_await database_.transact([&](store::Connection& tx) { return store::remove_spent_grants(tx, now, batch); }));
  // Last, for these may be told to come again another time.
  co_await database_.transact([&](store::Connection& tx) { store::partitions::prepare(tx, now); });
  auto cursor = retired_;
  worked += co_await database_.transact([&](store::Connection& tx) {
    cursor = retired_;
    return store::partitions::retire(tx, cursor, now, batch);
  });
  retired_ = cursor;
  co_return worked;
}

}  // namespace hg::feed
