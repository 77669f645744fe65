// Cross-device apps: a host name, its applications, its names on the platforms, its Web Push keys.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/sql.h"

namespace hg::store {

struct CrossDeviceApp {
  AppId id = {};
  std::string host_name = {};  // unique without regard to case
  std::string display_name = {};
  bool verified = false;
  bool allow_unverified = false;
  std::vector<std::pair<std::string, std::string>> platform_ids = {};  // platform ("windows_universal", …) and app id
  std::vector<std::string> sender_domains = {};
  Time created_at{};
  std::optional<Time> verified_at = {};
};

struct VapidKey {
  AppId app = {};
  Guid id = {};
  std::string public_key = {};      // base64url of the uncompressed point
  std::string sealed_private = {};  // bytes
  Time created_at{};
  std::optional<Time> retired_at = {};
};

namespace cross_device {

Result<void> insert(Connection& tx, const CrossDeviceApp& app);  // Code::conflict
std::optional<CrossDeviceApp> find(Connection& tx, AppId id);
std::optional<CrossDeviceApp> find_by_host(Connection& tx, std::string_view host_name);
std::vector<CrossDeviceApp> list(Connection& tx);                // by host name
Result<void> update(Connection& tx, const CrossDeviceApp& app);  // Code::not_found, Code::conflict
bool remove(Connection& tx, AppId id);                           // members, keys, credentials, webhooks

bool add_member(Connection& tx, AppId app, ApplicationId application);  // false where it was one already
bool remove_member(Connection& tx, AppId app, ApplicationId application);
struct Member {
  AppId app = {};
  ApplicationId application = {};
};
std::vector<Member> members(Connection& tx);  // of all
std::vector<ApplicationId> members(Connection& tx, AppId app);
std::vector<AppId> apps_of(Connection& tx, ApplicationId application);

void add_vapid_key(Connection& tx, const VapidKey& key);
std::vector<VapidKey> vapid_keys(Connection& tx, AppId app);  // newest first, retired ones too
bool retire_vapid_key(Connection& tx, AppId app, Guid id, Time now);

}  // namespace cross_device
}  // namespace hg::store
