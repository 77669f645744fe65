// For tests: a coroutine to its end, on this thread.
#pragma once

#include <boost/asio/io_context.hpp>

#include "base/spawn.h"

namespace hg {

// Until nothing is left to do on the loop: other threads may hold it a moment longer than `work` takes.
inline void run(boost::asio::io_context& loop, boost::asio::awaitable<void> work) {
  std::exception_ptr fault;
  spawn(loop.get_executor(), std::move(work), [&](std::exception_ptr thrown) { fault = std::move(thrown); });
  loop.restart();  // it has stopped when its last work was done
  loop.run();
  if (fault) std::rethrow_exception(fault);
}

template <class T>
T run(boost::asio::io_context& loop, boost::asio::awaitable<T> work) {
  std::optional<T> result;
  run(loop, into(result, std::move(work)));
  return *std::move(result);
}

// Until `work` has ended, for a loop that connections keep alive.
template <class T>
T run_beside_others(boost::asio::io_context& loop, boost::asio::awaitable<T> work) {
  std::optional<T> result;
  std::exception_ptr fault;
  bool ended = false;
  spawn(loop.get_executor(), into(result, std::move(work)), [&](std::exception_ptr thrown) {
    fault = std::move(thrown);
    ended = true;
  });
  loop.restart();
  while (!ended && loop.run_one() > 0) {
  }
  if (fault) std::rethrow_exception(fault);
  return *std::move(result);
}

}  // namespace hg
