// /sim: what came, who can be pushed to and by whom, and how the services misbehave. JSON, at once.
#pragma once

#include "pushsim/exchange.h"
#include "pushsim/services.h"
#include "pushsim/world.h"

namespace hg::pushsim {

Answer inspect(World& world, const GoawayEverywhere& goaway, const Call& call);

}  // namespace hg::pushsim
