// A connection that has come in, handshake done.
#pragma once

#include <string>

#include "net/loop.h"
#include "net/stream.h"
#include "pushsim/exchange.h"

namespace hg::pushsim {

struct Visitor {
  net::Loop& loop;
  net::Stream stream;
  int descriptor;  // the stream's own
  Door door;
  std::string remote;

  // Its peer sees a reset: what is unsent is thrown away.
  void reset();
};

// Writes all of it. False: the peer is gone.
asio::awaitable<bool> write_all(net::Stream& stream, std::string_view bytes);
// Appends what comes. False: the peer is gone.
asio::awaitable<bool> read_some(net::Loop& loop, net::Stream& stream, std::string& into);

}  // namespace hg::pushsim
