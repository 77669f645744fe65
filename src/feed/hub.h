// Live readers of one loop: each a cursor and an alarm clock, no queue. A Moved that begins at the cursor is written as
// it is; one that ends before it is dropped; anything else, the comparison within a minute and after messages were
// missed too, reads the store from the cursor.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "bus/bus.h"
#include "bus/presence.h"
#include "feed/reader.h"
#include "feed/signal.h"
#include "feed/subscribe.h"
#include "feed/tokens.h"
#include "model/subscription.h"

namespace hg::feed {

// What a live connection is told. The texts live for the call only.
struct LiveMessage {
  enum class Kind : std::uint8_t { signal, event, close };
  Kind kind = Kind::signal;
  std::string_view text = {};  // JSON; empty for close
  std::string_view name = {};  // signal: its newETag; event: its type; close: the reason
  std::uint16_t code = 0;      // close: 4410, 1012, …
};
// Takes the message. False: taken, but nothing more before Live::drained(). Called on the hub's loop; must not destroy
// the Live it belongs to within the call. After a close nothing more comes.
using LiveSend = std::function<bool(const LiveMessage&)>;

struct LiveReader {
  FeedKey feed;
  SubscriptionId subscription = {};                  // zero: none was named
  model::Platform platform = model::Platform::none;  // none: targeted by every policy
  model::NotificationType type = model::NotificationType::with_payload;
  // Where it is; nullopt: now. What was missed comes as one signal; an ETag that is malformed, foreign or below the
  // floor gives one afsChangeNotification.
  std::optional<std::string> etag = {};
  // The subscription's: it is kept alive, and its last three days are announced.
  Duration life = model::kDefaultLife;
  Time expires_at = Time::max();
  LiveSend send = {};
};
inline constexpr std::uint16_t kCloseEnded = 4410, kCloseTooMany = 4429, kCloseRestarting = 1012;

class Live;

class Hub {
 public:
  struct Options {
    // From one comparison of versions to the next: with the time that one takes it stays under a minute for each feed.
    Duration sweep = std::chrono::seconds(45);
    Duration alert_window = std::chrono::minutes(5);
  };

  Hub(boost::asio::any_io_executor loop, Reader& reader, Subscriptions& subscriptions, const Tokens& tokens,
      bus::Bus& bus, bus::Presence& presence, HostName host_name, const Clock& clock, Options options);
  ~Hub();  // on its loop, after run() ended
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // On the hub's loop. Code::too_many_requests where the user has too many live connections (close 4429).
  [[nodiscard]] Result<Live> open(LiveReader reader);

  // Does what sweep() does, by a timer; ends when cancelled or drained.
  boost::asio::awaitable<void> run();
  // Compares versions of the live feeds, writes what was acknowledged, renews and warns subscriptions.
  boost::asio::awaitable<void> sweep();

  // Closes every connection with 1012; open() refuses from now on (Code::unavailable).
  void drain();
  [[nodiscard]] std::size_t size() const;

  // From any thread.
  struct Counts {
    metrics::Counter signals;  // written to live connections
    metrics::Counter reads;    // of the store, since a message did not say it all
  };
  [[nodiscard]] const Counts& counts() const;

 private:
  friend class Live;
  struct State;
  std::shared_ptr<State> state_;
};

// One live connection's place in the hub; leaves it when destroyed, on the hub's loop.
class Live {
 public:
  Live() = default;
  Live(Live&& other) noexcept;
  Live& operator=(Live&& other) noexcept;
  ~Live();

  // The connection can take more again.
  void drained();
  // The client acknowledged this ETag. False: not one of this feed.
  bool acked(std::string_view etag);
  explicit operator bool() const { return reader_ != nullptr; }

 private:
  friend class Hub;
  struct Reader;
  Live(std::shared_ptr<Hub::State> hub, Reader* reader);
  std::shared_ptr<Hub::State> hub_;
  Reader* reader_ = nullptr;
};

}  // namespace hg::feed
