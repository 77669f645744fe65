// Requests one after the other on keep-alive connections: as many at a time as there are connections.
#pragma once

#include <functional>
#include <limits>

#include "load/http.h"
#include "load/measure.h"

namespace hg::load {

struct Calls {
  Address to = {};
  std::size_t connections = 64;
  // Ends with whichever comes first.
  double seconds = 3600;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  double warm_up = 0;                                      // seconds before anything counts
  std::function<std::string(std::uint64_t)> request = {};  // the n-th of all
  std::function<void(std::uint64_t, const Answer&)> answered = {};
  int status = 200;  // any other answer has failed
};

// Throws where the server closes connections or does not answer for a minute.
Figures run(Wire& wire, const Calls& calls, const Processes& server);

}  // namespace hg::load
