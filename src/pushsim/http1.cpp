#include "pushsim/http1.h"

#include <expected>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "net/body.h"
#include "net/head.h"
#include "net/parser.h"

namespace hg::pushsim {

namespace {

class Http1 {
 public:
  Http1(Visitor visitor, const Service& service) : visitor_(std::move(visitor)), service_(service) {}

  // False: the connection is over.
  asio::awaitable<bool> exchange() {
    auto call = co_await read();
    if (!call) co_return co_await refuse(call.error());
    const auto answer = co_await service_(*call);
    if (answer.end != Answer::End::answer) co_return co_await misbehave(answer.end);
    co_return co_await write(*call, answer.response);
  }

 private:
  asio::awaitable<std::expected<Call, net::Refusal>> read() {
    std::size_t scanned = 0;
    std::optional<std::size_t> size;
    while (!size) {
      const auto end = net::find_head(in_, scanned, {});
      if (!end) co_return std::unexpected(end.error());
      size = *end;
      if (!size && !co_await read_some(visitor_.loop, visitor_.stream, in_))
        co_return std::unexpected(net::Refusal{0, ""});
    }
    const std::string raw = in_.substr(0, *size);
    in_.erase(0, *size);
    const auto head = net::check_head(raw, {});
    if (!head) co_return std::unexpected(head.error());
    Call call{.door = visitor_.door, .http = 1, .conversation = &conversation_};
    call.request.set_target(head->target);
    call.request.minor_version = head->minor_version;
    call.request.remote = visitor_.remote;
    call.request.scheme = visitor_.stream.encrypted() ? "https" : "http";
    if (!net::parse_head(raw, call.request)) co_return std::unexpected(net::Refusal{400, "malformed request"});
    if (equal_ignoring_case(call.request.headers.find("Expect").value_or(""), "100-continue") && in_.empty() &&
        !co_await write_all(visitor_.stream, "HTTP/1.1 100 Continue\r\n\r\n"))
      co_return std::unexpected(net::Refusal{0, ""});
    net::BodyReader body(*head, kMostBody);
    for (;;) {
      std::string_view rest = in_;
      const auto complete = body.take(rest, call.request.body);
      if (!complete) co_return std::unexpected(complete.error());
      in_.erase(0, in_.size() - rest.size());
      if (*complete) co_return call;
      if (!co_await read_some(visitor_.loop, visitor_.stream, in_)) co_return std::unexpected(net::Refusal{0, ""});
    }
  }

  asio::awaitable<bool> write(const Call& call, const net::Response& response) {
    const bool keep = !call.request.headers.has_token("Connection", "close") && call.request.minor_version == 1;
    const bool body = response.status != 204 && response.status != 304;
    auto out =
        net::response_head(response.status, response.headers, body ? std::optional(response.body.size()) : std::nullopt,
                           keep ? "" : "Connection: close\r\n");
    if (call.request.method != "HEAD") out += response.body;
    co_return co_await write_all(visitor_.stream, out) && keep;
  }

  asio::awaitable<bool> refuse(net::Refusal refusal) {
    if (refusal.status == 0) co_return false;
    log::warn("pushsim", "{} sent what is no HTTP/1.1: {}", visitor_.remote, refusal.reason);
    const std::string reason(refusal.reason);
    net::Headers headers;
    headers.add("Content-Type", "text/plain");
    co_await write_all(visitor_.stream,
                       net::response_head(refusal.status, headers, reason.size(), "Connection: close\r\n") + reason);
    co_return false;
  }

  asio::awaitable<bool> misbehave(Answer::End end) {
    if (end == Answer::End::hang) {
      // Until the peer has had enough.
      while (co_await read_some(visitor_.loop, visitor_.stream, in_)) in_.clear();
    } else if (end == Answer::End::garbage) {
      co_await write_all(visitor_.stream, "\x16\x03\x01 200 OK?\r\n\xff\xfe{]\r\n\r\n\r\n");
    } else {
      visitor_.reset();
    }
    co_return false;
  }

  Visitor visitor_;
  const Service& service_;
  Conversation conversation_;
  std::string in_;
};

}  // namespace

asio::awaitable<void> serve_http1(Visitor visitor, const Service& service) {
  Http1 connection(std::move(visitor), service);
  while (co_await connection.exchange()) {
  }
}

}  // namespace hg::pushsim
