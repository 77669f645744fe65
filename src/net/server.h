// The HTTP/1.1 server: listeners on every loop, a coroutine a connection, keep-alive and pipelining, limits and
// timeouts. The first of the three doors where faults are caught.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/head.h"
#include "net/http.h"
#include "net/live.h"
#include "net/loop.h"
#include "net/tls.h"

namespace hg::net {

class Gate;
class Descriptor;
struct Origin;

struct ServerLimits {
  HeadLimits head = {};
  std::size_t body = 64 * 1024;  // as sent; beyond: 413
  // Of all loops together, each of which has an equal share:
  std::size_t connections = 16'384;         // beyond, accepting pauses
  std::size_t live_connections = 14'336;    // of these; beyond: 503, so that requests still find a place
  std::size_t bodies = 64UL * 1024 * 1024;  // bytes of bodies being read or answered; beyond: 503
  Duration head_time = std::chrono::seconds(10);
  Duration body_time = std::chrono::seconds(30);
  Duration body_check = std::chrono::seconds(5);  // in each of which `body_rate` bytes a second must come
  std::size_t body_rate = 1024;
  Duration idle_time = std::chrono::seconds(75);  // between requests
  Duration handshake_time = std::chrono::seconds(10);
  Duration write_time = std::chrono::seconds(30);  // without the peer taking a byte
  Live::Limits live = {};
};

// A request that has come whole, of which nothing was made yet.
struct Arrival {
  const Head& head;
  std::string_view raw;  // the head's bytes
  std::uint8_t role;
  Loop& loop;
};

// What the server needs from above; called on every loop at once.
struct ServerCalls {
  Handler handle;
  // The whole answer, as it goes over the wire, to a request that is to be looked at no further; "" where it is. It
  // must leave the connection open. Default: none is turned away.
  std::function<std::string(const Arrival&)> turn_away = {};
  // A handler threw. It logs, and answers 500 or 503. Default: 500 without a word.
  std::function<Response(const Request&, std::exception_ptr)> on_fault = {};
  // Bytes that never became a request (400, 408, 413, 414, 417, 431, 503, 505). `target` as far as it is known.
  // Default: a small JSON body. The connection closes in any case.
  std::function<Response(int status, std::string_view reason, std::string_view target)> on_refusal = {};
};

struct ListenOptions {
  std::string address;  // "127.0.0.1", "::", "localhost"
  std::uint16_t port = 0;
  std::shared_ptr<const TlsContext> tls = nullptr;
  std::uint8_t role = 0;  // what it is for, as its requests say it to the handler
};

class Server {
 public:
  // `loops` outlive the server and are joined before it is destroyed.
  Server(Loops& loops, ServerLimits limits, ServerCalls calls);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // On every loop (SO_REUSEPORT). The port, chosen by the system where 0 was asked for. Code::unavailable where the
  // port is in use, Code::property_invalid where the address is none.
  Result<std::uint16_t> listen(ListenOptions options);
  // Mode 0600, on loop 0. A socket file nobody answers at is replaced; Code::unavailable where somebody does.
  Result<void> listen_unix(std::string path);

  // From any thread, once: accepts no more, closes idle connections, answers what is in flight with
  // `Connection: close`; live connections are closed by their owners. Whatever is left after `deadline` is cut.
  // `done` is called on some loop when all are gone.
  void drain(Duration deadline, std::function<void()> done);
  // The same, waiting; not on a loop.
  void drain(Duration deadline);

  // Open connections of all loops, and the live ones among them.
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::size_t live_connections() const;
  [[nodiscard]] std::size_t live_connections(Live::Kind kind) const;

 private:
  void open_gates(std::vector<Descriptor> sockets, const std::shared_ptr<const Origin>& origin);
  void remove_socket_files();

  std::vector<std::shared_ptr<Gate>> gates_;  // one a loop
  std::vector<std::string> socket_files_;
};

}  // namespace hg::net
