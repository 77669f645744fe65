#include "base/spawn.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hg {

namespace asio = boost::asio;

void spawn(const asio::any_io_executor& loop, asio::awaitable<void> work) {
  asio::co_spawn(loop, std::move(work), asio::detached);
}

void spawn(const asio::any_io_executor& loop, asio::awaitable<void> work,
           std::move_only_function<void(std::exception_ptr)> ended) {
  asio::co_spawn(loop, std::move(work), std::move(ended));
}

asio::awaitable<void> on(asio::any_io_executor loop, asio::awaitable<void> work) {
  co_await asio::co_spawn(loop, std::move(work), asio::use_awaitable);
}

}  // namespace hg
