#include "store/cross_device.h"

#include <fmt/format.h>

#include "store/directory.h"
#include "store/webhooks.h"

namespace hg::store::cross_device {

namespace {

#define APP_COLUMNS \
  "id, host_name, display_name, verified, allow_unverified, platform_ids, sender_domains, created_at, verified_at"

CrossDeviceApp app_of(const Row& row) {
  return {.id = row.id<AppId>(0),
          .host_name = row.text(1),
          .display_name = row.text(2),
          .verified = row.boolean(3),
          .allow_unverified = row.boolean(4),
          .platform_ids = pairs_from_json(row.view(5)),
          .sender_domains = texts_from_json(row.view(6)),
          .created_at = row.time(7),
          .verified_at = row.maybe_time(8)};
}

VapidKey vapid_key_of(const Row& row) {
  return {.app = row.id<AppId>(0),
          .id = row.guid(1),
          .public_key = row.text(2),
          .sealed_private = row.text(3),
          .created_at = row.time(4),
          .retired_at = row.maybe_time(5)};
}

std::unexpected<Error> taken(const CrossDeviceApp& app) {
  return fail(Code::conflict, fmt::format("the host name {} belongs to a cross-device app already", app.host_name),
              "/hostName");
}

}  // namespace

Result<void> insert(Connection& tx, const CrossDeviceApp& app) {
  const auto inserted = tx.exec(
      "INSERT INTO cross_device_apps (id, host_name, host_key, display_name, verified, allow_unverified, "
      "platform_ids, sender_domains, created_at, verified_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
      "ON CONFLICT DO NOTHING",
      {app.id, app.host_name, lower(app.host_name), app.display_name, app.verified, app.allow_unverified,
       to_json(app.platform_ids), to_json(app.sender_domains), app.created_at, app.verified_at});
  if (inserted == 0) return taken(app);
  bump_directory(tx);
  return {};
}

std::optional<CrossDeviceApp> find(Connection& tx, AppId id) {
  return tx.first("SELECT " APP_COLUMNS " FROM cross_device_apps WHERE id = $1", {id}, app_of);
}

std::optional<CrossDeviceApp> find_by_host(Connection& tx, std::string_view host_name) {
  return tx.first("SELECT " APP_COLUMNS " FROM cross_device_apps WHERE host_key = $1", {lower(host_name)}, app_of);
}

std::vector<CrossDeviceApp> list(Connection& tx) {
  return tx.all("SELECT " APP_COLUMNS " FROM cross_device_apps ORDER BY host_key", {}, app_of);
}

Result<void> update(Connection& tx, const CrossDeviceApp& app) {
  const auto holder = find_by_host(tx, app.host_name);
  if (holder && holder->id != app.id) return taken(app);
  const auto updated = tx.exec(
      "UPDATE cross_device_apps SET host_name = $1, host_key = $2, display_name = $3, verified = $4, "
      "allow_unverified = $5, platform_ids = $6, sender_domains = $7, verified_at = $8 WHERE id = $9",
      {app.host_name, lower(app.host_name), app.display_name, app.verified, app.allow_unverified,
       to_json(app.platform_ids), to_json(app.sender_domains), app.verified_at, app.id});
  if (updated == 0) return fail(Code::not_found, fmt::format("there is no cross-device app {}", app.id.str()));
  bump_directory(tx);
  return {};
}

bool remove(Connection& tx, AppId id) {
  if (tx.exec("DELETE FROM cross_device_apps WHERE id = $1", {id}) == 0) return false;
  tx.exec("DELETE FROM cross_device_members WHERE app_id = $1", {id});
  tx.exec("DELETE FROM vapid_keys WHERE app_id = $1", {id});
  tx.exec("DELETE FROM credentials WHERE app_id = $1", {id});
  webhooks::remove_all(tx, id);
  bump_directory(tx);
  return true;
}

bool add_member(Connection& tx, AppId app, ApplicationId application) {
  const auto added =
      tx.exec("INSERT INTO cross_device_members (app_id, application_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
              {app, application});
  if (added != 0) bump_directory(tx);
  return added != 0;
}

bool remove_member(Connection& tx, AppId app, ApplicationId application) {
  const auto removed =
      tx.exec("DELETE FROM cross_device_members WHERE app_id = $1 AND application_id = $2", {app, application});
  if (removed != 0) bump_directory(tx);
  return removed != 0;
}

std::vector<Member> members(Connection& tx) {
  return tx.all("SELECT app_id, application_id FROM cross_device_members ORDER BY app_id, application_id", {},
                [](const Row& row) { return Member{row.id<AppId>(0), row.id<ApplicationId>(1)}; });
}

std::vector<ApplicationId> members(Connection& tx, AppId app) {
  return tx.all("SELECT application_id FROM cross_device_members WHERE app_id = $1 ORDER BY application_id", {app},
                [](const Row& row) { return row.id<ApplicationId>(0); });
}

std::vector<AppId> apps_of(Connection& tx, ApplicationId application) {
  return tx.all("SELECT app_id FROM cross_device_members WHERE application_id = $1 ORDER BY app_id", {application},
                [](const Row& row) { return row.id<AppId>(0); });
}

void add_vapid_key(Connection& tx, const VapidKey& key) {
  tx.exec(
      "INSERT INTO vapid_keys (app_id, key_id, public_key, sealed_private, created_at, retired_at) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      {key.app, key.id, key.public_key, blob(key.sealed_private), key.created_at, key.retired_at});
  bump_directory(tx);
}

std::vector<VapidKey> vapid_keys(Connection& tx, AppId app) {
  return tx.all(
      "SELECT app_id, key_id, public_key, sealed_private, created_at, retired_at FROM vapid_keys WHERE app_id = $1 "
      "ORDER BY created_at DESC, key_id",
      {app}, vapid_key_of);
}

bool retire_vapid_key(Connection& tx, AppId app, Guid id, Time now) {
  const auto retired = tx.exec(
      "UPDATE vapid_keys SET retired_at = $1 WHERE app_id = $2 AND key_id = $3 AND retired_at IS NULL", {now, app, id});
  if (retired != 0) bump_directory(tx);
  return retired != 0;
}

#undef APP_COLUMNS

}  // namespace hg::store::cross_device
