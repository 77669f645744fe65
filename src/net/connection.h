// One HTTP/1.1 connection: reads a request, has it answered, and again, until one of the two has had enough or it
// becomes a Live one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "net/body.h"
#include "net/gate.h"
#include "net/head.h"
#include "net/http.h"
#include "net/stream.h"
#include "net/wheel.h"

namespace hg::net {

class Connection {
 public:
  Connection(std::shared_ptr<Gate> gate, Stream stream, std::shared_ptr<const Origin> origin, std::string remote);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  static void begin(std::shared_ptr<Connection> connection);

  // Ends it where it waits for a request, unless one has just come.
  void leave_if_idle();
  // Ends it in the middle of whatever it does.
  void cut();

 private:
  enum class Stage : std::uint8_t { handshake, idle, head, body, answer };

  static asio::awaitable<void> serve(std::shared_ptr<Connection> self);
  asio::awaitable<void> converse();
  asio::awaitable<bool> handshake();
  // One request and its answer. False: the connection is over.
  asio::awaitable<bool> exchange();
  // Refusal::status 0: it ends without an answer.
  asio::awaitable<std::expected<std::size_t, Refusal>> read_head();
  asio::awaitable<std::expected<void, Refusal>> read_body(BodyReader reader, BodyRoom& room, Request& request);
  asio::awaitable<std::expected<void, Refusal>> allow_body(const Request& request);
  asio::awaitable<bool> answer(Request& request);
  asio::awaitable<bool> write_whole(const Request& request, Response response, bool keep);
  asio::awaitable<bool> write_pieces(Request& request, Response response, bool keep);
  asio::awaitable<bool> become_live(const Request& request, Response response);
  asio::awaitable<bool> refuse(Refusal refusal, std::string target);

  // Appends what there is to in_, waiting for some. False: closed, or the alarm rang.
  asio::awaitable<bool> fill();
  asio::awaitable<bool> write(std::string_view bytes);
  [[nodiscard]] std::string turned_away(const Head& head, std::size_t size);
  void describe(Request& request, const Head& head) const;
  [[nodiscard]] Refusal broken_off() const;
  void enter(Stage stage, Duration limit);
  void expired();
  bool body_keeps_pace();

  [[nodiscard]] const ServerLimits& limits() const { return gate_->settings().limits; }
  [[nodiscard]] const ServerCalls& calls() const { return gate_->settings().calls; }

  std::shared_ptr<Gate> gate_;
  Stream stream_;
  std::shared_ptr<const Origin> origin_;
  std::string remote_;
  std::string in_;  // read and not yet parsed
  Stage stage_ = Stage::handshake;
  bool expired_ = false, ended_ = false;
  std::size_t received_ = 0, paced_ = 0;  // bytes, all and up to the last check of the pace
  Duration body_elapsed_{0};
  Alarm alarm_;
};

}  // namespace hg::net
