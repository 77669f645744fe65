#include "identity/directory.h"

#include <algorithm>
#include <stdexcept>

#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/jwk.h"
#include "identity/client_keys.h"
#include "identity/redirect_uri.h"
#include "identity/signing_keys.h"
#include "store/directory.h"
#include "store/keys.h"
#include "store/settings.h"
#include "store/users.h"

namespace hg::identity {

namespace {

std::vector<ClientKey> keys_of(store::Connection& tx, const ApplicationId& application) {
  std::vector<ClientKey> keys;
  for (store::ApplicationKey& stored : store::applications::keys(tx, application)) {
    auto key = public_key_of(stored.kind, stored.material);
    if (!key) throw std::runtime_error("a stored key of an application cannot be read");
    keys.push_back({std::move(stored), *std::move(key)});
  }
  return keys;
}

Scopes allowed_scopes(const std::vector<std::string>& names) {
  Scopes allowed;
  if (names.empty())
    for (const Scope one : {Scope::notifications, Scope::activities, Scope::user_read}) allowed.add(one);
  for (const std::string& name : names)
    if (const auto parsed = parse_scopes(name, "")) allowed.add(parsed->scopes);
  return allowed;
}

}  // namespace

std::shared_ptr<const Directory> Directory::load(store::Connection& tx, const crypto::SealingKey& key, Time now) {
  auto made = std::make_shared<Directory>();
  made->version_ = store::directory_version(tx);
  const auto tenant = store::settings::find(tx, "tenant");
  if (!tenant) throw std::runtime_error("the store holds no deployment; run heliograph init");
  made->tenant_ = *TenantId::parse(*tenant);
  made->demo_ = store::settings::find(tx, "demo") == "true";
  made->load_applications(tx);
  made->load_cross_device_apps(tx);
  made->load_keys(tx, key);
  made->load_refusals(tx, now);
  return made;
}

void Directory::load_applications(store::Connection& tx) {
  for (store::Application& stored : store::applications::list(tx)) {
    Application application{std::move(stored), {}, {}, {}, {}};
    application.allowed = allowed_scopes(application.scopes);
    application.secrets = store::applications::secrets(tx, application.id);
    application.keys = keys_of(tx, application.id);
    if (!application.api_scopes().empty()) {
      by_resource_.emplace(lower(application.resource()), application.id);
      by_resource_.emplace(application.id.str(), application.id);
      by_resource_.emplace("api://" + application.id.str(), application.id);
    }
    for (const auto& [kind, uri] : application.redirect_uris)
      if (kind == "spa" && !application.blocked) spa_origins_.insert(without_loopback_port(origin_of(uri)));
    applications_.emplace(application.id, std::move(application));
  }
}

void Directory::load_cross_device_apps(store::Connection& tx) {
  for (store::CrossDeviceApp& stored : store::cross_device::list(tx)) {
    CrossDeviceApp app{std::move(stored), {}, {}};
    for (const auto& vapid : store::cross_device::vapid_keys(tx, app.id))
      if (!vapid.retired_at && app.vapid_public_key.empty()) app.vapid_public_key = vapid.public_key;
    by_host_.emplace(lower(app.host_name), app.id);
    cross_device_apps_.emplace(app.id, std::move(app));
  }
  for (const auto& member : store::cross_device::members(tx)) {
    const auto application = applications_.find(member.application);
    const auto app = cross_device_apps_.find(member.app);
    if (application == applications_.end() || app == cross_device_apps_.end()) continue;
    application->second.apps.push_back(member.app);
    app->second.members.push_back(member.application);
  }
}

void Directory::load_keys(store::Connection& tx, const crypto::SealingKey& key) {
  const crypto::SealingKey sealing = key.subkey(kSigningKeys);
  JsonWriter writer(jwks_);
  writer.object().key("keys").array();
  for (const store::SigningKey& stored : store::keys::list(tx)) {
    const auto alg = crypto::parse_alg(stored.algorithm);
    const auto verifier = crypto::PublicKey::from_jwk(crypto::jwk_of(json::parse(stored.public_jwk)));
    if (!alg || !verifier) throw std::runtime_error("a stored signing key cannot be read");
    verify_keys_.emplace(stored.kid, VerifyKey{*alg, *verifier, Guid::v8(crypto::sha256(stored.kid))});
    json::object jwk = json::parse(stored.public_jwk).as_object();
    jwk["kid"] = stored.kid;
    jwk["use"] = "sig";
    jwk["alg"] = stored.algorithm;
    writer.value(json::value(jwk));
    if (stored.state != store::SigningKey::State::current) continue;
    const auto der = sealing.open(as_bytes(stored.kid), as_bytes(stored.sealed_private));
    if (!der)
      throw std::runtime_error("the sealing key does not open this store's signing keys; it is another deployment's");
    signing_key_ = crypto::PrivateKey::from_der(*der);
    signing_kid_ = stored.kid;
  }
  writer.end().end();
  if (!signing_key_) throw std::runtime_error("the store holds no current signing key");
}

void Directory::load_refusals(store::Connection& tx, Time now) {
  for (const UserId& user : store::users::blocked(tx)) blocked_users_.insert(user);
  for (const auto& revocation : store::revocations::list(tx, now))
    revoked_.insert({static_cast<int>(revocation.kind), revocation.subject});
}

const Application* Directory::application(const ApplicationId& id) const {
  const auto found = applications_.find(id);
  return found == applications_.end() ? nullptr : &found->second;
}

std::vector<std::string> Application::api_scopes() const {
  if (exposed_scopes.empty() && !app_id_uri.empty()) return {"access_as_user"};
  return exposed_scopes;
}

const Application* Directory::exposing(std::string_view resource) const {
  std::string bare = lower(resource);
  while (bare.ends_with('/')) bare.pop_back();
  const auto found = by_resource_.find(bare);
  const Application* application = found == by_resource_.end() ? nullptr : this->application(found->second);
  return application == nullptr || application->blocked ? nullptr : application;
}

std::vector<std::string_view> Directory::signing_algorithms() const {
  std::set<std::string_view> names{name(signing_key_->alg())};
  for (const auto& [kid, key] : verify_keys_) names.insert(name(key.alg));
  return {names.begin(), names.end()};
}

std::vector<const Application*> Directory::applications_named(std::string_view name) const {
  std::vector<const Application*> found;
  for (const auto& [id, application] : applications_)
    if (equal_ignoring_case(application.name, name)) found.push_back(&application);
  return found;
}

const CrossDeviceApp* Directory::cross_device_app(const AppId& id) const {
  const auto found = cross_device_apps_.find(id);
  return found == cross_device_apps_.end() ? nullptr : &found->second;
}

const CrossDeviceApp* Directory::cross_device_app(std::string_view host) const {
  const auto found = by_host_.find(lower(host));
  return found == by_host_.end() ? nullptr : cross_device_app(found->second);
}

const std::vector<AppId>& Directory::apps_of(const ApplicationId& id) const {
  static const std::vector<AppId> none;
  const Application* found = application(id);
  return found == nullptr ? none : found->apps;
}

bool Directory::spa_origin(std::string_view origin) const {
  return spa_origins_.contains(without_loopback_port(origin));
}

bool Directory::verifies_with(const Guid& key) const {
  return std::ranges::any_of(verify_keys_, [&](const auto& known) { return known.second.name == key; });
}

const VerifyKey* Directory::verify_key(const std::string& kid) const {
  const auto found = verify_keys_.find(kid);
  return found == verify_keys_.end() ? nullptr : &found->second;
}

}  // namespace hg::identity
