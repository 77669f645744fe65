// boost::asio::co_spawn, compiled once: its templates in every file that begins a coroutine were a tenth of the build.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace hg {

// Runs `work` on `loop`, on its own. What it throws is lost, or is given to `ended`, which is called there (null:
// nothing).
void spawn(const boost::asio::any_io_executor& loop, boost::asio::awaitable<void> work);
void spawn(const boost::asio::any_io_executor& loop, boost::asio::awaitable<void> work,
           std::move_only_function<void(std::exception_ptr)> ended);

// Runs `work` on another loop than the caller's, who waits for it; throws what it throws.
boost::asio::awaitable<void> on(boost::asio::any_io_executor loop, boost::asio::awaitable<void> work);

template <class T>
boost::asio::awaitable<void> into(std::optional<T>& result, boost::asio::awaitable<T> work) {
  result.emplace(co_await std::move(work));
}

template <class T>
boost::asio::awaitable<T> on(boost::asio::any_io_executor loop, boost::asio::awaitable<T> work) {
  std::optional<T> result;
  co_await on(std::move(loop), into(result, std::move(work)));
  co_return *std::move(result);
}

}  // namespace hg
