#include "net/live.h"

#include <boost/json/serialize.hpp>
#include <random>
#include <utility>

#include "base/log.h"
#include "net/loop.h"

namespace hg::net {

namespace {

// A client that sends without end gives way to the others after so many reads.
constexpr int kReadsInARow = 8;
// Otherwise megabytes would wait in the kernel for a reader that hardly reads, and all of it stale.
constexpr int kUnsentInKernel = 8 * 1024;

Duration jittered(Duration about) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto tenth = about.count() / 10;
  return Duration{std::uniform_int_distribution<Duration::rep>(about.count() - tenth, about.count() + tenth)(random)};
}

}  // namespace

Live::Live(Kind kind, Loop& loop, Stream stream, Limits limits, std::string remote)
    : kind_(kind),
      loop_(loop),
      stream_(std::move(stream)),
      limits_(limits),
      remote_(std::move(remote)),
      frames_(limits.message),
      alarm_(Alarm::of<&Live::expired>(this)) {
  stream_.bound_unsent(kUnsentInKernel);
}

Live::~Live() = default;

void Live::start(std::string early, std::shared_ptr<void> place) {
  place_ = std::move(place);
  loop_.post([self = shared_from_this(), early = std::move(early)] {
    self->take(early);
    self->readable();
  });
}

bool Live::send(std::string_view text) {
  if (state_ != State::open) return true;
  if (pending_.size() > limits_.pending) {
    close(kTooSlow, "too slow");
    return false;
  }
  if (kind_ == Kind::events) return write(text);
  thread_local std::string frame;
  frame.clear();
  write_frame(frame, Opcode::text, text);
  return write(frame);
}

void Live::heartbeat(Duration every, std::string_view text) {
  beat_ = every;
  beat_text_ = text;
  if (!blocked()) rearm();
}

void Live::pause() { paused_ = true; }

void Live::resume() {
  if (!std::exchange(paused_, false) || state_ == State::closed) return;
  // Not from here: the owner may be in the middle of something.
  loop_.post([self = shared_from_this()] {
    if (self->paused_) return;
    self->take({});
    self->readable();
  });
}

void Live::close(std::uint16_t code, std::string_view reason) {
  if (state_ != State::open) return;
  say_close(code, reason);
}

void Live::drop() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  alarm_.disarm();
  stream_.close();
  loop_.post([self = shared_from_this()] { self->finish(); });
}

void Live::say_close(std::uint16_t code, std::string_view reason) {
  std::string farewell;
  if (kind_ == Kind::events) {
    farewell = sse_event("", "close", boost::json::serialize(boost::json::object{{"code", code}, {"reason", reason}}));
  } else if (code == 1005) {
    write_frame(farewell, Opcode::close, "");  // the peer named no code: nor do we
  } else {
    write_close_frame(farewell, code, reason);
  }
  state_ = State::closing;
  paused_ = false;
  loop_.arm(alarm_, limits_.farewell);
  if (write(farewell)) {
    loop_.post([self = shared_from_this()] { self->flushed(); });
  }
}

// All that was to be said is said.
void Live::flushed() {
  if (state_ != State::closing) return;
  if (peer_closed_) return drop();  // RFC 6455 §7.1.1: the server ends the TCP connection first
  // Where no close frame can come, its end of file will do; what it still sends is read, or it would see a reset.
  if (kind_ == Kind::events || frames_.error() != 0) stream_.shutdown();
  readable();
}

bool Live::write(std::string_view bytes) {
  if (blocked()) {
    pending_.append(bytes);
    return false;
  }
  while (!bytes.empty()) {
    const auto moved = stream_.write(bytes);
    if (moved.state == Io::closed) {
      drop();
      return true;
    }
    if (moved.state != Io::done) {
      pending_ = bytes;
      rearm();
      wait(moved.state);
      return false;
    }
    bytes.remove_prefix(moved.bytes);
  }
  return true;
}

