// What `heliograph init` makes: directory, keys, administrator, and with --demo everything that can be tried at once.
#pragma once

#include <string>

#include "app/config.h"
#include "base/json.h"
#include "base/result.h"

namespace hg::app {

// Answers what was made, with every secret: the only time they are shown (docs/running.md has its members).
Result<json::value> initialise(const Config& config, bool demo);

}  // namespace hg::app
