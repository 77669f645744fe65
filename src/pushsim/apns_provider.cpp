#include "pushsim/apns_provider.h"

#include <fmt/format.h>

#include <string>

#include "base/encoding.h"
#include "crypto/certificate.h"
#include "crypto/jwt.h"
#include "pushsim/fields.h"

namespace hg::pushsim::apns {

namespace {

constexpr std::size_t kIdLength = 10;  // of key and team ids
constexpr auto kMostAge = std::chrono::hours(1);
constexpr auto kLeastAge = std::chrono::minutes(20);  // before a connection may bring another
constexpr auto kSkew = std::chrono::minutes(5);       // a clock that is ahead

bool serves(const App& app, Door door) {
  return app.environment.empty() || app.environment == (door == Door::apns ? "production" : "sandbox");
}

Examined<const App*> check_certificate(const World& world, const std::string& print, Door door) {
  const App* app = world.app(Platform::apns, print);
  if (app == nullptr) return refuse(403, "BadCertificate", "no certificate of the SHA-256 " + print);
  if (crypto::certificate_facts(app->certificate).value().not_after <= world.clock.now())
    return refuse(403, "BadCertificate", "the certificate has ended");
  if (!serves(*app, door))
    return refuse(403, "BadCertificateEnvironment", fmt::format("the certificate is for {} only", app->environment));
  return app;
}

Examined<const App*> check_signature(const World& world, const crypto::Jwt& jwt, Door door) {
  if (jwt.alg != crypto::Alg::es256) return refuse(403, "InvalidProviderToken", "alg must be ES256");
  if (jwt.kid.size() != kIdLength)
    return refuse(403, "InvalidProviderToken", "kid must be the key id, 10 characters; it is \"" + jwt.kid + "\"");
  const App* app = world.app(Platform::apns, jwt.kid);
  if (app == nullptr) return refuse(403, "InvalidProviderToken", "no key of the id " + jwt.kid);
  const auto issuer = text_in(jwt.claims, "iss").value_or("");
  if (issuer != app->team)
    return refuse(403, "InvalidProviderToken",
                  fmt::format("iss must be the team of the key, {}; it is \"{}\"", app->team, issuer));
  if (!jwt.signed_by(app->key->public_key()))
    return refuse(403, "InvalidProviderToken", "the token is not signed by that key");
  if (!serves(*app, door))
    return refuse(403, "BadEnvironmentKeyIdInToken", fmt::format("the key is for {} only", app->environment));
  return app;
}

Examined<> check_age(const crypto::Jwt& jwt, Time now) {
  const auto issued = seconds_in(jwt.claims, "iat");
  if (!issued) return refuse(403, "InvalidProviderToken", "iat is missing, or no number of seconds");
  if (*issued > now + kSkew) return refuse(403, "InvalidProviderToken", "iat lies ahead: " + iso(*issued));
  if (*issued + kMostAge < now)
    return refuse(403, "ExpiredProviderToken", "the token is older than an hour: iat is " + iso(*issued));
  return {};
}

// "You can't use different keys on a connection", and not a new token more often than every 20 minutes.
Examined<> check_habits(Conversation& conversation, const App& app, std::string_view token, Time now) {
  const std::string provider = app.team + "/" + app.id;
  if (!conversation.provider.empty() && conversation.provider != provider)
    return refuse(403, "UnrelatedKeyIdInToken",
                  "the connection belongs to " + conversation.provider + "; another key needs one of its own");
  if (conversation.token == token) return {};
  if (!conversation.token.empty() && now < conversation.token_since + kLeastAge)
    return refuse(429, "TooManyProviderTokenUpdates",
                  "a new token within 20 minutes, the one before came at " + iso(conversation.token_since));
  conversation.provider = provider;
  conversation.token = token;
  conversation.token_since = now;
  return {};
}

}  // namespace

Examined<const App*> check_provider(const World& world, Call& call, Received& received) {
  const auto token = bearer_of(call.request);
  const std::string certificate = call.conversation == nullptr ? "" : call.conversation->certificate;
  if (!certificate.empty()) received.details["certificate"] = certificate;
  if (!certificate.empty() && !call.request.headers.find("authorization"))
    return check_certificate(world, certificate, call.door);
  if (!token) return refuse(403, "MissingProviderToken", "no Authorization: bearer <provider token>");
  const Time now = world.clock.now();
  // One that was checked on this connection is known to be good but for its age.
  const auto jwt = crypto::parse_jwt(*token);
  if (!jwt) return refuse(403, "InvalidProviderToken", "the provider token is no JWT");
  received.details["providerToken"] = json::object{{"kid", jwt->kid}, {"claims", jwt->claims}};
  const bool known = call.conversation != nullptr && call.conversation->token == *token;
  const auto app =
      known ? Examined<const App*>(world.app(Platform::apns, jwt->kid)) : check_signature(world, *jwt, call.door);
  if (!app || *app == nullptr) return app;
  HG_EXAMINE(check_age(*jwt, now));
  if (call.conversation != nullptr) HG_EXAMINE(check_habits(*call.conversation, **app, *token, now));
  return app;
}

}  // namespace hg::pushsim::apns
