#include "api/admission.h"

#include "api/headers.h"

namespace hg::api {
namespace {

using identity::Scope;

std::unexpected<Error> lacks(std::string_view scope) {
  return fail(Code::scope_missing, "the token lacks the scope " + std::string(scope));
}

bool has_body(const net::Request& request) {
  return !request.body.empty() && (request.method == "POST" || request.method == "PATCH");
}

Result<void> check_body_type(const net::Request& request) {
  const auto coding = request.headers.find("Content-Encoding");
  if (coding && !coding->empty() && !equal_ignoring_case(*coding, "identity"))
    return fail(Code::unsupported_media_type,
                "Content-Encoding is " + std::string(*coding) + "; send the body as it is");
  if (!is_json(request.headers))
    return fail(Code::unsupported_media_type, "Content-Type is " + std::string(*request.headers.find("Content-Type")) +
                                                  "; application/json in UTF-8 is right");
  return {};
}

}  // namespace

Result<void> check_headers(const net::Request& request, const Route& route) {
  if (!route.is(kAnyType) && !accepts(request.headers, "application/json"))
    return fail(Code::not_acceptable, "the answer is application/json, which Accept excludes");
  if (route.shape == Shape::graph) {
    for (const std::string_view name : {"If-Modified-Since", "If-Range"}) {
      if (request.headers.find(name))
        return fail(Code::unsupported_header, std::string(name) + " is not supported; leave it out");
    }
  }
  if (!route.is(kForm) && has_body(request)) return check_body_type(request);
  return {};
}

Result<identity::Principal> authenticate(const net::Request& request, const Route& route, identity::Bearer& bearer,
                                         std::string_view base, Time now) {
  if (route.who == Who::open) return identity::Principal{};
  const auto authorization = request.headers.find("Authorization");
  const bool administers = route.who == Who::admin_write || route.who == Who::admin_read;
  if (!authorization && administers && request.listener == net::Listener::unix_socket) {
    identity::Principal local;
    local.local_administrator = true;
    return local;
  }
  if (!authorization && route.is(kTickets) && find(parse_form(request.query).value_or(Form{}), "ticket") != nullptr)
    return identity::Principal{};
  HG_TRY(const auto principal, bearer.verify(authorization.value_or(""), base, now));
  HG_CHECK(authorize(principal, route.who));
  return principal;
}

Result<void> authorize(const identity::Principal& principal, Who who) {
  const identity::Scopes& scopes = principal.scopes;
  const bool notifications = scopes.has(Scope::notifications);
  const bool activities = notifications || scopes.has(Scope::activities);
  switch (who) {
    case Who::open:
      return {};
    case Who::admin_write:
      if (principal.local_administrator || scopes.has(Scope::admin)) return {};
      return lacks("Heliograph.Admin");
    case Who::admin_read:
      if (principal.local_administrator || scopes.has(Scope::admin) || scopes.has(Scope::read)) return {};
      return lacks("Heliograph.Read");
    case Who::either:
      if (principal.app_only || notifications) return {};
      return lacks("Notifications.ReadWrite.CreatedByApp");
    case Who::profile:
    case Who::user:
    case Who::feed_user:
      break;
  }
  if (principal.app_only)
    return fail(Code::scope_missing, "this call needs the token of a user; this one is of an application alone");
  if (who == Who::profile) return activities || scopes.has(Scope::user_read) ? Result<void>{} : lacks("User.Read");
  if (who == Who::user ? notifications : activities) return {};
  return lacks(who == Who::user ? "Notifications.ReadWrite.CreatedByApp" : "UserActivity.ReadWrite.CreatedByApp");
}

}  // namespace hg::api
