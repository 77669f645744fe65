// One loop's share of a server: its listening sockets, its open connections, and when all of them are gone.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "net/live.h"
#include "net/loop.h"
#include "net/server.h"
#include "net/sockets.h"

namespace hg::net {

class Connection;

struct ServerSettings {
  ServerLimits limits;
  ServerCalls calls;
};

// What connections of one listening socket have in common.
struct Origin {
  Listener kind = Listener::tcp;
  std::string local;
  std::shared_ptr<const TlsContext> tls = nullptr;
  std::uint8_t role = 0;
};

// What a body takes of its gate's bytes, until it is destroyed: as much as has come of it, for who announces much and
// sends little must not keep others out. The gate outlives it.
class BodyRoom {
 public:
  BodyRoom(std::size_t& taken, std::size_t most) : taken_(taken), most_(most) {}
  ~BodyRoom() { taken_ -= bytes_; }
  BodyRoom(const BodyRoom&) = delete;
  BodyRoom& operator=(const BodyRoom&) = delete;
  // False where there is no room for so many.
  bool grow(std::size_t bytes) {
    if (taken_ - bytes_ + bytes > most_) return false;
    taken_ += bytes - std::exchange(bytes_, bytes);
    return true;
  }

 private:
  std::size_t& taken_;
  const std::size_t most_;
  std::size_t bytes_ = 0;
};

// On its loop, but for the counts and what its callers bring there.
class Gate : public std::enable_shared_from_this<Gate> {
 public:
  // One of `loops`, each of which has an equal share of what the limits allow.
  Gate(Loop& loop, std::shared_ptr<const ServerSettings> settings, std::size_t loops);

  void open(Descriptor socket, std::shared_ptr<const Origin> origin);
  // Stops accepting and ends what is idle; `gone` is called once, when the last connection went or `deadline` came.
  void drain(Duration deadline, std::function<void()> gone);
  // Lets go of everything without a word; the loop no longer runs.
  void abandon();

  void entered(Connection& connection);
  void left(Connection& connection);
  // The live connection counts from here until the answer is let go.
  [[nodiscard]] std::shared_ptr<void> keep(std::shared_ptr<Live> live);
  [[nodiscard]] bool room_for_live() const { return live_.size() < most_live_; }
  [[nodiscard]] BodyRoom room_for_body() { return {bytes_, most_bytes_}; }

  [[nodiscard]] Loop& loop() const { return loop_; }
  [[nodiscard]] const ServerSettings& settings() const { return *settings_; }
  [[nodiscard]] bool draining() const { return draining_; }
  // From any thread.
  [[nodiscard]] std::size_t connections() const { return count_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t live_connections() const {
    return live_connections(Live::Kind::websocket) + live_connections(Live::Kind::events);
  }
  [[nodiscard]] std::size_t live_connections(Live::Kind kind) const {
    return live_counts_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }

 private:
  struct Listening {
    asio::posix::stream_descriptor descriptor;
    std::shared_ptr<const Origin> origin;
    bool waiting = false;
  };

  void accept(Listening& listening);
  void accept_some(Listening& listening, int most);
  void welcome(Accepted accepted, const Listening& listening);
  void resume();
  void rest(int error);
  void complain(std::string_view why);
  void changed();
  void cut();
  [[nodiscard]] bool full() const { return connections_.size() + live_.size() >= most_; }

  Loop& loop_;
  std::shared_ptr<const ServerSettings> settings_;
  const std::size_t most_, most_live_, most_bytes_;
  std::size_t bytes_ = 0;  // of bodies
  bool draining_ = false, resting_ = false;
  std::vector<std::unique_ptr<Listening>> listening_;
  std::unordered_set<Connection*> connections_;
  std::unordered_map<const Live*, std::shared_ptr<Live>> live_;
  std::atomic<std::size_t> count_ = 0;
  std::array<std::atomic<std::size_t>, 2> live_counts_{};  // by Live::Kind
  Alarm rest_;                                             // until accepting is tried again
  Alarm quiet_;                                            // until a pause is told again
  Alarm cut_;                                              // the deadline of drain()
  std::function<void()> gone_;
};

}  // namespace hg::net
