#include "app/upkeep.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"

namespace hg::app {

namespace asio = boost::asio;

namespace {

constexpr Duration kIdle = std::chrono::seconds(30);
constexpr Duration kBreath = std::chrono::milliseconds(100);  // between two steps that had much to do

}  // namespace

Upkeep::Upkeep(const asio::any_io_executor& loop, store::Database& database, bus::Bus& bus,
               identity::Registry& registry, const Clock& clock, Duration rotation)
    : janitor_(database, bus), registry_(registry), clock_(clock), rotation_(rotation), timer_(loop) {}

asio::awaitable<void> Upkeep::run() {
  while (!stopped_) {
    std::size_t worked = 0;
    try {
      worked = co_await janitor_.step(clock_.now());
      if (worked == 0) co_await registry_.tend_keys(rotation_);
    } catch (const std::exception& fault) {
      log::error("janitor", "cannot thin what is past: {}", fault.what());
    }
    if (stopped_) co_return;
    timer_.expires_after(worked > 0 ? kBreath : kIdle);
    boost::system::error_code woken;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

void Upkeep::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace hg::app
