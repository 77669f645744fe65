// Asks other nodes, over the bus, whether a user is connected live there. On one loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <unordered_map>

#include "bus/bus.h"

namespace hg::app {

class Inquiry {
 public:
  Inquiry(boost::asio::any_io_executor loop, bus::Bus& bus);
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;

  // True at the first node that says so; false where none has within a moment, or the bus is away.
  boost::asio::awaitable<bool> live(FeedKey feed);
  // Hears no answers any more; before the bus ends.
  void stop() { listening_.reset(); }

 private:
  struct Question {
    boost::asio::steady_timer patience;
    bool answered = false;
  };

  boost::asio::any_io_executor loop_;
  bus::Bus& bus_;
  std::unordered_map<Guid, Question*> open_;
  std::shared_ptr<bus::Listener> listening_;
};

}  // namespace hg::app
