// The embedded issuer: access tokens, ID tokens, authorization codes and refresh tokens (RFC 6749, 7636, 9068, 9700).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "identity/bearer.h"
#include "identity/lifetimes.h"
#include "identity/refresh_token.h"
#include "identity/registry.h"
#include "identity/scopes.h"
#include "store/database.h"
#include "store/grants.h"

namespace hg::identity {

// What an access token says. `user` zero: an application by itself.
struct TokenRequest {
  std::string base;  // {base}: the issuer's address
  std::optional<store::User> user;
  ApplicationId application;
  std::string audience;
  std::string scope;  // of ours as the client spelled it, of another API's the bare names
  Scopes roles;       // of an application by itself
  Guid session;
  Guid family;                       // of the code and refresh tokens that it comes of
  std::optional<Time> signed_in_at;  // when the user gave the password
};

// Who asks at the token endpoint. A public client proves nothing, and a confidential one may act as a public one with
// what was sent to its `spa` and `native` redirect URIs.
struct Client {
  Application application;
  bool proven = false;  // by a secret or a signature
};

// What a client sends for tokens; `base`: {base} of the request.
struct CodeExchange {
  std::string base, code, redirect_uri, verifier;
};
struct RefreshExchange {
  std::string base, token;
  std::string scope;  // "": as granted
};

// What the token endpoint answers.
struct Issued {
  std::string access_token, refresh_token, id_token, client_info;
  std::string scope;
};

// RFC 8628 §3.2.
struct DeviceAuthorization {
  std::string device_code, user_code;
};
// What an application on a device asks of whoever types its user code.
struct DeviceRequest {
  ApplicationId application;
  std::string scopes;
};

// Who is signed in in a browser, and since when.
struct SignedIn {
  store::Session session;
  store::User user;
};

class Issuer {
 public:
  Issuer(store::Database& database, Registry& registry, const Clock& clock)
      : database_(database), registry_(registry), clock_(clock), refresh_key_(registry.key_for("refresh tokens")) {}

  [[nodiscard]] std::string issuer(std::string_view base) const;
  [[nodiscard]] std::string access_token(const TokenRequest& request) const;
  [[nodiscard]] std::string id_token(const TokenRequest& request, std::string_view nonce) const;

  // The client that these credentials are of. invalid_client for one that is unknown or a secret that is wrong or
  // expired; unauthorized_client for a blocked one.
  [[nodiscard]] OAuthResult<Client> authenticate(std::string_view client_id,
                                                 const std::optional<std::string>& secret) const;
  // By a JWT that it signed (RFC 7523 §3), made out to one of `audiences`; `client_id` "": the one that it names.
  // invalid_client, unauthorized_client.
  asio::awaitable<OAuthResult<Client>> authenticate_by_assertion(std::string client_id, std::string assertion,
                                                                 std::vector<std::string> audiences);

  [[nodiscard]] OAuthResult<Issued> client_credentials(std::string base, const Client& client,
                                                       const Asked& asked) const;
  // A new code for the redirect URI.
  asio::awaitable<std::string> issue_code(store::AuthorizationCode code);
  // Once only; again revokes what came of it. invalid_grant.
  asio::awaitable<OAuthResult<Issued>> redeem_code(Client client, CodeExchange sent);
  // Rotates. The last one again within ten seconds gets the same answer; any older one revokes the family.
  // invalid_grant, invalid_scope.
  asio::awaitable<OAuthResult<Issued>> refresh(Client client, RefreshExchange sent);

  // Of the user of `from`, whose token is for this client (Bearer::verify_assertion). invalid_grant, invalid_scope.
  asio::awaitable<OAuthResult<Issued>> on_behalf_of(Client client, std::string base, Principal from, Asked asked);
  // RFC 7009: a refresh token with all that came of its sign-in, or one access token. What is not the client's, or no
  // token, is passed over; invalid_client where it takes a secret that was not shown.
  asio::awaitable<OAuthResult<void>> revoke_token(Client client, std::string token);

  asio::awaitable<DeviceAuthorization> begin_device(Client client, Asked asked);
  // While it waits; in either case and with any hyphens or spaces in it.
  asio::awaitable<std::optional<DeviceRequest>> device_request(std::string user_code);
  // False where it no longer waits.
  asio::awaitable<bool> allow_device(std::string user_code, UserId user, Guid session);
  asio::awaitable<bool> deny_device(std::string user_code);
  // authorization_pending, slow_down, access_denied, expired_token, invalid_grant.
  asio::awaitable<OAuthResult<Issued>> redeem_device(Client client, std::string base, std::string device_code);

  // What the user has let the application do (identity/consent.h).
  asio::awaitable<bool> consented(UserId user, ApplicationId application, std::vector<std::string> names);
  asio::awaitable<void> consent(UserId user, ApplicationId application, std::vector<std::string> names);
  asio::awaitable<std::vector<store::consents::Consent>> consents(UserId user);
  // With all tokens that came of it; false where there was none.
  asio::awaitable<bool> withdraw_consent(UserId user, ApplicationId application);

  // A one-time password of the user, once.
  asio::awaitable<bool> check_totp(UserId user, std::string password);
  // From now on, where `password` shows that the user's device has the seed.
  asio::awaitable<bool> set_totp(UserId user, Buffer seed, std::string password);

  // Those that tokens may still come of, newest first.
  asio::awaitable<std::vector<store::Session>> sessions(UserId user);
  asio::awaitable<bool> end_session_of(UserId user, Guid session);

  // The signed-in browser session of this cookie, while it lasts.
  asio::awaitable<std::optional<SignedIn>> session(std::string cookie);
  // The user whose password this is; takes as long where there is none.
  asio::awaitable<std::optional<store::User>> check_password(std::string upn, std::string password);
  struct Opened {
    Guid id;
    std::string cookie;  // that names it
  };
  asio::awaitable<Opened> open_session(UserId user);
  // However long ago it was last used: its tokens may live yet.
  asio::awaitable<void> end_session(std::string cookie);

 private:
  // What a transaction of a grant decided; `refresh` is "" where none was asked.
  struct Granted {
    store::User user;
    Asked asked;
    std::string refresh, nonce;
    Guid session, family;
    std::optional<Time> signed_in_at;
  };

  // `revoked`: what came of it before is refused from now on, so the picture in memory has to be replaced.
  OAuthResult<Granted> take_code(store::Connection& tx, const Client& client, const CodeExchange& sent,
                                 bool& revoked) const;
  OAuthResult<Granted> take_device(store::Connection& tx, const Client& client, const std::string& base,
                                   const std::string& device_code) const;
  // What a user has granted becomes a family of tokens: `granted` with its user, scopes, audience and session.
  Granted found_family(store::Connection& tx, const Client& client, Granted granted, const RefreshToken& first) const;
  OAuthResult<Granted> renew(store::Connection& tx, const Client& client, const RefreshExchange& sent,
                             bool& revoked) const;
  [[nodiscard]] Issued issue(std::string base, const Client& client, Granted granted) const;
  // Everything that came of one sign-in to one application, with a line in the audit log.
  void revoke(store::Connection& tx, const Client& client, Guid family, std::string_view why) const;

  store::Database& database_;
  Registry& registry_;
  const Clock& clock_;
  const crypto::SealingKey refresh_key_;
};

}  // namespace hg::identity
