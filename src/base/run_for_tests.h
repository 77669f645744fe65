// For tests: a coroutine to its end, on this thread.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
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

// Several awaitable<void> at once, until all have ended; throws what one of them threw.
template <class... Works>
void run_at_once(boost::asio::io_context& loop, Works... works) {
  std::exception_ptr fault;
  std::size_t left = sizeof...(works);
  loop.restart();
  auto busy = boost::asio::make_work_guard(loop);
  const auto ended = [&](std::exception_ptr thrown) {
    if (thrown) fault = std::move(thrown);
    if (--left == 0) busy.reset();
  };
  (spawn(loop.get_executor(), std::move(works), ended), ...);
  loop.run();
  if (fault) std::rethrow_exception(fault);
}

}  // namespace hg
