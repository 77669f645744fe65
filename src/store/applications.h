// App registrations (OAuth clients), their secrets and keys.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/sql.h"

namespace hg::store {

struct Application {
  ApplicationId id = {};
  std::string name = {};
  bool confidential = false;
  bool pkce_optional = false;
  bool blocked = false;
  Time created_at{};
  std::vector<std::pair<std::string, std::string>> redirect_uris = {};  // kind ("web", "spa", "native") and URI
  std::vector<std::string> scopes = {};                                 // that it may ask for; empty: all
  std::vector<std::string> exposed_scopes = {};
  std::string app_id_uri = {};                                                // "" for api://{id}
  bool trusted = false;                                                       // the operator consents for everybody
  std::vector<std::pair<std::string, std::string>> external_identities = {};  // issuer and client id there
  std::optional<std::int64_t> calls = {}, user_calls = {};  // a minute, by itself and of each user; 0: any number
};

struct Secret {
  Guid id = {};
  ApplicationId application = {};
  std::string sha256 = {};  // 32 bytes
  std::string hint = {};    // its first characters
  Time created_at{};
  std::optional<Time> expires_at = {};
  std::string name = {};  // what it is for
};

// What an application may sign with in place of a secret: the public half.
struct ApplicationKey {
  enum class Kind : std::uint8_t { certificate = 0, jwk = 1 };
  Guid id = {};
  ApplicationId application = {};
  Kind kind = Kind::certificate;
  std::string material = {};    // PEM, or JSON
  std::string thumbprint = {};  // 32 bytes: x5t#S256, or RFC 7638
  std::string name = {};
  Time created_at{};
  std::optional<Time> expires_at = {};
};

namespace applications {

Result<void> insert(Connection& tx, const Application& application);  // Code::conflict
std::optional<Application> find(Connection& tx, ApplicationId id);
std::vector<Application> list(Connection& tx);                        // by name
Result<void> update(Connection& tx, const Application& application);  // Code::not_found
bool remove(Connection& tx, ApplicationId id);                        // its secrets, keys and memberships too

void add_secret(Connection& tx, const Secret& secret);
std::vector<Secret> secrets(Connection& tx, ApplicationId application);
bool remove_secret(Connection& tx, ApplicationId application, Guid id);

Result<void> add_key(Connection& tx, const ApplicationKey& key);  // Code::conflict
std::vector<ApplicationKey> keys(Connection& tx, ApplicationId application);
bool remove_key(Connection& tx, ApplicationId application, Guid id);

}  // namespace applications
}  // namespace hg::store
