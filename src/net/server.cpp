#include "net/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>

#include "net/gate.h"

namespace hg::net {

namespace {

Response plain_refusal(int status, std::string_view reason, std::string_view) {
  Response response{.status = status};
  response.headers.add("Content-Type", "application/json");
  response.body = fmt::format(R"({{"status":{},"message":"{}"}})", status, reason);
  return response;
}

ServerCalls with_defaults(ServerCalls calls) {
  if (!calls.on_fault) calls.on_fault = [](const Request&, std::exception_ptr) { return Response{.status = 500}; };
  if (!calls.on_refusal) calls.on_refusal = plain_refusal;
  return calls;
}

std::string with_port(const std::string& address, std::uint16_t port) {
  return address.contains(':') ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

}  // namespace

Server::Server(Loops& loops, ServerLimits limits, ServerCalls calls) {
  const auto settings = std::make_shared<const ServerSettings>(limits, with_defaults(std::move(calls)));
  for (std::size_t index = 0; index < loops.size(); ++index) {
    gates_.push_back(std::make_shared<Gate>(loops[index], settings, loops.size()));
  }
}

Server::~Server() {
  for (auto& gate : gates_) gate->abandon();
  remove_socket_files();
}

Result<std::uint16_t> Server::listen(ListenOptions options) {
  HG_TRY(auto listeners, listen_tcp(options.address, options.port, gates_.size()));
  const auto kind = options.tls ? Listener::tls : Listener::tcp;
  open_gates(std::move(listeners.sockets),
             std::make_shared<const Origin>(kind, with_port(options.address, listeners.port), std::move(options.tls),
                                            options.role));
  return listeners.port;
}

Result<void> Server::listen_unix(std::string path) {
  HG_TRY(auto socket, listen_unix_socket(path));
  std::vector<Descriptor> sockets;
  sockets.push_back(std::move(socket));
  open_gates(std::move(sockets), std::make_shared<const Origin>(Listener::unix_socket, path));
  socket_files_.push_back(std::move(path));
  return {};
}

void Server::open_gates(std::vector<Descriptor> sockets, const std::shared_ptr<const Origin>& origin) {
  for (std::size_t index = 0; index < sockets.size(); ++index) {
    auto& gate = gates_[index];
    gate->loop().post(
        [gate, origin, socket = std::move(sockets[index])]() mutable { gate->open(std::move(socket), origin); });
  }
}

void Server::drain(Duration deadline, std::function<void()> done) {
  remove_socket_files();
  struct Rest {
    std::atomic<std::size_t> gates;
    std::function<void()> done;
  };
  const auto rest = std::make_shared<Rest>(gates_.size(), std::move(done));
  for (auto& gate : gates_) {
    gate->loop().post([gate, deadline, rest] {
      gate->drain(deadline, [rest] {
        if (--rest->gates == 0) rest->done();
      });
    });
  }
}

void Server::drain(Duration deadline) {
  auto gone = std::make_shared<std::promise<void>>();
  auto waiting = gone->get_future();
  drain(deadline, [gone] { gone->set_value(); });
  waiting.wait();
}

std::size_t Server::connections() const {
  std::size_t sum = 0;
  for (const auto& gate : gates_) sum += gate->connections();
  return sum;
}

std::size_t Server::live_connections() const {
  std::size_t sum = 0;
  for (const auto& gate : gates_) sum += gate->live_connections();
  return sum;
}

std::size_t Server::live_connections(Live::Kind kind) const {
  std::size_t sum = 0;
  for (const auto& gate : gates_) sum += gate->live_connections(kind);
  return sum;
}

void Server::remove_socket_files() {
  for (const auto& path : socket_files_) ::unlink(path.c_str());
  socket_files_.clear();
}

}  // namespace hg::net
