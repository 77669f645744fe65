#include "net/gate.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "net/connection.h"

namespace hg::net {

namespace {
constexpr int kAcceptsInARow = 64;  // then the connections there are get their turn
constexpr Duration kRest{1000}, kQuiet{1000};

std::size_t share(std::size_t of_all, std::size_t loops) { return std::max<std::size_t>(1, of_all / loops); }
}  // namespace

Gate::Gate(Loop& loop, std::shared_ptr<const ServerSettings> settings, std::size_t loops)
    : loop_(loop),
      settings_(std::move(settings)),
      most_(share(settings_->limits.connections, loops)),
      most_live_(share(settings_->limits.live_connections, loops)),
      most_bytes_(share(settings_->limits.bodies, loops)),
      rest_(Alarm::of<&Gate::resume>(this)),
      quiet_(this, [](void*) {}),
      cut_(Alarm::of<&Gate::cut>(this)) {}

void Gate::open(Descriptor socket, std::shared_ptr<const Origin> origin) {
  if (draining_) return;
  listening_.push_back(std::make_unique<Listening>(
      Listening{asio::posix::stream_descriptor(loop_.context(), socket.release()), std::move(origin)}));
  accept(*listening_.back());
}

void Gate::accept(Listening& listening) {
  if (listening.waiting || full() || resting_ || draining_) return;
  listening.waiting = true;
  listening.descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                  [self = shared_from_this(), &listening](boost::system::error_code error) {
                                    listening.waiting = false;
                                    if (!error && !self->draining_) self->accept_some(listening, kAcceptsInARow);
                                  });
}

void Gate::accept_some(Listening& listening, int most) {
  for (int round = 0; round < most && !full(); ++round) {
    auto accepted = accept_one(listening.descriptor.native_handle());
    if (accepted.error == EAGAIN) break;
    if (accepted.error == EMFILE || accepted.error == ENFILE || accepted.error == ENOBUFS || accepted.error == ENOMEM) {
      return rest(accepted.error);
    }
    if (accepted.error == 0) welcome(std::move(accepted), listening);  // else: gone before it was accepted
  }
  if (full()) complain("as many connections as there may be");
  accept(listening);
}

void Gate::welcome(Accepted accepted, const Listening& listening) {
  auto tls = listening.origin->tls ? listening.origin->tls->accept(accepted.socket.get()) : nullptr;
  Stream stream(loop_, accepted.socket.release(), std::move(tls));
  Connection::begin(std::make_shared<Connection>(shared_from_this(), std::move(stream), listening.origin,
                                                 std::move(accepted.remote)));
}

// Descriptors have run out: those who wait in the backlog are served when some are free again.
void Gate::rest(int error) {
  complain(std::strerror(error));
  resting_ = true;
  loop_.arm(rest_, kRest);
}

// Once a second at most: a crowd at the door must not fill the log.
void Gate::complain(std::string_view why) {
  if (quiet_.armed()) return;
  log::warn("net", "accepting pauses: {} ({} connections on this loop)", why, connections());
  loop_.arm(quiet_, kQuiet);
}

void Gate::resume() {
  resting_ = false;
  for (auto& listening : listening_) accept(*listening);
}

void Gate::entered(Connection& connection) {
  connections_.insert(&connection);
  count_.store(connections_.size() + live_.size(), std::memory_order_relaxed);
}

void Gate::left(Connection& connection) {
  connections_.erase(&connection);
  changed();
}

std::shared_ptr<void> Gate::keep(std::shared_ptr<Live> live) {
  const auto* raw = live.get();
  ++live_counts_[static_cast<std::size_t>(live->kind())];
  live_.emplace(raw, std::move(live));
  changed();
  return {nullptr, [self = shared_from_this(), raw](void*) {
            const auto kept = self->live_.extract(raw);  // dies after it was taken out
            if (kept) --self->live_counts_[static_cast<std::size_t>(kept.mapped()->kind())];
            self->changed();
          }};
}

void Gate::changed() {
  const auto count = connections_.size() + live_.size();
  count_.store(count, std::memory_order_relaxed);
  if (!draining_ && !resting_ && !full()) resume();
  if (!draining_ || count > 0 || !gone_) return;
  cut_.disarm();
  std::exchange(gone_, {})();
}

void Gate::drain(Duration deadline, std::function<void()> gone) {
  // Who waits in the backlog has connected and may have asked.
  for (auto& listening : listening_) accept_some(*listening, static_cast<int>(most_));
  draining_ = true;
  gone_ = std::move(gone);
  rest_.disarm();
  quiet_.disarm();
  for (auto& listening : listening_) listening->descriptor.close();
  for (auto* connection : connections_) connection->leave_if_idle();
  loop_.arm(cut_, deadline);
  changed();
}

void Gate::cut() {
  for (auto* connection : connections_) connection->cut();
  for (auto& [raw, live] : live_) live->drop();
  if (auto gone = std::exchange(gone_, {})) gone();
}

void Gate::abandon() {
  draining_ = true;
  for (auto& listening : listening_) listening->descriptor.close();
  rest_.disarm();
  quiet_.disarm();
  cut_.disarm();
  gone_ = {};
  const auto live = std::exchange(live_, {});
  for (const auto& [raw, kept] : live) kept->forget_owner();
}

}  // namespace hg::net
