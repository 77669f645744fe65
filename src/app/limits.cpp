#include "app/limits.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/log.h"

namespace hg::app {

namespace {

// Where descriptors run out the server pauses accepting; but the store must never miss one.
constexpr std::size_t kOwnDescriptors = 128;

std::size_t connections_of(const Config& config) {
  const auto wanted = static_cast<std::size_t>(config.connections);
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return wanted;
  const auto left = left_for_connections(static_cast<std::size_t>(descriptors.rlim_cur));
  if (left < wanted)
    log::warn("server", "limits.connections is {}, but {} file descriptors leave {} for connections", wanted,
              descriptors.rlim_cur, left);
  return std::min(left, wanted);
}

}  // namespace

std::size_t left_for_connections(std::size_t descriptors) {
  return descriptors > 2 * kOwnDescriptors ? descriptors - kOwnDescriptors : descriptors / 2;
}

net::ServerLimits limits_of(const Config& config, std::size_t loops) {
  net::ServerLimits limits;
  limits.body = static_cast<std::size_t>(config.body_bytes);
  // A loop's share takes some of the largest.
  limits.bodies = std::max(limits.bodies, 4 * limits.body * loops);
  limits.connections = connections_of(config);
  // However many live connections there are, requests find a place.
  limits.live_connections =
      std::min(static_cast<std::size_t>(config.live_connections), limits.connections - limits.connections / 8);
  return limits;
}

}  // namespace hg::app
