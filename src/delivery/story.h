// The delivery report as it is told: what was written down of each endpoint with a channel, and what follows for those
// that are told over live connections alone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "model/delivery.h"
#include "model/notification.h"
#include "store/database.h"

namespace hg::delivery {

struct Line {
  model::Delivery delivery;
  model::Platform platform = model::Platform::none;  // what the endpoint counts as
};

// Of a notification's last alert, in the order the endpoints came; empty where nothing was owed to anybody.
boost::asio::awaitable<std::vector<Line>> story(store::Database& database, FeedKey feed,
                                                model::Notification notification, Time now);

}  // namespace hg::delivery
