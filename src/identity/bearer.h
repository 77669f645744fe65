// Who is asking: access tokens verified, remembered, and held against what was revoked at every request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/expiring_cache.h"
#include "base/json.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "identity/directory.h"
#include "identity/registry.h"
#include "identity/scopes.h"

namespace hg::identity {

struct Principal {
  UserId user;  // zero for an application by itself
  ApplicationId application;
  Scopes scopes;
  Guid session;  // sid
  Guid family;   // of the code and refresh tokens that it came of; zero: none
  Guid token;    // jti
  Guid key;      // that signed it (VerifyKey::name); zero: none of ours
  Time expires{};
  bool app_only = false;
  bool local_administrator = false;  // of the Unix socket: whoever may use the data directory

  [[nodiscard]] bool nobody() const { return application.zero() && !local_administrator; }
};

// One for each loop; not for several threads.
class Bearer {
 public:
  // `issuers`: the bases whose tokens are ours, without a slash at their end; any listener accepts the tokens of all.
  Bearer(const Registry& registry, std::vector<std::string> issuers)
      : registry_(registry), issuers_(std::move(issuers)), cache_(8192) {}

  // The value of an Authorization header, or "" where there was none. `base`: {base} of the request.
  // Code::token_missing, token_expired, token_revoked, wrong_audience, issuer_unknown, token_invalid,
  // application_blocked, user_blocked.
  Result<Principal> verify(std::string_view authorization, std::string_view base, Time now);
  // A token without its scheme.
  Result<Principal> verify_token(std::string_view token, std::string_view base, Time now);
  // Takes the word of whoever verified a token elsewhere (identity/external.h), for as long as it lasts.
  void remember(std::string_view token, const Principal& principal);
  // A token that `application` shows to act on behalf of its user: of ours, for that application and nobody else, with
  // a user.
  Result<Principal> verify_assertion(std::string_view token, const Application& application, Time now) const;
  // Whether a principal that was verified before still holds.
  [[nodiscard]] Result<void> still_good(const Principal& principal, Time now) const;

 private:
  Result<Principal> admitted(Principal principal, Time now) const;
  Result<Principal> examine(std::string_view token, std::string_view base, Time now) const;
  // A token that this deployment issued and that is in its time, whomever it is for, and the base that issued it.
  struct Ours {
    json::object claims;
    std::string issued_at;
    Guid key;
  };
  Result<Ours> read(std::string_view token, Time now) const;

  const Registry& registry_;
  std::vector<std::string> issuers_;
  struct DigestHash {
    std::size_t operator()(const crypto::Digest& digest) const;
  };
  ExpiringCache<crypto::Digest, Principal, DigestHash> cache_;
};

}  // namespace hg::identity
