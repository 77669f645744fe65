// The embedded issuer: access tokens, ID tokens, authorization codes and refresh tokens (RFC 6749, 7636, 9068, 9700).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "identity/lifetimes.h"
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
  std::string scope;  // as the client spelled it
  Scopes roles;       // of an application by itself
  Guid session;
  Guid family;                       // of the code and refresh tokens that it comes of
  std::optional<Time> signed_in_at;  // when the user gave the password
};

// Who asks at the token endpoint. A public client proves nothing, and a confidential one may act as a public one with
// what was sent to its `spa` and `native` redirect URIs.
struct Client {
  Application application;
  bool proven = false;  // by a secret
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

  [[nodiscard]] OAuthResult<Issued> client_credentials(std::string base, const Client& client,
                                                       const Asked& asked) const;
  // A new code for the redirect URI.
  asio::awaitable<std::string> issue_code(store::AuthorizationCode code);
  // Once only; again revokes what came of it. invalid_grant.
  asio::awaitable<OAuthResult<Issued>> redeem_code(Client client, CodeExchange sent);
  // Rotates. The last one again within ten seconds gets the same answer; any older one revokes the family.
  // invalid_grant, invalid_scope.
  asio::awaitable<OAuthResult<Issued>> refresh(Client client, RefreshExchange sent);

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
