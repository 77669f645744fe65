// The query of an authorization request (RFC 6749 §4.1.1, RFC 7636, OpenID Connect Core §3.1.2.1), checked in two
// steps: what may not be redirected to, and what is told to the client by a redirect.
#pragma once

#include <map>
#include <string>

#include "base/encoding.h"
#include "identity/directory.h"
#include "identity/scopes.h"
#include "net/http.h"

namespace hg::api {

enum class ResponseMode { query, fragment, form_post };

struct AuthorizeRequest {
  identity::Application application;
  std::string redirect_uri, state, nonce, code_challenge, login_hint, prompt;
  ResponseMode mode = ResponseMode::query;
  identity::Asked asked;
};

// Without a client and a redirect URI of its own nothing may be redirected: the sentence is for a page.
std::expected<AuthorizeRequest, std::string> find_client(const Form& query, const identity::Directory& directory);
// The rest; an error goes to the client.
identity::OAuthResult<void> check_request(AuthorizeRequest& request, const Form& query, std::string_view base);

// Takes the browser back to the client with these parameters, by the request's response mode.
net::Response redirect_back(const AuthorizeRequest& request, const Form& parameters);

}  // namespace hg::api
