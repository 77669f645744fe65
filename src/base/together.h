// Coroutines side by side: what they write to one store shares commits.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include "base/spawn.h"

namespace hg {

// Runs all of `works` on `loop`, which is the caller's, and waits for the last. None of them throws.
inline boost::asio::awaitable<void> together(boost::asio::any_io_executor loop,
                                             std::vector<boost::asio::awaitable<void>> works) {
  namespace asio = boost::asio;
  if (works.empty()) co_return;
  std::size_t left = works.size();
  std::move_only_function<void()> resume;
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [&](auto handler) {
        resume = std::move(handler);
        for (auto& work : works) {
          spawn(loop, std::move(work), [&left, &resume](const std::exception_ptr&) {
            if (--left == 0) std::exchange(resume, {})();
          });
        }
      },
      asio::use_awaitable);
}

}  // namespace hg
