// A server on port 0 with loops of its own, gone at the end of its scope.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <utility>

#include "net/peer_for_tests.h"
#include "net/server.h"

namespace hg::net {

class TestServer {
 public:
  explicit TestServer(Handler handle, ServerLimits limits = {}, std::shared_ptr<const TlsContext> tls = nullptr,
                      std::size_t loops = 1)
      : TestServer(calls(std::move(handle)), limits, std::move(tls), loops) {}
  explicit TestServer(ServerCalls calls, ServerLimits limits = {}, std::shared_ptr<const TlsContext> tls = nullptr,
                      std::size_t loops = 1)
      : loops_(loops), server_(loops_, limits, std::move(calls)) {
    const auto port = server_.listen({.address = "127.0.0.1", .port = 0, .tls = std::move(tls)});
    EXPECT_TRUE(port) << port.error().message;
    port_ = *port;
    loops_.start();
  }
  ~TestServer() {
    loops_.stop();
    loops_.join();
  }

  [[nodiscard]] Peer connect() const { return Peer(port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  Server& operator*() { return server_; }
  Server* operator->() { return &server_; }
  Loops& loops() { return loops_; }

 private:
  static ServerCalls calls(Handler handle) {
    return {.handle = std::move(handle), .on_fault = [](const Request&, std::exception_ptr fault) {
              Response response{.status = 503};
              try {
                std::rethrow_exception(fault);
              } catch (const std::exception& what) {
                response.body = what.what();
              }
              return response;
            }};
  }

  Loops loops_;
  Server server_;
  std::uint16_t port_ = 0;
};

}  // namespace hg::net
