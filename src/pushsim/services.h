// Which service a request is for.
#pragma once

#include <functional>
#include <string_view>

#include "pushsim/exchange.h"
#include "pushsim/world.h"

namespace hg::pushsim {

// What inspection can do beyond the world: GOAWAY on every connection to a door.
using GoawayEverywhere = std::function<std::size_t(Door, std::string_view reason)>;

// Answers after the answer's delay. All outlive the service.
Service services(World& world, const GoawayEverywhere& goaway);

}  // namespace hg::pushsim
