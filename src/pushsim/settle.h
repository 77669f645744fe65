// What all services have in common once a request was examined: it is refused, disturbed or accepted, and written down.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "pushsim/exchange.h"
#include "pushsim/world.h"

namespace hg::pushsim {

// Why a request is not accepted. `reason` is the platform's own word; empty: the usual one for the status. `problem` is
// for whoever reads the journal: what was wrong, what would be right.
struct Refusal {
  int status = 400;
  std::string reason = {};
  std::string problem = {};
  std::string field = {};     // FCM: which one; whose quota
  Duration retry_after = {};  // zero: it does not say
};

template <class T = void>
using Examined = std::expected<T, Refusal>;

[[nodiscard]] inline std::unexpected<Refusal> refuse(int status, std::string reason, std::string problem,
                                                     std::string field = {}) {
  return std::unexpected(Refusal{status, std::move(reason), std::move(problem), std::move(field), {}});
}

// How a service speaks.
struct Words {
  std::function<net::Response(const Refusal&)> refuse;
  // Takes effect, and may add to what is written down.
  std::function<net::Response(Received&)> accept;
  // Of an endpoint that is gone or expired.
  std::function<Refusal(const Endpoint&)> dead = {};
};

// `endpoint` null: the request is to none. Writes `received` down.
Answer settle(World& world, Received received, Endpoint* endpoint, const Examined<>& examined, const Words& words);

}  // namespace hg::pushsim

// HG_EXAMINE(check(x)); leaves with the refusal of an Examined<>, as HG_CHECK does with an error.
#define HG_EXAMINE(expression) \
  if (auto hg_examined = (expression); !hg_examined) return std::unexpected(std::move(hg_examined).error())
