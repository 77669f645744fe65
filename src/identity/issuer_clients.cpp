// The issuer's clients: who asks at the token endpoint.
#include <fmt/format.h>

#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "identity/client_assertion.h"
#include "identity/issuer.h"

namespace hg::identity {

namespace {

bool has_secret(const Application& application, std::string_view secret, Time now) {
  const crypto::Digest digest = crypto::sha256(secret);
  bool found = false;
  for (const store::Secret& known : application.secrets)
    if (crypto::equal(as_bytes(known.sha256), digest) && (!known.expires_at || *known.expires_at > now)) found = true;
  return found;
}

std::unexpected<OAuthError> refused() {
  return oauth_fail("invalid_client", "the client is not known here, or its secret is wrong or expired", 401);
}

std::unexpected<OAuthError> is_blocked() { return oauth_fail("unauthorized_client", "the application is blocked"); }

}  // namespace

OAuthResult<Client> Issuer::authenticate(std::string_view client_id, const std::optional<std::string>& secret) const {
  const auto id = ApplicationId::parse(client_id);
  const auto directory = registry_.directory();
  const Application* known = id ? directory->application(*id) : nullptr;
  if (known == nullptr) return refused();
  if (secret && !secret->empty() && !has_secret(*known, *secret, clock_.now())) return refused();
  if (known->blocked) return is_blocked();
  return Client{*known, secret && !secret->empty()};
}

asio::awaitable<OAuthResult<Client>> Issuer::authenticate_by_assertion(std::string client_id, std::string assertion,
                                                                       std::vector<std::string> audiences) {
  const auto jwt = crypto::parse_jwt(assertion);
  if (!jwt) co_return oauth_fail("invalid_client", "client_assertion is no JWT that is signed as allowed", 401);
  const std::string named = issuer_named_by(*jwt);
  if (!client_id.empty() && !equal_ignoring_case(client_id, named))
    co_return oauth_fail("invalid_client", "client_id is not the iss of client_assertion", 401);
  const auto id = ApplicationId::parse(named);
  const auto directory = registry_.directory();
  const Application* known = id ? directory->application(*id) : nullptr;
  if (known == nullptr) co_return refused();
  const auto checked = check_client_assertion(*jwt, *known, audiences, clock_.now());
  if (!checked) co_return std::unexpected(checked.error());
  if (checked->once) {
    store::Ticket seen{.hash = checked->hash, .kind = "client assertion", .payload = "", .expires_at = checked->until};
    const bool first = co_await database_.transact(
        [&](store::Connection& tx) { return store::tickets::claim(tx, seen, clock_.now()); });
    if (!first) co_return oauth_fail("invalid_client", "client_assertion was used before (jti)", 401);
  }
  if (known->blocked) co_return is_blocked();
  co_return Client{*known, true};
}

}  // namespace hg::identity
