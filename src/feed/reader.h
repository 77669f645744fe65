// The one read path of feeds: short reads of a consistent state, at most kPage rows each. Expired notifications are
// left out of everything; tombstones are seen in changes alone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "feed/tokens.h"
#include "feed/warm.h"
#include "model/notification.h"
#include "store/database.h"

namespace hg::feed {

inline constexpr std::size_t kPage = 100;

struct State {
  std::int64_t version = 0;  // 0: nothing ever happened
  std::int64_t floor = 0;    // changes since an older version are no longer known
  std::int64_t unread = 0;
  std::int64_t count = 0;  // of live notifications
};

struct Found {
  FeedKey feed;
  model::Notification notification;
};

enum class Order : std::uint8_t { newest, oldest, expires_first, expires_last };  // by creation, by expiry; then by id

// Where a list goes on: behind this one.
struct Position {
  std::int64_t key = 0;  // milliseconds of what the order is by
  NotificationId id;
};

// Sees everything but payload and policies; empty keeps all. Called on a database thread.
using Keep = std::function<bool(const model::Notification&)>;

struct ListQuery {
  Keep keep = {};
  Order order = Order::newest;
  std::size_t top = 25;  // at most kPage
  std::optional<Position> after = {};
};
struct List {
  State state;
  std::size_t count = 0;  // all that `keep` keeps, before and behind this page too
  std::vector<model::Notification> notifications;
  std::optional<Position> next;  // set where more follow
};

// The ids of a whole feed, newest first, with the state they belong to: their rows are then read a page at a time by
// rows(), so that no read outlives a slow client.
struct View {
  State state;
  std::vector<NotificationId> ids;
};

struct ChangesQuery {
  // The version the client holds; null on the first page of a first sync, then the State::version of that page.
  // Tombstones up to it are left out, for the client cannot have what they name.
  std::optional<std::int64_t> known = {};
  std::int64_t after_version = 0;  // go on behind this change; behind all of a version with an id of ff…ff
  NotificationId after_id = {};
  std::size_t limit = kPage;
};
struct Changes {
  State state;
  std::vector<model::Notification> notifications;  // by version and id; deleted() ones are tombstones
  bool more = false;                               // the client is at state.version only when this is false
};

// What live readers want: the newest changes above a version.
struct Recent {
  State state;
  std::vector<model::Notification> notifications;  // newest first, tombstones too
  bool cut = false;                                // there are more, older than the last of them
};

class Reader {
 public:
  Reader(store::Database& database, const Tokens& tokens, const Clock& clock)
      : database_(database), tokens_(tokens), clock_(clock) {}

  boost::asio::awaitable<State> state(FeedKey feed);
  // Of those that there are, in any order, by a statement or a few.
  boost::asio::awaitable<std::vector<std::pair<FeedKey, std::int64_t>>> versions(std::vector<FeedKey> feeds);

  // By id through several cross-device apps of one user; tombstones are not found.
  boost::asio::awaitable<std::optional<Found>> find(UserId user, std::vector<AppId> apps, NotificationId id);
  // One for each feed that has it.
  boost::asio::awaitable<std::vector<Found>> find_named(UserId user, std::vector<AppId> apps,
                                                        std::string app_notification_id);
  // Also a tombstone: which feed a DELETE of this id means.
  boost::asio::awaitable<std::optional<FeedKey>> feed_of(UserId user, std::vector<AppId> apps, NotificationId id);

  boost::asio::awaitable<View> view(FeedKey feed, Keep keep = {});
  // At most kPage ids; in their order, without those that are gone meanwhile.
  boost::asio::awaitable<std::vector<model::Notification>> rows(FeedKey feed, std::vector<NotificationId> ids);

  boost::asio::awaitable<List> list(FeedKey feed, ListQuery query);
  // Code::sync_state_not_found where `known` is below the floor or above the version.
  boost::asio::awaitable<Result<Changes>> changes(FeedKey feed, ChangesQuery query);
  boost::asio::awaitable<Recent> recent(FeedKey feed, std::int64_t above, std::size_t limit);

 private:
  // As Database::read; on this thread where the feed was read not long ago, for then its rows are in this machine's
  // memory, unless the store is another one.
  template <class F>
  auto read(const FeedKey& feed, F work) -> boost::asio::awaitable<std::invoke_result_t<F&, store::Connection&>> {
    if (database_.near() && warm_.seen(feed)) co_return database_.look(std::move(work));
    co_return co_await database_.read(std::move(work));
  }

  store::Database& database_;
  Warm warm_;
  const Tokens& tokens_;
  const Clock& clock_;
};

}  // namespace hg::feed
