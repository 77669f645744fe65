// What apps show to push platforms. Their secrets are sealed by the caller.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/subscription.h"
#include "store/sql.h"

namespace hg::store {

struct Credential {
  Guid id = {};
  AppId app = {};
  model::ChannelKind platform = model::ChannelKind::live;
  std::vector<std::string> app_ids = {};                        // platform app ids it serves; empty: all no other names
  std::vector<std::pair<std::string, std::string>> facts = {};  // what anybody may see of it
  std::string sealed = {};                                      // bytes
  Time created_at{};
  std::optional<Time> broken_at = {};  // since when the platform does not take it
  std::string broken_reason = {};      // as the platform says it
};

namespace credentials {

inline constexpr std::size_t kMost = 10;  // of one app on one platform

// Code::conflict where there are kMost already.
Result<void> insert(Connection& tx, const Credential& credential);
std::vector<Credential> of_app(Connection& tx, AppId app);  // oldest first
std::vector<Credential> list(Connection& tx);               // of all apps
bool remove(Connection& tx, AppId app, Guid id);            // false where there is none
// What a platform said of it; nullopt: that it is taken again. False where nothing changes.
bool mark(Connection& tx, Guid id, std::optional<Time> broken_at, std::string_view reason);
// How many are not taken at the moment, by platform; those of which none is are left out.
std::vector<std::pair<model::ChannelKind, std::int64_t>> refused(Connection& tx);

}  // namespace credentials
}  // namespace hg::store
