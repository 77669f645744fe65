// A blocking client that says and expects exact bytes.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "net/sockets.h"

namespace hg::net {

struct Reply {
  int status = 0;
  std::string head = {}, body = {};
};

class Peer {
 public:
  explicit Peer(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  explicit Peer(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    connected_ = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int descriptor() const { return socket_.get(); }

  Peer& say(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return *this;
  }
  void finish_sending() { ::shutdown(socket_.get(), SHUT_WR); }

  // Some bytes more into the buffer; false: the end, or nothing for 10 s.
  bool hear() {
    pollfd wait{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, 10'000) <= 0) return false;
    char bytes[16384];
    const auto count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    heard_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  std::string hear_exactly(std::size_t size) {
    while (heard_.size() < size && hear()) {
    }
    return take(std::min(size, heard_.size()));
  }
  // Up to and with `end`; what there was where it never came.
  std::string hear_until(std::string_view end) {
    while (!heard_.contains(end) && hear()) {
    }
    const auto at = heard_.find(end);
    return take(at == std::string::npos ? heard_.size() : at + end.size());
  }
  std::string hear_all() {
    while (hear()) {
    }
    return take(heard_.size());
  }
  [[nodiscard]] bool at_end() { return heard_.empty() && !hear(); }

  // One answer, framed by Content-Length or chunks.
  Reply reply(bool to_head = false) {
    Reply reply{.head = hear_until("\r\n\r\n")};
    if (reply.head.size() > 12) reply.status = std::atoi(reply.head.c_str() + 9);
    const auto field = lower(reply.head).find("content-length: ");
    if (to_head || reply.status == 100) return reply;
    if (field != std::string::npos) {
      reply.body = hear_exactly(static_cast<std::size_t>(std::atoi(reply.head.c_str() + field + 16)));
    } else if (reply.head.contains("Transfer-Encoding: chunked")) {
      for (;;) {
        const auto size = std::strtoul(hear_until("\r\n").c_str(), nullptr, 16);
        reply.body += hear_exactly(size);
        if (hear_exactly(2) != "\r\n" || size == 0) break;
      }
    }
    return reply;
  }

 private:
  std::string take(std::size_t size) {
    auto text = heard_.substr(0, size);
    heard_.erase(0, size);
    return text;
  }

  Descriptor socket_;
  bool connected_ = false;
  std::string heard_;
};

inline std::string get(std::string_view target, std::string_view fields = "") {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: h\r\n").append(fields).append("\r\n");
}

inline std::string post(std::string_view target, std::string_view body, std::string_view fields = "") {
  return std::string("POST ").append(target).append(" HTTP/1.1\r\nHost: h\r\nContent-Length: ") +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace hg::net
