// Where the configuration wants the server to listen, and what is answered there.
#pragma once

#include <memory>
#include <vector>

#include "api/caller.h"
#include "app/config.h"
#include "app/data.h"
#include "app/endpoints.h"
#include "net/tls.h"

namespace hg::app {

struct Listeners {
  std::vector<Endpoint> endpoints;
  // The admin API and /metrics are answered on the operators' endpoint and the Unix socket alone: where there is such
  // an endpoint, and wherever others than this machine can come.
  bool operators_apart = false;
  [[nodiscard]] bool tls() const;
};

// Code::property_invalid for plain HTTP that leaves the machine, Code::property_missing where there is none. `demo`:
// data whose passwords were shown once on a screen.
Result<Listeners> listeners_of(const Config& config, bool demo);

// Whom to believe about whose calls they pass on. Code::property_invalid.
Result<api::Proxies> proxies_of(const Config& config);

// The configured certificate, or the demo's. Code::property_invalid where it is none, or others may read its key.
Result<std::shared_ptr<net::TlsContext>> load_certificate(const Config& config, const DataFiles& files);

}  // namespace hg::app
