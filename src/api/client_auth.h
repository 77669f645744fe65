// Which client calls the identity platform's endpoints, and how it proves it (RFC 6749 §2.3, RFC 7523 §2.2).
#pragma once

#include "api/context.h"
#include "identity/issuer.h"
#include "identity/scopes.h"

namespace hg::api {

// The form of a POST. invalid_request for what is no form, or repeats a parameter.
identity::OAuthResult<Form> read_form(const Call& call);

// By client_secret_basic, client_secret_post or private_key_jwt, never two of them; a public client names itself.
asio::awaitable<identity::OAuthResult<identity::Client>> authenticate_client(Call& call, const Form& form);

}  // namespace hg::api
