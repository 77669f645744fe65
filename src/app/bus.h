// The bus that the configuration names.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "bus/bus.h"
#include "bus/nats.h"
#include "crypto/seal.h"

namespace hg::app {

// Within this process where no other is named. Code::property_invalid for addresses that cannot be used,
// Code::not_found for secrets that cannot be read. `tenant`: of the deployment, whose nodes hear each other.
Result<std::unique_ptr<bus::Bus>> make_bus(const Config& config, const crypto::SealingKey& key,
                                           const std::string& tenant);

// How NATS is reached; only where config.bus is set.
Result<bus::Nats::Options> nats_of(const Config& config);

}  // namespace hg::app
