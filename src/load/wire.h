// The load generator's sockets: very many non-blocking connections on one thread, plain or TLS. Nothing here knows what
// is said on them.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hg::load {

using Steady = std::chrono::steady_clock;

// Where a server is: http://127.0.0.1:8080 or https://…; `mqtt` and other schemes are plain TCP.
struct Address {
  std::uint32_t host = 0;  // IPv4, in network order
  std::uint16_t port = 0;
  bool tls = false;
  std::string authority;  // host:port as written

  // Code::property_invalid: generators speak to an IPv4 address or localhost.
  static Result<Address> parse(std::string_view url);
};

class Wire;

class Connection {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Queued where it cannot go at once.
  void send(std::string_view bytes);
  [[nodiscard]] bool closed() const { return descriptor_ < 0; }

  std::string in;          // what has come; the reader takes from it
  std::size_t number = 0;  // the owner's

 private:
  friend class Wire;
  Connection() = default;
  void flush();
  bool read(std::string& scratch);
  void close();

  int descriptor_ = -1;
  SSL* tls_ = nullptr;
  bool ready_ = false;  // connected, and shaken hands
  std::string unsent_;
  std::function<void(Connection&)> came_;  // bytes, or the end
};

class Wire {
 public:
  Wire();
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // `came` is called with each arrival, and once when the peer has closed. Throws where no socket can be had. `source`
  // takes another loopback address to leave from, so that more connections than ports are possible.
  std::unique_ptr<Connection> connect(const Address& to, std::function<void(Connection&)> came,
                                      std::uint32_t source = 0);

  // Waits for something to happen, at the longest until `until`, and sees to it.
  void work(Steady::time_point until);
  // Works until `done()`; throws where that takes longer than `limit`.
  void work_until(const std::function<bool()>& done, std::chrono::seconds limit, std::string_view what);

 private:
  void see_to(Connection& connection);

  int epoll_ = -1;
  SSL_CTX* context_ = nullptr;
  std::string scratch_;
};

}  // namespace hg::load
