// One open WebSocket or Server-Sent Events connection after its handshake. While idle it holds neither parser nor
// buffer nor coroutine: a file descriptor, a wait for readability, an alarm. All on its loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/stream.h"
#include "net/websocket.h"
#include "net/wheel.h"

namespace hg::net {

// The close code of a reader that lets too much wait.
inline constexpr std::uint16_t kTooSlow = 4408;

class Loop;

// The server keeps it until it is closed; a reference kept longer must not outlive the loops.
class Live : public std::enable_shared_from_this<Live> {
 public:
  enum class Kind : std::uint8_t { websocket, events };

  struct Limits {
    std::size_t message = 64 * 1024;      // a client's message beyond: 1009
    std::size_t pending = 32 * 1024;      // more of it unsent when something is added: closed as slow
    Duration stall = Duration{300'000};   // no byte taken for so long: closed as slow
    Duration farewell = Duration{2'000};  // for the peer's close after ours
  };

  Live(Kind kind, Loop& loop, Stream stream, Limits limits, std::string remote);
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  // What the owner wants to hear, set in Response::live before it returns. Called on the loop, never from within
  // send() or close(). They may destroy the owner and drop the last other reference; after on_closed nothing comes.
  std::move_only_function<void(std::string_view text)> on_message;  // websocket: one text message of the client
  std::move_only_function<void()> on_drained;                       // everything pending went out
  std::move_only_function<void()> on_closed;                        // gone, whoever began it; exactly once

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] Loop& loop() const { return loop_; }
  [[nodiscard]] const std::string& remote() const { return remote_; }
  [[nodiscard]] bool open() const { return state_ == State::open; }

  // websocket: `text` as one text frame. events: `text` as it is (sse_event() below). True: all went out. False: some
  // of it waits, on_drained will tell; what must be sent before that (an answer) may still be, up to Limits::pending.
  // Nothing happens once it closes.
  bool send(std::string_view text);
  // Bytes wait to be taken by the peer.
  [[nodiscard]] bool blocked() const { return !pending_.empty(); }

  // Sends `text` (a literal; websocket: as a text frame, events: as it is) every `every`, a tenth more or less, while
  // nothing else waits. A dead peer is found by it.
  void heartbeat(Duration every, std::string_view text);

  // websocket: no further on_message until resume(), so that answers keep their order and floods wait at the peer.
  void pause();
  void resume();

  // Says why and ends: a close frame, or `event: close` with {"code", "reason"}; then the peer's close or 2 s.
  // on_closed follows. `reason` ≤ 123 bytes.
  void close(std::uint16_t code, std::string_view reason);
  // Ends without a word. on_closed follows.
  void drop();

 private:
  friend class Connection;
  friend class Gate;
  enum class State : std::uint8_t { open, closing, closed };

  // Begins to listen. `early`: bytes that came behind the handshake; `place` is let go with the connection.
  void start(std::string early, std::shared_ptr<void> place);
  void wait(Io state);
  void readable();
  void writable();
  void take(std::string_view bytes);
  void handle(const FrameReader::Message& message);
  bool write(std::string_view bytes);
  void say_close(std::uint16_t code, std::string_view reason);
  void flushed();
  void rearm();
  void expired();
  template <class Callback>
  void call(Callback callback);
  void finish();
  void forget_owner();

  Kind kind_;
  State state_ = State::open;
  bool paused_ = false, wait_read_ = false, wait_write_ = false, peer_closed_ = false;
  Loop& loop_;
  Stream stream_;
  Limits limits_;
  std::string remote_;
  FrameReader frames_;
  std::string pending_;  // taken to be sent, not yet by the peer
  std::string held_;     // read and not yet looked at: paused
  Alarm alarm_;          // the next heartbeat; while blocked the stall; while closing the end
  Duration beat_{0};
  std::string_view beat_text_;
  std::shared_ptr<void> place_;
};

// `id:`, `event:` and `data:` lines and the blank line; id and event are left out where empty. Line breaks in `data`
// become further `data:` lines (WHATWG HTML §9.2).
std::string sse_event(std::string_view id, std::string_view event, std::string_view data);
// A comment line: the heartbeat of an event stream.
inline constexpr std::string_view kSseComment = ":\n\n";

}  // namespace hg::net
