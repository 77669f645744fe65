// What a hub holds, for its own files: hub.cpp tells readers what happens, hub_sweep.cpp sees to them every so often.
#pragma once

#include <bitset>
#include <boost/asio/steady_timer.hpp>
#include <limits>
#include <memory>
#include <unordered_map>
#include <vector>

#include "feed/hub.h"

namespace hg::feed {

inline constexpr std::int64_t kUnknown = -1;  // wherever the feed is at the first read

// Lean: there may be a hundred thousand of them.
struct Live::Reader {
  FeedKey feed;
  SubscriptionId subscription;
  LiveSend send;
  std::int64_t cursor = kUnknown;
  std::int64_t acked = 0, written = 0;  // what it acknowledged, and what of that is stored
  Time keep_at{};                       // when its subscription is to be looked at
  Time expires_at{};                    // of the subscription, as far as is known
  Duration keep_every{};
  model::Platform platform = model::Platform::none;
  bool contents = true;
  bool blocked = false, closed = false, warned = false;
  bool opening = true;  // not yet compared with the store

  [[nodiscard]] bool listens() const { return !blocked && !closed; }
  void tell(const LiveMessage& message) {
    if (closed) return;
    closed = message.kind == LiveMessage::Kind::close;
    if (!send(message)) blocked = true;
  }
};

struct Hub::State : std::enable_shared_from_this<Hub::State> {
  struct Feed {
    std::vector<std::unique_ptr<Live::Reader>> readers;
    std::int64_t version = 0;  // the newest that was heard of
    bool reading = false;
  };

  boost::asio::any_io_executor loop;
  feed::Reader& store;
  Subscriptions& subscriptions;
  const Tokens& tokens;
  bus::Presence& presence;
  HostName host_name;
  const Clock& clock;
  Options options;
  std::unordered_map<FeedKey, Feed> feeds;
  std::size_t count = 0;
  bool drained = false;
  Counts counts;
  std::shared_ptr<bus::Listener> listening;
  boost::asio::steady_timer timer;
  std::bitset<bus::kGroups> unsure;  // groups of which messages were missed
  bool comparing = false;            // because of that
  bool keeping = false;
  // The signal that was made last for the change at hand: most readers of a feed get the same.
  struct Made {
    std::int64_t from = 0, to = 0;
    Addressee addressee;
    std::optional<std::vector<const bus::Note*>> notes;  // nullopt: told without them
    std::string text, etag;
  };
  std::optional<Made> made;

  State(boost::asio::any_io_executor on, feed::Reader& reader, Subscriptions& subscribed, const Tokens& named,
        bus::Presence& present, HostName hosts, const Clock& time, Options chosen)
      : loop(std::move(on)),
        store(reader),
        subscriptions(subscribed),
        tokens(named),
        presence(present),
        host_name(std::move(hosts)),
        clock(time),
        options(chosen),
        timer(loop) {}

  void moved(const bus::Moved& message);
  void ended(const bus::Ended& message);
  void write(Live::Reader& reader, std::int64_t to, const bus::ChangeNote* change, std::int64_t unread,
             const SubscriptionId& maker = {});
  void tell(Live::Reader& reader, std::int64_t to, const Stretch* stretch, std::int64_t unread);
  void catch_up(const FeedKey& key);
  boost::asio::awaitable<void> read_until_current(FeedKey key);
  void bring(Feed& feed, const Recent& recent, std::int64_t above, const bus::ChangeNote& change);
  void missed(const bus::Missed& message);
  boost::asio::awaitable<void> compare_missed();
  boost::asio::awaitable<void> compare_versions(const std::function<bool(const FeedKey&)>& which);
  boost::asio::awaitable<void> keep_subscriptions();
  boost::asio::awaitable<void> keep_beside();
  boost::asio::awaitable<void> keep(Unsid endpoint, std::int64_t acked);
  void warn(Live::Reader& reader) const;
  void leave(Live::Reader* reader);
  void close(Live::Reader& reader, std::uint16_t code, std::string_view reason);

  // The least cursor of those that wait for the store; nullopt: nobody does.
  static std::optional<std::int64_t> behind(const Feed& feed) {
    std::optional<std::int64_t> least;
    for (const auto& reader : feed.readers) {
      if (!reader->listens() || (!reader->opening && reader->cursor >= feed.version)) continue;
      // One without a place needs nothing but the version.
      const auto cursor = reader->cursor < 0 ? std::numeric_limits<std::int64_t>::max() : reader->cursor;
      least = std::min(least.value_or(cursor), cursor);
    }
    return least;
  }
};

}  // namespace hg::feed
