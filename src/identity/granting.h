// What the grants share; for this folder's sources.
#pragma once

#include <string>
#include <string_view>

#include "crypto/hash.h"
#include "identity/resources.h"
#include "identity/scopes.h"
#include "store/users.h"

namespace hg::identity {

// As secrets are kept.
inline std::string hash_of(std::string_view secret) { return std::string(as_text(crypto::sha256(secret))); }

inline std::unexpected<OAuthError> secret_needed() {
  return oauth_fail("invalid_client", "the application is confidential: its secret or certificate is needed", 401);
}

inline OAuthResult<store::User> active_user(store::Connection& tx, const UserId& id, Scopes scopes) {
  auto user = store::users::find(tx, id);
  if (!user || user->blocked || user->removed_at) return oauth_fail("invalid_grant", "the user is blocked or gone");
  if (scopes.administrative() && !user->admin)
    return oauth_fail("invalid_grant", "the user is no administrator any longer");
  return *std::move(user);
}

// What was granted before, as far as there is such an API yet.
inline OAuthResult<Asked> granted_scopes(const std::string& scopes, const std::string& audience, std::string_view base,
                                         const Directory& directory) {
  auto granted = parse_scopes(scopes, base);
  if (!granted) return granted;
  if (const auto found = find_resource(*granted, directory); !found) return std::unexpected(found.error());
  granted->audience = audience;
  return granted;
}

}  // namespace hg::identity
