// One leased feed until its sends are settled; for the worker's own sources.
#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "delivery/worker.h"

namespace hg::delivery {

namespace asio = boost::asio;

// Until it has run out, or was cancelled.
inline asio::awaitable<void> wait(asio::steady_timer& timer) {
  boost::system::error_code woken;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
}

struct Worker::Round {
  Round(const asio::any_io_executor& loop, store::Lease the_lease, std::uint64_t the_number)
      : lease(the_lease), number(the_number), done(loop) {}
  store::Lease lease;
  std::uint64_t number;  // in the order they began
  Sight sight;
  Settlement settlement;
  asio::steady_timer done;  // cancelled when the last lane has ended
  std::size_t lanes = 0;
  std::vector<model::Send> under_way;  // of each lane: the send that it makes, and those behind it
  Time outstanding_until{};            // of those, once it is closed
  bool closed = false;                 // given back: what comes now is late
};

}  // namespace hg::delivery
