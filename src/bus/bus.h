// Signals between loops and machines. Losing one is harmless: readers compare versions every minute, caches time out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/metrics.h"
#include "base/time.h"

namespace hg::bus {

// One changed notification, rendered once for all live readers: the feed API's activity as a JSON object without its
// closing brace, so that a reader appends `}` or `,"alert":false}`.
struct Note {
  std::int64_t version = 0;
  std::string activity = {};
  std::uint8_t platforms = 0;      // bits of model::Platform that its policy alerts
  bool handled = false;            // activated, dismissed or deleted: goes first in a signal
  std::int64_t alert_version = 0;  // it last asked for attention then, and still does; 0: it does not
  Time alerted_at{};               // when that was
  // The endpoint that made the last change, and every one above `made_after`, is not told of it; zero: none was named.
  SubscriptionId maker = {};
  std::int64_t made_after = 0;
};

// All that changed between two versions of a feed, while it is small.
struct ChangeNote {
  std::vector<Note> notes;  // by version
  std::int64_t unread = 0;  // at `to`
};
inline constexpr std::size_t kMaxNoteBytes = 8 * 1024;  // of the activities in one ChangeNote

// Feed `feed` went from version `from` to `to`.
struct Moved {
  FeedKey feed;
  std::int64_t from = 0, to = 0;
  std::shared_ptr<const ChangeNote> change = nullptr;  // null where it would not fit: read the store
  SubscriptionId maker = {};                           // the one endpoint that made every change in it; zero: no such
};

// Drop what you cached about `key`.
struct Stale {
  enum class Kind : std::uint8_t { directory, application, user, credential };
  Kind kind = Kind::directory;
  Guid key = {};  // zero: all of that kind
};

// A subscription ended: its live connections close.
struct Ended {
  FeedKey feed;
  SubscriptionId subscription;
  std::string reason;  // model::name(EndReason)
};

// Messages about feeds may have been lost: whoever follows any compares their versions now, not at the next minute.
struct Missed {
  int group = -1;  // of these feeds (group_of); -1: of all
};

// Is the user of this feed connected live anywhere? Who knows of a connection says Here.
struct Asks {
  FeedKey feed;
  Guid question;
};
struct Here {
  Guid question;
};

using Message = std::variant<Moved, Stale, Ended, Missed, Asks, Here>;
// Of which feed it is; null for what concerns everybody.
inline const FeedKey* feed_of(const Message& message) {
  if (const auto* moved = std::get_if<Moved>(&message)) return &moved->feed;
  if (const auto* ended = std::get_if<Ended>(&message)) return &ended->feed;
  if (const auto* asks = std::get_if<Asks>(&message)) return &asks->feed;
  return nullptr;
}

// Feeds are listened to by groups of their users' shards, so that a machine hears of its own users alone.
inline constexpr int kGroups = 256;
constexpr int group_of(const FeedKey& feed) { return static_cast<int>(feed.shard() >> 6); }

// One who listens; destroyed on its own loop, before the bus, from then on its handler is not called. On its loop:
class Listener {
 public:
  virtual ~Listener() = default;

  // Until each follow() was undone it hears of the feed, and may hear of others. What happened before a follow() is
  // read from the store after it.
  virtual void follow(const FeedKey& feed) = 0;
  virtual void unfollow(const FeedKey& feed) = 0;
};

// A seam: in this process (bus/local.h) or between machines (bus/nats.h).
class Bus {
 public:
  using Handler = std::function<void(const Message&)>;
  // Brings a task to the listener's own loop; called from any thread.
  using Post = std::function<void(std::function<void()>)>;

  virtual ~Bus() = default;

  // From any thread; waits for nobody. One wake of each concerned listener of this process, however many messages.
  virtual void publish(std::vector<Message> messages) = 0;

  // `handler` is called through `post` with every message about feeds that are followed, and with all that concerns
  // everybody.
  [[nodiscard]] virtual std::shared_ptr<Listener> subscribe(Post post, Handler handler) = 0;

  // Whether other machines hear of what is published; true where there is none.
  [[nodiscard]] virtual bool connected() const = 0;
  // From any thread.
  virtual void measure(metrics::Page& page) const = 0;
};

}  // namespace hg::bus
