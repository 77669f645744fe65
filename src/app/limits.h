// What the server is held to, from the configuration and from what the operating system allows.
#pragma once

#include "app/config.h"
#include "net/server.h"

namespace hg::app {

// For a server of `loops`. Warns where the process may not have as many descriptors as limits.connections asks.
net::ServerLimits limits_of(const Config& config, std::size_t loops);

// Of `descriptors`, so many are left for connections; the others are for the store's files, listeners and the loops.
std::size_t left_for_connections(std::size_t descriptors);

}  // namespace hg::app
