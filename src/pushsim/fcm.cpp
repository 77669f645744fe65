#include "pushsim/fcm.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "pushsim/fcm_message.h"
#include "pushsim/fields.h"
#include "pushsim/settle.h"

namespace hg::pushsim::fcm {

namespace {

constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view kScope = "https://www.googleapis.com/auth/firebase.messaging";
constexpr std::string_view kWiderScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view kProjects = "/v1/projects/";
constexpr auto kTokenLife = std::chrono::seconds(3599);
constexpr auto kLongestAssertion = std::chrono::hours(1);
constexpr auto kSkew = std::chrono::minutes(5);

const App* account_of(const World& world, std::string_view address) {
  for (const App& app : world.apps)
    if (app.platform == Platform::fcm && app.account == address) return &app;
  return nullptr;
}

bool has_scope(std::string_view scopes) {
  while (!scopes.empty()) {
    const auto end = std::min(scopes.find(' '), scopes.size());
    const auto one = scopes.substr(0, end);
    if (one == kScope || one == kWiderScope) return true;
    scopes.remove_prefix(std::min(end + 1, scopes.size()));
  }
  return false;
}

Examined<> check_times(const json::object& claims, Time now) {
  const auto issued = seconds_in(claims, "iat");
  const auto expires = seconds_in(claims, "exp");
  if (!issued || !expires) return refuse(400, "invalid_grant", "iat and exp must be numbers of seconds");
  if (*issued > now + kSkew) return refuse(400, "invalid_grant", "Invalid JWT: iat lies ahead: " + iso(*issued));
  if (*expires <= now) return refuse(400, "invalid_grant", "Invalid JWT: it has expired at " + iso(*expires));
  if (*expires > *issued + kLongestAssertion)
    return refuse(400, "invalid_grant", "Invalid JWT: exp must be within an hour of iat");
  return {};
}

Examined<const App*> check_assertion(const World& world, const crypto::Jwt& jwt) {
  if (jwt.alg != crypto::Alg::rs256) return refuse(400, "invalid_grant", "the assertion must be signed by RS256");
  const auto issuer = text_in(jwt.claims, "iss").value_or("");
  const App* app = account_of(world, issuer);
  if (app == nullptr)
    return refuse(400, "invalid_grant", "Invalid grant: account not found; iss is \"" + issuer + "\"");
  if (!jwt.kid.empty() && jwt.kid != app->key_id)
    return refuse(400, "invalid_grant", "kid must be the private_key_id of the service account");
  if (!jwt.signed_by(app->key->public_key())) return refuse(400, "invalid_grant", "Invalid JWT Signature.");
  const std::string audience = world.addresses.https + "/token";
  if (text_in(jwt.claims, "aud") != audience)
    return refuse(400, "invalid_grant", "aud must be the token_uri, " + audience);
  HG_EXAMINE(check_times(jwt.claims, world.clock.now()));
  if (!has_scope(text_in(jwt.claims, "scope").value_or("")))
    return refuse(400, "invalid_scope", fmt::format("scope must hold {}", kScope));
  return app;
}

Examined<const App*> examine_grant(const World& world, const Call& call, Received& received) {
  if (call.request.method != "POST") return refuse(405, "invalid_request", "POST is the method");
  const auto form = token_request(call.request);
  if (!form)
    return refuse(400, "invalid_request", "the body must be a form (application/x-www-form-urlencoded), no name twice");
  const auto* grant = find(*form, "grant_type");
  if (grant == nullptr || *grant != kGrant)
    return refuse(400, "unsupported_grant_type", fmt::format("grant_type must be {}", kGrant));
  const auto* assertion = find(*form, "assertion");
  const auto jwt = assertion == nullptr ? std::nullopt : crypto::parse_jwt(*assertion);
  if (!jwt) return refuse(400, "invalid_grant", "assertion is no JWT");
  received.details["assertion"] = json::object{{"kid", jwt->kid}, {"claims", jwt->claims}};
  received.endpoint = text_in(jwt->claims, "iss").value_or("");
  return check_assertion(world, *jwt);
}

net::Response granted(World& world, const App& app) {
  net::Response response{.status = 200};
  response.headers.add("Content-Type", "application/json; charset=UTF-8");
  response.headers.add("Cache-Control", "private");
  JsonWriter(response.body)
      .object()
      .field("access_token", world.tokens.issue(Platform::fcm, app.id, kTokenLife, world.clock.now()))
      .field("expires_in", static_cast<std::int64_t>(kTokenLife.count()))
      .field("token_type", "Bearer")
      .end();
  return response;
}

// google.rpc's status for an HTTP status, and FCM's own word.
struct Usual {
  std::string_view status, code;
};

Usual usual(int status) {
  static const std::map<int, Usual> known{{400, {"INVALID_ARGUMENT", "INVALID_ARGUMENT"}},
                                          {401, {"UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"}},
                                          {403, {"PERMISSION_DENIED", "SENDER_ID_MISMATCH"}},
                                          {404, {"NOT_FOUND", "UNREGISTERED"}},
                                          {429, {"RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"}},
                                          {500, {"INTERNAL", "INTERNAL"}},
                                          {503, {"UNAVAILABLE", "UNAVAILABLE"}}};
  const auto found = known.find(status);
  return found == known.end() ? Usual{"UNKNOWN", "UNSPECIFIED_ERROR"} : found->second;
}

// What google.rpc's own status says already is not FCM's to explain.
bool is_status(std::string_view reason) {
  return reason == "UNAUTHENTICATED" || reason == "PERMISSION_DENIED" || reason == "NOT_FOUND";
}

net::Response refusal(const Refusal& why) {
  const Usual words = usual(why.status);
  const std::string code = why.reason.empty() ? std::string(words.code) : why.reason;
  json::array details;
  if (!is_status(code))
    details.push_back(
        json::object{{"@type", "type.googleapis.com/google.firebase.fcm.v1.FcmError"}, {"errorCode", code}});
  if (!why.field.empty() && why.status == 429)
    details.push_back(
        json::object{{"@type", "type.googleapis.com/google.rpc.QuotaFailure"},
                     {"violations", json::array{json::object{{"subject", why.field}, {"description", why.problem}}}}});
  else if (!why.field.empty())
    details.push_back(json::object{
        {"@type", "type.googleapis.com/google.rpc.BadRequest"},
        {"fieldViolations", json::array{json::object{{"field", why.field}, {"description", why.problem}}}}});
  json::object error{{"code", why.status}, {"message", why.problem}, {"status", words.status}};
  if (!details.empty()) error["details"] = std::move(details);
  net::Response response{.status = why.status};
  response.headers.add("Content-Type", "application/json; charset=UTF-8");
  if (why.retry_after > Duration::zero())
    response.headers.add("Retry-After",
                         std::to_string(std::chrono::ceil<std::chrono::seconds>(why.retry_after).count()));
  if (why.status == 401) response.headers.add("WWW-Authenticate", "Bearer realm=\"https://accounts.google.com/\"");
  response.body = json::serialize(json::object{{"error", std::move(error)}});
  return response;
}

Examined<> check_sender(const World& world, const Call& call, std::string_view project) {
  const auto token = bearer_of(call.request);
  if (!token) return refuse(401, "UNAUTHENTICATED", "no Authorization: Bearer <access token>");
  const auto* holder = world.tokens.find(*token);
  if (holder == nullptr || holder->platform != Platform::fcm || holder->expires <= world.clock.now())
    return refuse(401, "UNAUTHENTICATED", "the access token is unknown or has expired");
  if (holder->app != project)
    return refuse(403, "PERMISSION_DENIED", "the access token is not for the project " + std::string(project));
  const auto type = call.request.headers.find("Content-Type").value_or("");
  if (!equal_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json"))
    return refuse(400, "INVALID_ARGUMENT", "Content-Type must be application/json");
  return {};
}

Examined<> check_quotas(World& world, std::string_view project, const Endpoint* device) {
  if (!world.fcm_quotas) return {};
  const auto over =
      world.fcm_quotas->take(project, device == nullptr ? std::string_view() : device->id, world.clock.now());
  if (!over) return {};
  return std::unexpected(Refusal{429, "QUOTA_EXCEEDED", over->description, over->subject, over->pause});
}

// The device; null for topics and conditions.
Examined<Endpoint*> device_of(World& world, const Target& target, std::string_view project) {
  if (target.kind == Target::Kind::topic || target.kind == Target::Kind::condition) return nullptr;
  const bool by_fid = target.kind == Target::Kind::fid;
  Endpoint* endpoint =
      by_fid ? world.endpoints.find_fid(target.value) : world.endpoints.find(Platform::fcm, target.value);
  const std::string field = by_fid ? "message.fid" : "message.token";
  if (endpoint == nullptr)
    return refuse(400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token", field);
  if (endpoint->app != project)
    return refuse(403, "SENDER_ID_MISMATCH", "the token belongs to the project " + endpoint->app);
  return endpoint;
}

Refusal dead(const Endpoint&) { return {404, "UNREGISTERED", "Requested entity was not found."}; }

}  // namespace

Answer token(World& world, Call& call) {
  Received received{.platform = Platform::fcm, .kind = "token"};
  const auto app = examine_grant(world, call, received);
  const Examined<> examined = app ? Examined<>{} : std::unexpected(app.error());
  return settle(world, std::move(received), nullptr, examined,
                {.refuse =
                     [](const Refusal& why) {
                       return oauth_error(why.status, why.reason.empty() ? "internal_failure" : why.reason,
                                          why.problem);
                     },
                 .accept = [&](Received&) { return granted(world, **app); }});
}

Answer push(World& world, Call& call) {
  const std::string_view rest = std::string_view(call.request.path).substr(kProjects.size());
  const std::string_view project = rest.substr(0, rest.find('/'));
  Received received{.platform = Platform::fcm};
  Endpoint* endpoint = nullptr;
  bool only_validated = false;
  const auto examined = [&]() -> Examined<> {
    if (rest.substr(project.size()) != "/messages:send")
      return refuse(404, "NOT_FOUND", "the path ends with /messages:send");
    if (call.request.method != "POST") return refuse(404, "NOT_FOUND", "POST is the method");
    HG_EXAMINE(check_sender(world, call, project));
    auto body = parse_json(call.request.body);
    if (!body || !body->is_object())
      return refuse(400, "INVALID_ARGUMENT", "Invalid JSON payload received.", "message");
    received.details["body"] = *body;
    const auto target = check_message(body->as_object());
    if (!target) return std::unexpected(target.error());
    received.endpoint = target->value;
    const auto device = device_of(world, *target, project);
    if (!device) return std::unexpected(device.error());
    endpoint = *device;
    if (endpoint != nullptr) received.endpoint = endpoint->id;
    HG_EXAMINE(check_quotas(world, project, endpoint));
    for (const std::string_view name : {"validate_only", "validateOnly"})
      if (const auto* only = body->as_object().if_contains(name)) only_validated = only->as_bool();
    return {};
  }();
  if (only_validated) received.kind = "validation";
  return settle(world, std::move(received), endpoint, examined,
                {.refuse = refusal,
                 .accept =
                     [&](Received& good) {
                       net::Response response{.status = 200};
                       response.headers.add("Content-Type", "application/json; charset=UTF-8");
                       const std::string id =
                           fmt::format("projects/{}/messages/{}", project,
                                       only_validated ? "fake_message_id" : "0:" + hex(crypto::random_bytes(16)));
                       good.details["messageId"] = id;
                       JsonWriter(response.body).object().field("name", id).end();
                       return response;
                     },
                 .dead = dead});
}

}  // namespace hg::pushsim::fcm
