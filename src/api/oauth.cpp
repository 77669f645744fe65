#include "api/oauth.h"

#include <fmt/format.h>

namespace hg::api {

namespace {

// What clients of the retired platform look for in error_codes; the words are ours.
int error_number(std::string_view error) {
  if (error == "invalid_client") return 7000215;
  if (error == "invalid_grant") return 70008;
  if (error == "invalid_scope") return 70011;
  if (error == "unsupported_grant_type") return 70003;
  if (error == "unauthorized_client") return 700016;
  if (error == "invalid_tenant") return 90002;
  return 900144;
}

// Clients that cannot set a header send it in the query.
std::string correlation_id(const Call& call) {
  if (!call.client_request_id.empty()) return call.client_request_id;
  const std::string* sent = call.option("client-request-id");
  const auto guid = sent != nullptr ? Guid::parse(*sent) : std::nullopt;
  return guid ? guid->str() : call.request_id;
}

}  // namespace

identity::OAuthResult<void> check_tenant(const Call& call) {
  const std::string tenant = lower(call.param("tenant"));
  const std::string ours = call.services.registry.directory()->tenant().str();
  if (tenant == "common" || tenant == "organizations" || tenant == "consumers" || tenant == ours) return {};
  return identity::oauth_fail("invalid_tenant", fmt::format("there is no tenant {} here; common and {} name the one "
                                                            "there is",
                                                            tenant.substr(0, 64), ours));
}

net::Response oauth_error(const Call& call, const identity::OAuthError& error) {
  const std::string at = iso(call.now);
  std::string out;
  JsonWriter writer(out);
  writer.object()
      .field("error", error.error)
      .field("error_description", error.description)
      .key("error_codes")
      .array()
      .value(error_number(error.error))
      .end();
  if (!error.suberror.empty()) writer.field("suberror", error.suberror);
  writer.field("timestamp", at.substr(0, 10) + " " + at.substr(11, 8) + "Z")
      .field("trace_id", call.request_id)
      .field("correlation_id", correlation_id(call))
      .end();
  net::Response response = fleeting_json(error.status, std::move(out));
  // RFC 6749 §5.2; without the header a browser would open a dialogue of its own.
  if (error.status == 401 && call.request.headers.find("Authorization"))
    response.headers.add("WWW-Authenticate", "Basic realm=\"heliograph\", charset=\"UTF-8\"");
  return response;
}

net::Response fleeting_json(int status, std::string body) {
  net::Response response = json_response(status, std::move(body));
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("Pragma", "no-cache");
  return response;
}

}  // namespace hg::api
