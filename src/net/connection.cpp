#include "net/connection.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "base/spawn.h"
#include "net/parser.h"
#include "net/websocket.h"

namespace hg::net {

namespace {

// After a refusal the peer may still be sending; a reset would take the answer from it.
constexpr Duration kLinger{1000};
constexpr std::size_t kLingerBytes = 4 * 1024 * 1024;
// A connection that the drain finds in the backlog or its handshake still has so long to say its request.
constexpr Duration kLastCall{1000};
constexpr int kRequestsInARow = 32;              // answered without waiting; then the other connections get their turn
constexpr std::size_t kKeptCapacity = 4 * 1024;  // of the read buffer between requests

std::unexpected<Refusal> refusal(int status, std::string_view reason) {
  return std::unexpected(Refusal{status, reason});
}

bool wants_keep_alive(const Request& request) {
  if (request.minor_version == 0) return request.headers.has_token("Connection", "keep-alive");
  return !request.headers.has_token("Connection", "close");
}

std::string_view connection_field(const Request& request, bool keep) {
  if (!keep) return "Connection: close\r\n";
  return request.minor_version == 0 ? "Connection: keep-alive\r\n" : "";
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

Connection::Connection(std::shared_ptr<Gate> gate, Stream stream, std::shared_ptr<const Origin> origin,
                       std::string remote)
    : gate_(std::move(gate)),
      stream_(std::move(stream)),
      origin_(std::move(origin)),
      remote_(std::move(remote)),
      alarm_(Alarm::of<&Connection::expired>(this)) {
  gate_->entered(*this);
}

Connection::~Connection() { gate_->left(*this); }

void Connection::begin(std::shared_ptr<Connection> connection) {
  auto executor = connection->gate_->loop().executor();
  spawn(executor, serve(std::move(connection)));
}

asio::awaitable<void> Connection::serve(std::shared_ptr<Connection> self) {
  try {
    co_await self->converse();
  } catch (const std::exception& fault) {
    log::error("net", "a connection was cut: {}", fault.what());
  }
  self->alarm_.disarm();
  self->stream_.close();
}

asio::awaitable<void> Connection::converse() {
  if (!co_await handshake()) co_return;
  // The first request has no leave to idle.
  enter(Stage::head, gate_->draining() ? std::min(kLastCall, limits().head_time) : limits().head_time);
  for (int answered = 1; co_await exchange(); ++answered) {
    if (answered % kRequestsInARow == 0) co_await asio::post(gate_->loop().executor(), asio::use_awaitable);
    if (ended_ || (gate_->draining() && in_.empty())) co_return;
    if (in_.capacity() > kKeptCapacity && in_.empty()) std::string().swap(in_);
    if (in_.empty()) {
      enter(Stage::idle, limits().idle_time);
    } else {
      enter(Stage::head, limits().head_time);
    }
  }
}

asio::awaitable<bool> Connection::handshake() {
  if (!stream_.encrypted()) co_return true;
  enter(Stage::handshake, limits().handshake_time);
  for (;;) {
    const auto state = stream_.handshake();
    if (state == Io::done) co_return true;
    if (state == Io::closed || !co_await stream_.wait(state) || expired_ || ended_) co_return false;
  }
}

asio::awaitable<bool> Connection::exchange() {
  const auto size = co_await read_head();
  if (!size) co_return co_await refuse(size.error(), "");
  const auto head = check_head(std::string_view(in_).substr(0, *size), limits().head);
  if (!head) co_return co_await refuse(head.error(), "");

  if (const auto answer = turned_away(*head, *size); !answer.empty()) {
    enter(Stage::answer, Duration{0});  // a drain waits for it
    co_return co_await write(answer);
  }
  Request request;
  describe(request, *head);
  const bool body = head->chunked || head->content_length.value_or(0) > 0;
  const BodyReader reader(*head, limits().body);
  const bool parsed = parse_head(std::string_view(in_).substr(0, *size), request);
  in_.erase(0, *size);
  if (!parsed) co_return co_await refuse({400, "malformed request"}, request.target);
  BodyRoom room = gate_->room_for_body();
  if (body) {
    // Before it is told to go on.
    if (head->content_length > limits().body) co_return co_await refuse({413, "the body is too large"}, request.target);
    auto complete = co_await allow_body(request);
    if (complete) complete = co_await read_body(reader, room, request);
    if (!complete) co_return co_await refuse(complete.error(), request.target);
  }
  enter(Stage::answer, Duration{0});
  co_return co_await answer(request);
}

// Only where it costs nothing more: all of it is there, and the next request may follow.
std::string Connection::turned_away(const Head& head, std::size_t size) {
  if (!calls().turn_away || head.chunked || head.minor_version == 0 || gate_->draining()) return "";
  const auto body = head.content_length.value_or(0);
  if (body > limits().body || in_.size() - size < body) return "";
  auto answer = calls().turn_away(
      {.head = head, .raw = std::string_view(in_).substr(0, size), .role = origin_->role, .loop = gate_->loop()});
  if (!answer.empty()) in_.erase(0, size + body);
  return answer;
}

void Connection::describe(Request& request, const Head& head) const {
  request.set_target(head.target);
  request.minor_version = head.minor_version;
  request.remote = remote_;
  request.local = origin_->local;
  request.scheme = stream_.encrypted() ? "https" : "http";
  request.listener = origin_->kind;
  request.role = origin_->role;
  request.loop = &gate_->loop();
}

asio::awaitable<std::expected<std::size_t, Refusal>> Connection::read_head() {
  std::size_t scanned = 0;
  for (bool first = true;; first = false) {
    if (first && in_.starts_with("\r\n")) in_.erase(0, 2);  // RFC 9112 §2.2
    const auto end = find_head(in_, scanned, limits().head);
    if (!end) co_return std::unexpected(end.error());
    if (*end) co_return **end;
    if (!co_await fill()) co_return std::unexpected(broken_off());
    if (stage_ == Stage::idle) enter(Stage::head, limits().head_time);
  }
}

// A client that asks first is told to go on, unless its body has already come (RFC 9110 §10.1.1).
asio::awaitable<std::expected<void, Refusal>> Connection::allow_body(const Request& request) {
  const auto expect = request.headers.find("Expect");
  if (!expect || request.minor_version == 0) co_return std::expected<void, Refusal>{};
  if (!equal_ignoring_case(*expect, "100-continue")) co_return refusal(417, "unknown expectation");
  if (in_.empty() && !co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return refusal(0, "");
  co_return std::expected<void, Refusal>{};
}

asio::awaitable<std::expected<void, Refusal>> Connection::read_body(BodyReader reader, BodyRoom& room,
                                                                    Request& request) {
  body_elapsed_ = Duration{0};
  paced_ = received_;
  enter(Stage::body, std::min(limits().body_check, limits().body_time));
  for (;;) {
    std::string_view rest = in_;
    const auto complete = reader.take(rest, request.body);
    if (!complete) co_return std::unexpected(complete.error());
    in_.erase(0, in_.size() - rest.size());
    if (!room.grow(request.body.size())) co_return refusal(503, "too many bodies at once; try again shortly");
    if (*complete) co_return std::expected<void, Refusal>{};
    if (!co_await fill()) co_return std::unexpected(broken_off());
  }
}

asio::awaitable<bool> Connection::answer(Request& request) {
  Response response;
  std::exception_ptr fault;
  try {
    response = co_await calls().handle(request);
  } catch (...) {
    fault = std::current_exception();
  }
  if (ended_) co_return false;
  if (fault) response = calls().on_fault(request, fault);
  const bool keep = wants_keep_alive(request) && !response.close && !gate_->draining();
  if (response.become != Response::Become::nothing) co_return co_await become_live(request, std::move(response));
  if (response.more) co_return co_await write_pieces(request, std::move(response), keep);
  co_return co_await write_whole(request, std::move(response), keep);
}

asio::awaitable<bool> Connection::write_whole(const Request& request, Response response, bool keep) {
  const bool body = may_have_body(response.status);
  auto out = response_head(response.status, response.headers, body ? std::optional(response.body.size()) : std::nullopt,
                           connection_field(request, keep));
  if (body && request.method != "HEAD") out.append(response.body);
  co_return co_await write(out) && keep;
}

asio::awaitable<bool> Connection::write_pieces(Request& request, Response response, bool keep) {
  const bool chunked = request.minor_version >= 1;
  keep = keep && chunked;
  std::string framing(connection_field(request, keep));
  if (chunked) framing.append("Transfer-Encoding: chunked\r\n");
  auto out = response_head(response.status, response.headers, std::nullopt, framing);
  if (request.method == "HEAD") co_return co_await write(out) && keep;
  std::string piece;
  bool begun = false;
  for (bool more = true; more; begun = true) {
    std::exception_ptr fault;
    piece.clear();
    try {
      more = co_await response.more(piece);
    } catch (...) {
      fault = std::current_exception();
    }
    if (ended_) co_return false;
    if (fault) {
      auto instead = calls().on_fault(request, fault);
      co_return !begun && co_await write_whole(request, std::move(instead), keep);
    }
    if (!chunked) {
      out.append(piece);
    } else if (!piece.empty()) {
      fmt::format_to(std::back_inserter(out), "{:x}\r\n{}\r\n", piece.size(), piece);
    }
    if (!more && chunked) out.append("0\r\n\r\n");
    if (!co_await write(out)) co_return false;
    out.clear();
  }
  co_return keep;
}

asio::awaitable<bool> Connection::become_live(const Request& request, Response response) {
  if (!gate_->room_for_live()) {
    co_return co_await refuse({503, "as many live connections as there may be; try again shortly"}, request.target);
  }
  const bool events = response.become == Response::Become::events;
  std::string head;
  if (events) {
    response.headers.set("Content-Type", "text/event-stream");
    response.headers.set("Cache-Control", "no-store");
    head = response_head(200, response.headers, std::nullopt, "X-Accel-Buffering: no\r\nConnection: close\r\n");
  } else {
    const auto handshake = websocket_handshake(request);
    if (handshake == Handshake::wrong_version) {
      response.headers.set("Sec-WebSocket-Version", "13");
      Response refused{.status = 426, .headers = std::move(response.headers)};
      co_return co_await write_whole(request, std::move(refused), false);
    }
    if (handshake != Handshake::good) {
      co_return co_await refuse({400, "not a WebSocket handshake"}, request.target);
    }
    response.headers.set("Sec-WebSocket-Accept", websocket_accept(*request.headers.find("Sec-WebSocket-Key")));
    head = response_head(101, response.headers, std::nullopt, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
  }
  if (!co_await write(head) || request.method == "HEAD") co_return false;
  const auto kind = events ? Live::Kind::events : Live::Kind::websocket;
  auto live = std::make_shared<Live>(kind, gate_->loop(), std::move(stream_), limits().live, remote_);
  auto place = gate_->keep(live);
  response.live(live);
  live->start(std::move(in_), std::move(place));
  co_return false;
}

asio::awaitable<bool> Connection::refuse(Refusal refusal, std::string target) {
  in_.clear();  // whatever it holds must never run
  if (refusal.status == 0 || ended_) co_return false;
  enter(Stage::answer, Duration{0});
  auto response = calls().on_refusal(refusal.status, refusal.reason, target);
  auto out = response_head(response.status, response.headers, response.body.size(), "Connection: close\r\n");
  out.append(response.body);
  expired_ = false;
  if (!co_await write(out)) co_return false;
  stream_.shutdown();
  enter(Stage::answer, kLinger);
  for (const auto end = received_ + kLingerBytes; received_ < end && co_await fill();) in_.clear();
  co_return false;
}

asio::awaitable<bool> Connection::fill() {
  // The next request is seldom there yet: a look would be for nothing.
  const bool look = stage_ != Stage::idle || stream_.encrypted();
  auto state = look ? Io::done : Io::wait_read;
  for (bool last = false;;) {
    if (state != Io::done) {
      // Waked by the drain: a request that has come meanwhile is still taken.
      last = !co_await stream_.wait(state);
      if (expired_) co_return false;
    }
    if (ended_) co_return false;
    auto scratch = gate_->loop().scratch();
    const auto moved = stream_.read(scratch);
    if (moved.state == Io::done) {
      in_.append(scratch.data(), moved.bytes);
      received_ += moved.bytes;
      co_return true;
    }
    if (moved.state == Io::closed) {
      ended_ = true;
      co_return false;
    }
    if (last) co_return false;
    state = moved.state;
  }
}

asio::awaitable<bool> Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (ended_) co_return false;
    const auto moved = stream_.write(bytes);
    if (moved.state == Io::closed) co_return false;
    if (moved.state == Io::done) {
      bytes.remove_prefix(moved.bytes);
      continue;
    }
    gate_->loop().arm(alarm_, limits().write_time);
    if (!co_await stream_.wait(moved.state) || expired_) co_return false;
  }
  alarm_.disarm();
  co_return true;
}

// Why fill() gave up: too slow is told, a peer that left is not.
Refusal Connection::broken_off() const {
  const bool too_slow = expired_ && !ended_ && (stage_ == Stage::body || !in_.empty());
  return too_slow ? Refusal{408, "the request came too slowly"} : Refusal{0, ""};
}

void Connection::enter(Stage stage, Duration limit) {
  stage_ = stage;
  if (limit > Duration{0}) {
    gate_->loop().arm(alarm_, limit);
  } else {
    alarm_.disarm();
  }
}

void Connection::expired() {
  if (stage_ == Stage::body && body_keeps_pace()) return gate_->loop().arm(alarm_, limits().body_check);
  expired_ = true;
  stream_.cancel();
}

bool Connection::body_keeps_pace() {
  const auto check = limits().body_check;
  const auto due = limits().body_rate * static_cast<std::size_t>(check.count()) / 1000;
  body_elapsed_ += check;
  const bool enough = received_ - std::exchange(paced_, received_) >= due;
  return enough && body_elapsed_ < limits().body_time;
}

void Connection::leave_if_idle() {
  if (stage_ == Stage::handshake) return gate_->loop().arm(alarm_, std::min(kLastCall, limits().handshake_time));
  if (stage_ == Stage::idle || (stage_ == Stage::head && in_.empty())) stream_.cancel();
}

void Connection::cut() {
  ended_ = true;
  stream_.close();
}

}  // namespace hg::net
