// What every request asks of the directory, in memory: an immutable picture, replaced whole after each change.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "crypto/keys.h"
#include "crypto/seal.h"
#include "identity/scopes.h"
#include "store/applications.h"
#include "store/cross_device.h"
#include "store/grants.h"
#include "store/sql.h"

namespace hg::identity {

// What an application signs with: what is stored, and the key as it was read.
struct ClientKey : store::ApplicationKey {
  crypto::PublicKey key;
};

struct Application : store::Application {
  std::vector<store::Secret> secrets;
  std::vector<ClientKey> keys;
  std::vector<AppId> apps;  // cross-device apps it belongs to
  Scopes allowed;           // what it may be granted: all but the administrative ones, unless it names its own

  // The URI of the API it exposes, and the names of that API's scopes; none: it exposes none.
  [[nodiscard]] std::string resource() const { return app_id_uri.empty() ? "api://" + id.str() : app_id_uri; }
  [[nodiscard]] std::vector<std::string> api_scopes() const;
};

struct CrossDeviceApp : store::CrossDeviceApp {
  std::vector<ApplicationId> members;
  std::string vapid_public_key;  // base64url of the point; of the newest pair

  [[nodiscard]] bool served() const { return verified || allow_unverified; }
};

struct VerifyKey {
  crypto::Alg alg;
  crypto::PublicKey key;
  Guid name;  // of its kid, in the size of all that a Principal is made of
};

class Directory {
 public:
  static std::shared_ptr<const Directory> load(store::Connection& tx, const crypto::SealingKey& key, Time now);

  [[nodiscard]] const Application* application(const ApplicationId& id) const;
  // By display name, which several may have; without regard to case.
  [[nodiscard]] std::vector<const Application*> applications_named(std::string_view name) const;
  // The unblocked one that exposes an API of this App ID URI; its client id names it too. Without regard to case.
  [[nodiscard]] const Application* exposing(std::string_view resource) const;
  [[nodiscard]] const CrossDeviceApp* cross_device_app(const AppId& id) const;
  [[nodiscard]] const CrossDeviceApp* cross_device_app(std::string_view host) const;  // without regard to case
  [[nodiscard]] const std::vector<AppId>& apps_of(const ApplicationId& id) const;
  // An origin of the spa redirect URIs of an unblocked application; on loopback with any port, as those.
  [[nodiscard]] bool spa_origin(std::string_view origin) const;

  [[nodiscard]] bool blocked(const UserId& user) const { return blocked_users_.contains(user); }
  [[nodiscard]] bool revoked(store::Revocation::Kind kind, const Guid& subject) const {
    return revoked_.contains({static_cast<int>(kind), subject});
  }

  [[nodiscard]] const VerifyKey* verify_key(const std::string& kid) const;
  [[nodiscard]] bool verifies_with(const Guid& key) const;  // VerifyKey::name
  [[nodiscard]] const crypto::PrivateKey& signing_key() const { return *signing_key_; }
  [[nodiscard]] const std::string& signing_kid() const { return signing_kid_; }
  [[nodiscard]] const std::string& jwks() const { return jwks_; }  // JSON
  // Of the keys that verify: what tokens may be signed by.
  [[nodiscard]] std::vector<std::string_view> signing_algorithms() const;
  // Of the store that it shows (store/directory.h).
  [[nodiscard]] std::int64_t version() const { return version_; }
  [[nodiscard]] const TenantId& tenant() const { return tenant_; }
  [[nodiscard]] bool demo() const { return demo_; }

  [[nodiscard]] const std::map<ApplicationId, Application>& applications() const { return applications_; }
  [[nodiscard]] const std::map<AppId, CrossDeviceApp>& cross_device_apps() const { return cross_device_apps_; }

 private:
  void load_applications(store::Connection& tx);
  void load_cross_device_apps(store::Connection& tx);
  void load_keys(store::Connection& tx, const crypto::SealingKey& key);
  void load_refusals(store::Connection& tx, Time now);

  std::int64_t version_ = -1;
  TenantId tenant_;
  bool demo_ = false;
  std::map<ApplicationId, Application> applications_;
  std::map<AppId, CrossDeviceApp> cross_device_apps_;
  std::unordered_map<std::string, AppId> by_host_;
  std::unordered_map<std::string, ApplicationId> by_resource_;
  std::set<std::string> spa_origins_;
  std::unordered_set<UserId> blocked_users_;
  std::set<std::pair<int, Guid>> revoked_;
  std::unordered_map<std::string, VerifyKey> verify_keys_;
  std::optional<crypto::PrivateKey> signing_key_;
  std::string signing_kid_;
  std::string jwks_;
};

}  // namespace hg::identity
