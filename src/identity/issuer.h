// The embedded issuer: access tokens, ID tokens, authorization codes and refresh tokens (RFC 6749, 7636, 9068, 9700).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "identity/registry.h"
#include "identity/scopes.h"
#include "store/database.h"
#include "store/grants.h"

namespace hg::identity {

inline constexpr Duration kAccessTokenLife = std::chrono::minutes(60);
inline constexpr Duration kCodeLife = std::chrono::seconds(60);
inline constexpr Duration kRefreshIdle = std::chrono::days(30);
inline constexpr Duration kRefreshLife = std::chrono::days(90);
inline constexpr Duration kSessionLife = std::chrono::hours(24);

// What an access token says. `user` zero: an application by itself.
struct TokenRequest {
  std::string base;  // {base}: the issuer's address
  std::optional<store::User> user;
  ApplicationId application;
  std::string audience;
  std::string scope;  // as the client spelled it
  Scopes roles;       // of an application by itself
  Guid session;
};

// What the token endpoint answers.
struct Issued {
  std::string access_token, refresh_token, id_token, client_info;
  std::string scope;
};

class Issuer {
 public:
  Issuer(store::Database& database, Registry& registry, const Clock& clock)
      : database_(database), registry_(registry), clock_(clock) {}

  [[nodiscard]] std::string issuer(std::string_view base) const;
  [[nodiscard]] std::string access_token(const TokenRequest& request) const;
  [[nodiscard]] std::string id_token(const TokenRequest& request, std::string_view nonce) const;

  // The client that these credentials are of. invalid_client. A public one needs no secret, a confidential one does.
  OAuthResult<Application> authenticate(std::string_view client_id, const std::optional<std::string>& secret) const;

  asio::awaitable<OAuthResult<Issued>> client_credentials(std::string base, Application client, Asked asked);
  // A new code for the redirect URI.
  asio::awaitable<std::string> issue_code(store::AuthorizationCode code);
  // Once only; again revokes what came of it. invalid_grant.
  asio::awaitable<OAuthResult<Issued>> redeem_code(std::string base, Application client, std::string code,
                                                   std::string redirect_uri, std::string verifier);
  // Rotates; an old one revokes the family, but for the very last within ten seconds. invalid_grant.
  asio::awaitable<OAuthResult<Issued>> refresh(std::string base, Application client, std::string token,
                                               std::string scope);

  // The signed-in browser session of this cookie, while it lasts.
  asio::awaitable<std::optional<std::pair<store::Session, store::User>>> session(std::string cookie);
  // The user whose password this is; takes as long where there is none.
  asio::awaitable<std::optional<store::User>> check_password(std::string upn, std::string password);
  // A new session: its id, and the cookie that names it.
  asio::awaitable<std::pair<Guid, std::string>> open_session(UserId user);
  asio::awaitable<void> end_session(Guid id);

 private:
  [[nodiscard]] Issued issue(const TokenRequest& request, const Asked& asked, std::string_view nonce,
                             std::string refresh) const;
  OAuthResult<std::pair<store::AuthorizationCode, std::string>> take_code(store::Connection& tx,
                                                                          const Application& client,
                                                                          const std::string& code,
                                                                          const std::string& redirect_uri,
                                                                          const std::string& verifier);

  store::Database& database_;
  Registry& registry_;
  const Clock& clock_;
};

}  // namespace hg::identity
