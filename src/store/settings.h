// What the deployment knows of itself: tenant id, epoch, and the like, by name.
#pragma once

#include <optional>
#include <string>

#include "store/sql.h"

namespace hg::store::settings {

std::optional<std::string> find(Connection& tx, std::string_view key);
void put(Connection& tx, std::string_view key, std::string_view value);

}  // namespace hg::store::settings
