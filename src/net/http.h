// HTTP requests and answers as values (RFC 9110). Nothing here knows a socket: a request may be dispatched in process.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hg::net {

namespace asio = boost::asio;

class Loop;
class Live;

struct Field {
  std::string name, value;
};

// In order, names compared without regard to case, values trimmed.
class Headers {
 public:
  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);  // in place of all of that name
  void remove(std::string_view name);
  // The first of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  // `token` stands in the comma-separated lists of `name`: has_token("Connection", "close").
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

enum class Listener : std::uint8_t { tcp, tls, unix_socket };

struct Request {
  std::string method = {};  // as sent: "GET"
  std::string target = {};  // origin form as sent: path and query
  std::string path = {};    // before '?', not decoded
  std::string query = {};   // after '?', not decoded, empty where there is none
  int minor_version = 1;    // of HTTP/1.x
  Headers headers = {};
  std::string body = {};
  std::string remote = {};      // the peer's address without port; "unix" on a Unix socket
  std::string local = {};       // ADDR:PORT or the path it came in on
  std::string scheme = "http";  // "https" where the listener is tls
  Listener listener = Listener::tcp;
  std::uint8_t role = 0;  // of the listener: ListenOptions::role
  Loop* loop = nullptr;   // that the connection belongs to; null for one made in process

  // Fills target, path and query.
  void set_target(std::string_view origin_form);
};

struct Response {
  enum class Become : std::uint8_t { nothing, websocket, events };

  int status = 200;
  Headers headers = {};  // without Content-Length, Connection, Transfer-Encoding, Date: the server writes these
  std::string body = {};
  // A streamed body, in place of `body`: appends a piece; false when there is no more (the piece counts). Called again
  // only after the last piece was written. An exception cuts the connection, so that the client sees it is incomplete.
  std::function<asio::awaitable<bool>(std::string& piece)> more = {};
  // The connection becomes a Live one: `live` gets it right after the handshake was written (101 for websocket; 200
  // and text/event-stream for events, `headers` added to both), on the connection's loop. For websocket the request
  // must be a handshake (websocket.h).
  Become become = Become::nothing;
  std::move_only_function<void(std::shared_ptr<Live>)> live = {};
  bool close = false;  // the connection after this answer
};

// Answers one request; the request outlives the coroutine. Copies run on every loop at once.
using Handler = std::function<asio::awaitable<Response>(Request&)>;

// "Not Found"; empty for an unknown status.
std::string_view reason_phrase(int status);
// "Sun, 06 Nov 1994 08:49:37 GMT" of now, made once a second and thread.
std::string_view http_date();

// The head of an answer as it goes over the wire, blank line included. `length` as Content-Length, nullopt: none.
// Date is added unless `headers` holds one.
std::string response_head(int status, const Headers& headers, std::optional<std::size_t> length,
                          std::string_view framing_fields);

}  // namespace hg::net
