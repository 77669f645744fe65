#include "feed/reader.h"

#include <algorithm>
#include <limits>

#include "store/feeds.h"
#include "store/groups.h"

namespace hg::feed {
namespace {

using model::Notification;
namespace feeds = store::feeds;

State state_of(const store::Feed& row) {
  return {.version = row.version, .floor = row.floor_version, .unread = row.unread, .count = row.live};
}

std::optional<Notification> live_one(store::Connection& tx, const FeedKey& feed, const NotificationId& id, Time now) {
  auto found = feeds::notification(tx, feed, id);
  if (found && (found->deleted() || found->content.expires_at <= now)) found.reset();
  return found;
}

std::vector<Notification> live_ones(store::Connection& tx, const FeedKey& feed, std::span<const NotificationId> ids,
                                    Time now) {
  std::vector<Notification> found;
  found.reserve(ids.size());
  for (const auto& id : ids) {
    if (auto one = live_one(tx, feed, id, now)) found.push_back(*std::move(one));
  }
  return found;
}

bool ascending(Order order) { return order == Order::oldest || order == Order::expires_first; }

Position position(const Notification& n, Order order) {
  const bool by_creation = order == Order::newest || order == Order::oldest;
  return {to_ms(by_creation ? n.created_at : n.content.expires_at), n.id};
}

bool before(const Position& a, const Position& b, Order order) {
  const auto x = std::tie(a.key, a.id), y = std::tie(b.key, b.id);
  return ascending(order) ? x < y : y < x;
}

// Where everything that is kept stands in the feed, in order.
std::vector<Position> positions(store::Connection& tx, const FeedKey& feed, const Keep& keep, Order order, Time now) {
  std::vector<Position> found;
  feeds::heads(tx, feed, now, [&](const Notification& head) {
    if (!keep || keep(head)) found.push_back(position(head, order));
  });
  std::ranges::sort(found, [order](const Position& a, const Position& b) { return before(a, b, order); });
  return found;
}

}  // namespace

boost::asio::awaitable<State> Reader::state(FeedKey feed) {
  const auto now = clock_.now();
  co_return co_await read(feed, [&](store::Connection& tx) { return state_of(feeds::at(tx, feed, now)); });
}

boost::asio::awaitable<std::vector<std::pair<FeedKey, std::int64_t>>> Reader::versions(std::vector<FeedKey> feeds) {
  co_return co_await database_.read([&](store::Connection& tx) { return store::groups::versions(tx, feeds); });
}

boost::asio::awaitable<std::optional<Found>> Reader::find(UserId user, std::vector<AppId> apps, NotificationId id) {
  const auto now = clock_.now();
  co_return co_await database_.read([&](store::Connection& tx) -> std::optional<Found> {
    for (const auto& app : apps) {
      const FeedKey feed{user, app};
      if (auto found = live_one(tx, feed, id, now)) return Found{feed, *std::move(found)};
    }
    return std::nullopt;
  });
}

boost::asio::awaitable<std::vector<Found>> Reader::find_named(UserId user, std::vector<AppId> apps,
                                                              std::string app_notification_id) {
  const auto now = clock_.now();
  co_return co_await database_.read([&](store::Connection& tx) {
    std::vector<Found> all;
    for (const auto& app : apps) {
      const FeedKey feed{user, app};
      const auto id = tokens_.notification_id(feed, app_notification_id);
      if (auto found = live_one(tx, feed, id, now)) all.push_back({feed, *std::move(found)});
    }
    return all;
  });
}

boost::asio::awaitable<std::optional<FeedKey>> Reader::feed_of(UserId user, std::vector<AppId> apps,
                                                               NotificationId id) {
  const auto now = clock_.now();
  co_return co_await database_.read([&](store::Connection& tx) -> std::optional<FeedKey> {
    for (const auto& app : apps) {
      const auto found = feeds::notification(tx, {user, app}, id);
      if (found && found->keep_until > now) return FeedKey{user, app};
    }
    return std::nullopt;
  });
}

boost::asio::awaitable<View> Reader::view(FeedKey feed, Keep keep) {
  const auto now = clock_.now();
  co_return co_await database_.read([&](store::Connection& tx) {
    View view{.state = state_of(feeds::at(tx, feed, now)), .ids = {}};
    for (const auto& one : positions(tx, feed, keep, Order::newest, now)) view.ids.push_back(one.id);
    return view;
  });
}

boost::asio::awaitable<std::vector<Notification>> Reader::rows(FeedKey feed, std::vector<NotificationId> ids) {
  const auto now = clock_.now();
  co_return co_await database_.read([&](store::Connection& tx) { return live_ones(tx, feed, ids, now); });
}

boost::asio::awaitable<List> Reader::list(FeedKey feed, ListQuery query) {
  const auto now = clock_.now();
  co_return co_await database_.read([&](store::Connection& tx) {
    List list;
    list.state = state_of(feeds::at(tx, feed, now));
    const auto all = positions(tx, feed, query.keep, query.order, now);
    list.count = all.size();
    const auto first =
        query.after
            ? std::ranges::find_if(all, [&](const Position& one) { return before(*query.after, one, query.order); })
            : all.begin();
    const auto left = static_cast<std::size_t>(all.end() - first);
    const auto size = std::min({query.top, kPage, left});
    std::vector<NotificationId> ids;
    for (auto one = first; ids.size() < size; ++one) ids.push_back(one->id);
    list.notifications = live_ones(tx, feed, ids, now);
    if (size > 0 && left > size) list.next = first[static_cast<std::ptrdiff_t>(size) - 1];
    return list;
  });
}

boost::asio::awaitable<Result<Changes>> Reader::changes(FeedKey feed, ChangesQuery query) {
  const auto now = clock_.now();
  co_return co_await read(feed, [&](store::Connection& tx) -> Result<Changes> {
    // The version first: a row that changes after it is only told once more.
    Changes changes{.state = state_of(feeds::at(tx, feed, now)), .notifications = {}};
    if (query.known && (*query.known < changes.state.floor || *query.known > changes.state.version)) {
      return fail(Code::sync_state_not_found,
                  "what changed since this token is no longer known; start again without a token");
    }
    const auto limit = std::min(query.limit, kPage);
    const auto tombstones_above = query.known.value_or(std::numeric_limits<std::int64_t>::max());
    changes.notifications =
        feeds::since(tx, feed, query.after_version, query.after_id, tombstones_above, now, limit + 1);
    changes.more = changes.notifications.size() > limit;
    if (changes.more) changes.notifications.pop_back();
    return changes;
  });
}

boost::asio::awaitable<Recent> Reader::recent(FeedKey feed, std::int64_t above, std::size_t limit) {
  const auto now = clock_.now();
  co_return co_await read(feed, [&](store::Connection& tx) {
    Recent recent{.state = state_of(feeds::at(tx, feed, now)), .notifications = {}};
    recent.notifications = feeds::newest(tx, feed, above, now, limit + 1);
    recent.cut = recent.notifications.size() > limit;
    if (recent.cut) recent.notifications.pop_back();
    return recent;
  });
}

}  // namespace hg::feed
