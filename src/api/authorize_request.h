// The query of an authorization request (RFC 6749 §4.1.1, RFC 7636, OpenID Connect Core §3.1.2.1), checked in two
// steps: what may not be redirected to, and what is told to the client by a redirect.
#pragma once

#include <optional>
#include <string>

#include "base/encoding.h"
#include "identity/directory.h"
#include "identity/issuer.h"
#include "identity/scopes.h"
#include "net/http.h"

namespace hg::api {

enum class ResponseMode { query, fragment, form_post };

struct AuthorizeRequest {
  identity::Application application;
  std::string_view redirect_kind;  // "web", "spa", "native"
  std::string redirect_uri, state, nonce, code_challenge, login_hint;
  ResponseMode mode = ResponseMode::query;
  bool ask = false;      // for the password, whoever is signed in
  bool silent = false;   // show nothing: prompt=none
  bool consent = false;  // ask what the user has allowed before too: prompt=consent
  std::optional<std::chrono::seconds> max_age;
  identity::Asked asked;

  // Whether a browser session is enough of an answer.
  [[nodiscard]] bool satisfied_by(const identity::SignedIn& signed_in, Time now) const;
};

// Without a client and a redirect URI of its own nothing may be redirected: the sentence is for a page.
std::expected<AuthorizeRequest, std::string> find_client(const Form& query, const identity::Directory& directory);
// The rest; an error goes to the client.
identity::OAuthResult<void> check_request(AuthorizeRequest& request, const Form& query, std::string_view base,
                                          const identity::Directory& directory);

// Takes the browser back to the client with these parameters, by the request's response mode.
net::Response redirect_back(const AuthorizeRequest& request, const Form& parameters);
// Where a form may lead to reach the client, as a Content-Security-Policy source (CSP 3 §2.3.1).
std::string form_target(std::string_view redirect_uri);

}  // namespace hg::api
