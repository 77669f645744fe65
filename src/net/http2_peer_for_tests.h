// A scripted HTTP/2 server over TLS on the loopback, frames by hand (RFC 9113), so that it can do what no decent server
// does. A thread a connection; the script runs in it.
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/certificate_for_tests.h"

namespace hg::net {

class Http2Peer {
 public:
  class Connection {
   public:
    Connection(SSL* ssl, std::size_t number) : number_(number), ssl_(ssl) {}
    [[nodiscard]] std::size_t number() const { return number_; }      // 1 is the first
    [[nodiscard]] std::size_t requests() const { return requests_; }  // so far, this one included
    // The whole answer: one of the statuses in HPACK's static table, no body.
    void answer(std::uint32_t stream, int status = 200) {
      const char index = status == 200 ? '\x88' : status == 400 ? '\x8c' : status == 404 ? '\x8d' : '\x8e';
      frame(1, 4 | 1, stream, std::string_view(&index, 1));
    }
    void go_away(std::uint32_t last) { frame(7, 0, 0, number(last) + number(0)); }
    void reset(std::uint32_t stream, std::uint32_t code) { frame(3, 0, stream, number(code)); }
    void settings(std::uint32_t streams) { frame(4, 0, 0, std::string("\0\3", 2) + number(streams)); }
    void close() { closed_ = true; }

   private:
    friend class Http2Peer;
    static std::string number(std::uint32_t value) {
      std::string out;
      for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift);
      return out;
    }
    void frame(int type, int flags, std::uint32_t stream, std::string_view payload) {
      std::string out = number(static_cast<std::uint32_t>(payload.size())).substr(1);
      out += {static_cast<char>(type), static_cast<char>(flags)};
      out += number(stream);
      out += payload;
      SSL_write(ssl_, out.data(), static_cast<int>(out.size()));
    }
    bool read(char* into, std::size_t size) {
      for (std::size_t at = 0; at < size;) {
        const int got = SSL_read(ssl_, into + at, static_cast<int>(size - at));
        if (got <= 0) return false;
        at += static_cast<std::size_t>(got);
      }
      return true;
    }

    std::size_t number_, requests_ = 0;
    SSL* ssl_;
    bool closed_ = false;
  };
  // Called when a request is whole.
  using Script = std::function<void(Connection&, std::uint32_t stream)>;

  explicit Http2Peer(Script script, std::uint32_t streams = 100)
      : script_(std::move(script)), streams_(streams), context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate_chain_file(context_.get(), certificate_.certificate_file().c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), certificate_.key_file().c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_set_alpn_select_cb(
        context_.get(),
        [](SSL*, const unsigned char** out, unsigned char* length, const unsigned char*, unsigned, void*) {
          *out = reinterpret_cast<const unsigned char*>("h2");
          *length = 2;
          return SSL_TLSEXT_ERR_OK;
        },
        nullptr);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), length);
    ::listen(listener_, 64);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~Http2Peer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    ::close(listener_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    for (auto& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
  }
  Http2Peer(const Http2Peer&) = delete;
  Http2Peer& operator=(const Http2Peer&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/") const {
    return "https://localhost:" + std::to_string(port_) + path;
  }
  [[nodiscard]] std::string authorities() const { return certificate_.certificate_file(); }
  [[nodiscard]] std::size_t connections() const { return connections_; }
  [[nodiscard]] std::size_t requests() const { return requests_; }

 private:
  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket, number = ++connections_] {
        const std::unique_ptr<SSL, Releaser<SSL_free>> ssl(SSL_new(context_.get()));
        SSL_set_fd(ssl.get(), socket);
        if (SSL_accept(ssl.get()) == 1) serve(Connection(ssl.get(), number));
        ::shutdown(socket, SHUT_RDWR);
      });
    }
  }

  void serve(Connection connection) {
    std::array<char, 24> preface;
    if (!connection.read(preface.data(), preface.size())) return;
    connection.settings(streams_);
    std::array<char, 9> head;
    std::string payload;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(head.at(at)); };
    while (!connection.closed_ && connection.read(head.data(), head.size())) {
      payload.resize(byte(0) * 65536U + byte(1) * 256U + byte(2));
      if (!payload.empty() && !connection.read(payload.data(), payload.size())) return;
      const unsigned type = byte(3), flags = byte(4);
      const std::uint32_t stream = byte(5) * 16777216U + byte(6) * 65536U + byte(7) * 256U + byte(8);
      if (type == 4 && (flags & 1U) == 0) connection.frame(4, 1, 0, "");       // SETTINGS
      if (type == 6 && (flags & 1U) == 0) connection.frame(6, 1, 0, payload);  // PING
      if ((type == 0 || type == 1) && (flags & 1U) != 0) {                     // the end of DATA or HEADERS
        ++connection.requests_;
        ++requests_;
        script_(connection, stream);
      }
    }
  }

  Script script_;
  std::uint32_t streams_;
  Certificate certificate_{"localhost"};
  std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread accepting_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> connections_ = 0, requests_ = 0;
};

}  // namespace hg::net
