// One request to a simulated service, and what comes of it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "base/time.h"
#include "net/http.h"

namespace hg::pushsim {

namespace asio = boost::asio;

// Where a connection came in. Apple's two environments are hosts of their own, and so they are doors here.
enum class Door : std::uint8_t { plain, secure, apns, apns_sandbox, mail };

inline constexpr std::size_t kMostBody = 1024 * 1024;  // what a service refuses as too large must have come first

// What a service remembers of a connection.
struct Conversation {
  std::string provider = {};     // APNs: team and key of the first valid provider token
  std::string token = {};        // APNs: the provider token in use ...
  Time token_since{};            // ... and since when
  std::string certificate = {};  // APNs: SHA-256 of the one that the client presented, in hexadecimal; empty: none
};

struct Call {
  net::Request request = {};
  Door door = Door::plain;
  int http = 1;  // the major version
  Conversation* conversation = nullptr;
};

struct Answer {
  enum class End : std::uint8_t {
    answer,
    reset,          // the connection, without a word
    hang,           // nothing comes, ever
    garbage,        // bytes that are no HTTP
    refuse_stream,  // HTTP/2: RST_STREAM; HTTP/1.1: as reset
    goaway,         // HTTP/2: GOAWAY that leaves this request undone; HTTP/1.1: as reset
  };

  net::Response response = {};
  End end = End::answer;
  Duration delay{0};          // before any of it
  std::string goaway = {};    // what GOAWAY carries
  std::uint32_t streams = 0;  // HTTP/2: the peer may have so many open from now on; 0: as before
};

using Service = std::function<asio::awaitable<Answer>(Call&)>;

}  // namespace hg::pushsim