// At most one wait for each direction; TLS may want to read in order to write.
void Live::wait(Io state) {
  auto& waiting = state == Io::wait_write ? wait_write_ : wait_read_;
  if (waiting || !stream_.is_open()) return;
  waiting = true;
  stream_.async_wait(state, [self = shared_from_this(), &waiting](boost::system::error_code error) {
    waiting = false;
    if (error || self->state_ == State::closed) return;
    if (self->blocked()) self->writable();
    self->readable();
  });
}

void Live::writable() {
  std::size_t sent = 0;
  while (sent < pending_.size()) {
    const auto moved = stream_.write(std::string_view(pending_).substr(sent));
    if (moved.state == Io::closed) return drop();
    if (moved.state != Io::done) {
      pending_.erase(0, sent);
      if (sent > 0) rearm();
      return wait(moved.state);
    }
    sent += moved.bytes;
  }
  std::string().swap(pending_);
  if (state_ == State::closing) return flushed();
  rearm();
  call([this] {
    if (on_drained) on_drained();
  });
}

void Live::readable() {
  for (int round = 0; state_ != State::closed && !paused_; ++round) {
    if (round == kReadsInARow) {
      return loop_.post([self = shared_from_this()] { self->readable(); });
    }
    const auto moved = stream_.read(loop_.scratch());
    if (moved.state == Io::closed) return drop();
    if (moved.state != Io::done) return wait(moved.state);
    take(std::string_view(loop_.scratch().data(), moved.bytes));
  }
}

void Live::take(std::string_view bytes) {
  std::string kept;
  if (!held_.empty()) bytes = kept = std::exchange(held_, {}).append(bytes);
  while (!bytes.empty() && state_ != State::closed && !peer_closed_) {
    if (kind_ == Kind::events || frames_.error() != 0) return;  // nothing more it says makes sense
    if (paused_) {
      held_ = bytes;
      return;
    }
    if (const auto message = frames_.next(bytes)) {
      handle(*message);
    } else if (frames_.error() != 0 && state_ == State::open) {
      say_close(frames_.error(), "");
    }
  }
}

void Live::handle(const FrameReader::Message& message) {
  switch (message.opcode) {
    case Opcode::close:
      peer_closed_ = true;
      if (state_ == State::open) return say_close(message.code, "");
      if (!blocked()) drop();
      return;
    case Opcode::ping: {
      std::string pong;
      write_frame(pong, Opcode::pong, message.payload);
      // Pongs nobody reads must not pile up.
      if (state_ == State::open && !blocked()) write(pong);
      return;
    }
    case Opcode::text:
      if (state_ != State::open) return;
      call([&] {
        if (on_message) on_message(message.payload);
      });
      return;
    case Opcode::binary:
      if (state_ == State::open) say_close(1003, "text only");
      return;
    default:
      return;  // a pong
  }
}

// An owner's fault ends its connection, not the loop.
template <class Callback>
void Live::call(Callback callback) {
  try {
    callback();
  } catch (const std::exception& fault) {
    log::error("net", "a live connection is closed: {}", fault.what());
    close(1011, "internal error");
  }
}

void Live::rearm() {
  if (state_ != State::open) return;
  if (blocked()) return loop_.arm(alarm_, limits_.stall);
  if (beat_ > Duration{0}) return loop_.arm(alarm_, jittered(beat_));
  alarm_.disarm();
}

void Live::expired() {
  if (state_ != State::open) return drop();
  if (blocked()) return say_close(kTooSlow, "too slow");
  if (send(beat_text_)) rearm();
}

void Live::finish() {
  // Taken out first: the callee may drop the last reference to what holds them.
  auto closed = std::exchange(on_closed, {});
  forget_owner();
  call([&] {
    if (closed) closed();
  });
  place_.reset();
}

void Live::forget_owner() {
  on_message = {};
  on_drained = {};
  on_closed = {};
}

std::string sse_event(std::string_view id, std::string_view event, std::string_view data) {
  std::string out;
  out.reserve(id.size() + event.size() + data.size() + 32);
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  for (;;) {
    const auto end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  return out.append("\n");
}

}  // namespace hg::net
