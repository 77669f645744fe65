#include "store/applications.h"

#include <fmt/format.h>

#include "store/directory.h"

namespace hg::store::applications {

namespace {

#define APPLICATION_COLUMNS                                                                                         \
  "id, name, confidential, pkce_optional, blocked, created_at, redirect_uris, scopes, exposed_scopes, app_id_uri, " \
  "trusted, external_identities, calls, user_calls"

Application application_of(const Row& row) {
  return {.id = row.id<ApplicationId>(0),
          .name = row.text(1),
          .confidential = row.boolean(2),
          .pkce_optional = row.boolean(3),
          .blocked = row.boolean(4),
          .created_at = row.time(5),
          .redirect_uris = pairs_from_json(row.view(6)),
          .scopes = texts_from_json(row.view(7)),
          .exposed_scopes = texts_from_json(row.view(8)),
          .app_id_uri = row.text(9),
          .trusted = row.boolean(10),
          .external_identities = pairs_from_json(row.view(11)),
          .calls = row.maybe_integer(12),
          .user_calls = row.maybe_integer(13)};
}

Secret secret_of(const Row& row) {
  return {.id = row.guid(0),
          .application = row.id<ApplicationId>(1),
          .sha256 = row.text(2),
          .hint = row.text(3),
          .created_at = row.time(4),
          .expires_at = row.maybe_time(5),
          .name = row.text(6)};
}

ApplicationKey key_of(const Row& row) {
  return {.id = row.guid(0),
          .application = row.id<ApplicationId>(1),
          .kind = row.value<ApplicationKey::Kind>(2),
          .material = row.text(3),
          .thumbprint = row.text(4),
          .name = row.text(5),
          .created_at = row.time(6),
          .expires_at = row.maybe_time(7)};
}

}  // namespace

Result<void> insert(Connection& tx, const Application& application) {
  const auto inserted = tx.exec(
      "INSERT INTO applications (id, name, confidential, pkce_optional, blocked, created_at, redirect_uris, scopes, "
      "exposed_scopes, app_id_uri, trusted, external_identities, calls, user_calls) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
      {application.id, application.name, application.confidential, application.pkce_optional, application.blocked,
       application.created_at, to_json(application.redirect_uris), to_json(application.scopes),
       to_json(application.exposed_scopes), application.app_id_uri, application.trusted,
       to_json(application.external_identities), application.calls, application.user_calls});
  if (inserted == 0)
    return fail(Code::conflict, fmt::format("there is an application {} already", application.id.str()), "/clientId");
  bump_directory(tx);
  return {};
}

std::optional<Application> find(Connection& tx, ApplicationId id) {
  return tx.first("SELECT " APPLICATION_COLUMNS " FROM applications WHERE id = $1", {id}, application_of);
}

std::vector<Application> list(Connection& tx) {
  return tx.all("SELECT " APPLICATION_COLUMNS " FROM applications ORDER BY name, id", {}, application_of);
}

Result<void> update(Connection& tx, const Application& application) {
  const auto updated = tx.exec(
      "UPDATE applications SET name = $1, confidential = $2, pkce_optional = $3, blocked = $4, redirect_uris = $5, "
      "scopes = $6, exposed_scopes = $7, app_id_uri = $8, trusted = $9, external_identities = $10, calls = $11, "
      "user_calls = $12 WHERE id = $13",
      {application.name, application.confidential, application.pkce_optional, application.blocked,
       to_json(application.redirect_uris), to_json(application.scopes), to_json(application.exposed_scopes),
       application.app_id_uri, application.trusted, to_json(application.external_identities), application.calls,
       application.user_calls, application.id});
  if (updated == 0) return fail(Code::not_found, fmt::format("there is no application {}", application.id.str()));
  bump_directory(tx);
  return {};
}

bool remove(Connection& tx, ApplicationId id) {
  if (tx.exec("DELETE FROM applications WHERE id = $1", {id}) == 0) return false;
  tx.exec("DELETE FROM application_secrets WHERE application_id = $1", {id});
  tx.exec("DELETE FROM application_keys WHERE application_id = $1", {id});
  tx.exec("DELETE FROM cross_device_members WHERE application_id = $1", {id});
  bump_directory(tx);
  return true;
}

void add_secret(Connection& tx, const Secret& secret) {
  tx.exec(
      "INSERT INTO application_secrets (id, application_id, sha256, hint, created_at, expires_at, name) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {secret.id, secret.application, blob(secret.sha256), secret.hint, secret.created_at, secret.expires_at,
       secret.name});
  bump_directory(tx);
}

std::vector<Secret> secrets(Connection& tx, ApplicationId application) {
  return tx.all(
      "SELECT id, application_id, sha256, hint, created_at, expires_at, name FROM application_secrets "
      "WHERE application_id = $1 ORDER BY created_at, id",
      {application}, secret_of);
}

bool remove_secret(Connection& tx, ApplicationId application, Guid id) {
  const auto removed =
      tx.exec("DELETE FROM application_secrets WHERE application_id = $1 AND id = $2", {application, id});
  if (removed != 0) bump_directory(tx);
  return removed != 0;
}

Result<void> add_key(Connection& tx, const ApplicationKey& key) {
  const auto inserted = tx.exec(
      "INSERT INTO application_keys (id, application_id, kind, material, thumbprint, name, created_at, expires_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
      {key.id, key.application, key.kind, key.material, blob(key.thumbprint), key.name, key.created_at,
       key.expires_at});
  if (inserted == 0) return fail(Code::conflict, "the application has this key already");
  bump_directory(tx);
  return {};
}

std::vector<ApplicationKey> keys(Connection& tx, ApplicationId application) {
  return tx.all(
      "SELECT id, application_id, kind, material, thumbprint, name, created_at, expires_at FROM application_keys "
      "WHERE application_id = $1 ORDER BY created_at, id",
      {application}, key_of);
}

bool remove_key(Connection& tx, ApplicationId application, Guid id) {
  const auto removed = tx.exec("DELETE FROM application_keys WHERE application_id = $1 AND id = $2", {application, id});
  if (removed != 0) bump_directory(tx);
  return removed != 0;
}

#undef APPLICATION_COLUMNS

}  // namespace hg::store::applications
