// Live connections and those who publish to them, whatever the protocol: a subscriber sends its hello, listens from the
// answer on, and knows a message by a text that stands in each of them once.
#pragma once

#include <deque>
#include <functional>

#include "load/http.h"
#include "load/measure.h"

namespace hg::load {

struct Subscriber {
  std::size_t channel = 0;
  std::string hello;
};

class Audience {
 public:
  struct Texts {
    std::string starts;  // the answer to the hello of one that may listen begins so
    std::string ready;   // and with this in it, it listens
    std::string marker;  // once in each message
  };
  using OnMessage = std::function<void(std::size_t channel, std::uint64_t count)>;

  Audience(Wire& wire, Texts texts) : wire_(wire), texts_(std::move(texts)) {}

  // Opens them all, 256 at a time, from several loopback addresses, and returns once each listens. Throws where one
  // does not.
  void open(const Address& to, const std::vector<Subscriber>& subscribers);
  void on_message(OnMessage call) { on_message_ = std::move(call); }
  [[nodiscard]] std::size_t of(std::size_t channel) const { return sizes_.at(channel); }
  [[nodiscard]] std::size_t channels() const { return sizes_.size(); }
  [[nodiscard]] std::size_t size() const { return members_.size(); }

 private:
  struct Member {
    std::unique_ptr<Connection> connection;
    std::size_t channel = 0;
    bool listens = false;
  };
  void came(Connection& connection);

  Wire& wire_;
  Texts texts_;
  OnMessage on_message_;
  std::vector<Member> members_;
  std::vector<std::size_t> sizes_;  // by channel
  std::size_t listening_ = 0;
};

struct Publishing {
  Address to = {};
  std::string hello = {};  // of a publisher's connection
  bool answered = true;    // over HTTP; else nothing comes back
  std::size_t connections = 16;
  double per_second = 500, seconds = 10, warm_up = 1;
  std::function<std::string(std::size_t channel, std::uint64_t n)> message = {};
};

// Publishes to one channel after the other, never to one whose last message has not arrived everywhere. An operation is
// a delivered message; latencies run from the send to each arrival.
Figures publish(Wire& wire, Audience& audience, const Publishing& publishing, const Processes& server);

}  // namespace hg::load
