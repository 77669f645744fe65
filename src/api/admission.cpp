#include "api/admission.h"

#include "api/headers.h"
#include "base/inflate.h"

namespace hg::api {
namespace {

using identity::Scope;

std::unexpected<Error> lacks(std::string_view scope) {
  return fail(Code::scope_missing, "the token lacks the scope " + std::string(scope));
}

bool has_body(const net::Request& request) {
  return !request.body.empty() && (request.method == "POST" || request.method == "PATCH");
}

std::unexpected<Error> unknown_coding(std::string_view coding, std::string_view right) {
  return fail(Code::unsupported_media_type,
              "Content-Encoding is " + std::string(coding) + "; " + std::string(right) + " is right");
}

// How the body is packed; nullopt: not at all.
Result<std::optional<Packing>> packing_of(const net::Request& request) {
  if (request.headers.count("Content-Encoding") > 1)
    return unknown_coding("there several times", "one of gzip, deflate, identity");
  const std::string_view coding = request.headers.find("Content-Encoding").value_or("");
  if (coding.empty() || equal_ignoring_case(coding, "identity")) return std::nullopt;
  if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) return Packing::gzip;
  if (equal_ignoring_case(coding, "deflate")) return Packing::deflate;
  return unknown_coding(coding, "gzip, deflate or identity");
}

Result<void> check_body_type(const net::Request& request) {
  HG_CHECK(packing_of(request));
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
  if (route.is(kForm)) {
    HG_TRY(const auto packing, packing_of(request));
    if (packing) return unknown_coding(*request.headers.find("Content-Encoding"), "identity");
    return {};
  }
  return has_body(request) ? check_body_type(request) : Result<void>{};
}

Result<void> unpack_body(net::Request& request, std::size_t limit) {
  if (!has_body(request)) return {};
  HG_TRY(const auto packing, packing_of(request));
  if (!packing) return {};
  auto unpacked = inflate(request.body, *packing, limit);
  if (!unpacked)
    return fail(unpacked.error().code, "the body, as Content-Encoding has it, " + unpacked.error().message);
  request.body = std::move(*unpacked);
  request.headers.remove("Content-Encoding");
  return {};
}

Result<identity::Principal> authenticate(const net::Request& request, const Route& route, identity::Bearer& bearer,
                                         std::string_view base, Time now) {
  if (route.who == Who::open || route.who == Who::ticket) return identity::Principal{};
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
    case Who::token:
    case Who::ticket:
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
    case Who::application:
      if (principal.app_only) return {};
      return fail(Code::scope_missing, "this call needs the token of an application alone; this one is of a user");
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
