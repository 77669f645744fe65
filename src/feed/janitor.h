// Thins what time has made pointless, in small batches: nothing depends on it being punctual, for every read filters by
// time itself.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>

#include "bus/bus.h"
#include "store/database.h"
#include "store/partitions.h"

namespace hg::feed {

class Janitor {
 public:
  Janitor(store::Database& database, bus::Bus& bus) : database_(database), bus_(bus) {}

  // Removes notifications and tombstones past their time (feed counts follow; on PostgreSQL a week at a time, and the
  // weeks ahead are made), idempotency keys older than 24 hours,
  // spent codes and tickets, subscriptions ended 90 days ago; ends those past their end (`expired`). At most `batch`
  // rows of each kind; answers how many rows it worked on, so that the caller goes on at once while there are many.
  boost::asio::awaitable<std::size_t> step(Time now, std::size_t batch = 200);

 private:
  store::Database& database_;
  bus::Bus& bus_;
  store::partitions::Cursor retired_;
};

}  // namespace hg::feed
