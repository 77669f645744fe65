#include "pushsim/visitor.h"

#include <sys/socket.h>

namespace hg::pushsim {

void Visitor::reset() {
  if (!stream.is_open()) return;
  const linger none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  stream.close();
}

asio::awaitable<bool> write_all(net::Stream& stream, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto moved = stream.write(bytes);
    if (moved.state == net::Io::closed) co_return false;
    if (moved.state == net::Io::done) {
      bytes.remove_prefix(moved.bytes);
    } else if (!co_await stream.wait(moved.state)) {
      co_return false;
    }
  }
  co_return true;
}

asio::awaitable<bool> read_some(net::Loop& loop, net::Stream& stream, std::string& into) {
  for (;;) {
    const auto scratch = loop.scratch();
    const auto moved = stream.read(scratch);
    if (moved.state == net::Io::closed) co_return false;
    if (moved.state == net::Io::done) {
      into.append(scratch.data(), moved.bytes);
      co_return true;
    }
    if (!co_await stream.wait(moved.state)) co_return false;
  }
}

}  // namespace hg::pushsim
