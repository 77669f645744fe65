// All that the simulated services know, on one thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "pushsim/addresses.h"
#include "pushsim/credentials.h"
#include "pushsim/endpoints.h"
#include "pushsim/faults.h"
#include "pushsim/journal.h"
#include "pushsim/queue.h"
#include "pushsim/quotas.h"
#include "pushsim/tokens.h"
#include "pushsim/verified.h"

namespace hg::pushsim {

struct World {
  World(const Clock& its_clock, std::uint64_t seed, std::size_t keep) : clock(its_clock), journal(keep), faults(seed) {}

  const Clock& clock;
  Addresses addresses = {};
  std::vector<App> apps = {};
  Endpoints endpoints = {};
  Journal journal;
  Faults faults;
  AccessTokens tokens = {};
  MessageQueue queue = {};
  std::optional<Quotas> fcm_quotas = {};  // nullopt: as much as anybody likes
  VerifiedVapid vapid{1000};

  [[nodiscard]] const App* app(Platform platform, std::string_view id) const {
    for (const App& app : apps)
      if (app.platform == platform && app.id == id) return &app;
    return nullptr;
  }
};

}  // namespace hg::pushsim
