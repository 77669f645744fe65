// What can be said of a configuration before anything is opened. `serve` asks first, `serve --check-config` asks
// nothing else.
#pragma once

#include "app/config.h"
#include "base/result.h"

namespace hg::app {

// The first mistake, naming its key: listeners, proxies, issuers, the bus, the sealing key or a certificate that cannot
// be used, an address that is none, a secret that is not where the configuration says, more live connections than have
// a place. Reads the files that are named, asks nobody.
Result<void> check(const Config& config);

}  // namespace hg::app
