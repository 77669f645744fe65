// What the server tidies by itself: the janitor's steps, at once again while there is much, else after a pause; in the
// pauses signing keys are seen to. On the background loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/time.h"
#include "bus/bus.h"
#include "feed/janitor.h"
#include "identity/registry.h"
#include "store/database.h"

namespace hg::app {

class Upkeep {
 public:
  // `rotation`: the age at which a signing key is followed by a new one; 0: never.
  Upkeep(const boost::asio::any_io_executor& loop, store::Database& database, bus::Bus& bus,
         identity::Registry& registry, const Clock& clock, Duration rotation);

  // Ends after stop(). Faults are logged, and it goes on.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  feed::Janitor janitor_;
  identity::Registry& registry_;
  const Clock& clock_;
  const Duration rotation_;
  boost::asio::steady_timer timer_;
  bool stopped_ = false;
};

}  // namespace hg::app
