// Requests to other servers: libcurl's multi interface on an Asio loop. HTTP/2 over TLS shares a connection between
// requests; certificates are always checked; redirects are never followed, proxies never asked.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/http.h"
#include "net/reach.h"

namespace hg::net {

struct Ask {
  std::string method = "POST";
  std::string url;
  Headers headers = {};
  std::string body = {};
};

struct Answer {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

// A mail for one recipient, as it goes over the wire (RFC 5322, lines ending in CRLF). `to` empty: only logs in and
// asks for help (HELP).
struct Posting {
  std::string url;  // smtp:// or smtps:// of the relay
  std::string user = {}, password = {};
  std::string from, to;
  std::string text;
};

// Why there is no answer.
struct Unreached {
  enum class Why : std::uint8_t {
    address,  // the host has none that may be reached
    name,     // it cannot be found
    connect,  // nobody listens there
    tls,      // no secure connection, or not with whom the URL names
    time,     // it took too long
    size,     // the answer is larger than any should be
    login,    // SMTP: user or password are not taken
    broken,   // cut off, or what came is not HTTP
    stopped,  // by stop()
  };
  Why why = Why::broken;
  std::string what = {};  // for the log: as libcurl says it; names no more of the URL than its host
  int status = 0;         // SMTP: the relay's last answer
};

template <class T>
using Reached = std::expected<T, Unreached>;

struct ClientOptions {
  Reach reach = Reach::internet;
  std::string authorities = {};  // PEM file of certificate authorities in place of the system's
  std::string identity = {};     // PEM, certificate and key: what the client presents; "": nothing
  bool http2 = true;
  std::size_t connections_a_host = 4;  // HTTP/2 opens a second one only where the first has no more streams
  std::size_t connections = 256;       // to all
  Duration connect_time = std::chrono::seconds(5);
  Duration time = std::chrono::seconds(10);  // for all of it
  std::size_t most_body = 64 * 1024;
  // Mails: once it is true, what libcurl waits for on the loop's thread ends within a second (net/postman.h).
  const std::atomic<bool>* abandoned = nullptr;
};

// Connections that are shared, and requests over them. Lives on its loop's thread; stop() before its end.
class Client {
 public:
  Client(boost::asio::any_io_executor loop, ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // https, and http where loopback may be reached.
  boost::asio::awaitable<Reached<Answer>> send(Ask ask);
  // The relay's last answer, by its number. Over TLS, but to a relay on this machine.
  boost::asio::awaitable<Reached<Answer>> post(Posting posting);
  // What is under way is answered `stopped`; later requests too.
  void stop();

  // Connections so far: another number says that a new one was made.
  [[nodiscard]] std::uint64_t connected() const;
  [[nodiscard]] std::size_t open() const;  // at this moment

 private:
  class Multi;
  template <class What>
  boost::asio::awaitable<Reached<Answer>> exchange(What what);
  std::unique_ptr<Multi> multi_;
};

}  // namespace hg::net
