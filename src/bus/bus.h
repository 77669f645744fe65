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
#include "base/time.h"

namespace hg::bus {

// One changed notification, rendered once for all live readers: the feed API's activity as a JSON object without its
// closing brace, so that a reader appends `}` or `,"alert":false}`.
struct Note {
  std::int64_t version = 0;
  std::string activity;
  std::uint8_t platforms = 0;      // bits of model::Platform that its policy alerts
  bool handled = false;            // activated, dismissed or deleted: goes first in a signal
  std::int64_t alert_version = 0;  // it last asked for attention then, and still does; 0: it does not
  Time alerted_at{};               // when that was
  // The endpoint that made the last change, and every one above `made_after`, is not told of it; zero: none was named.
  SubscriptionId maker;
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

using Message = std::variant<Moved, Stale, Ended>;

// A seam: in this process (bus/local.h) or between machines.
class Bus {
 public:
  using Handler = std::function<void(const Message&)>;
  // Brings a task to the subscriber's own loop; called from any thread.
  using Post = std::function<void(std::function<void()>)>;

  virtual ~Bus() = default;

  // From any thread. One wake of each concerned subscriber, however many messages.
  virtual void publish(std::vector<Message> messages) = 0;

  // `handler` is called through `post` with every message about a feed whose shard lies in [first, last], and with
  // every Stale. Destroy the token on the loop of `post`: from then on the handler is not called.
  [[nodiscard]] virtual std::shared_ptr<void> subscribe(std::int64_t first, std::int64_t last, Post post,
                                                        Handler handler) = 0;
  [[nodiscard]] std::shared_ptr<void> subscribe_all(Post post, Handler handler) {
    return subscribe(0, kLastShard, std::move(post), std::move(handler));
  }

  static constexpr std::int64_t kLastShard = (1 << 14) - 1;
};

}  // namespace hg::bus
