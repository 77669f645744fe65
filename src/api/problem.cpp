#include "api/problem.h"

#include <array>

#include "base/json.h"

namespace hg::api {

namespace {

struct Row {
  Code code;
  Problem problem;
};

constexpr std::string_view kBad = "badRequest";
constexpr std::string_view kToken = "InvalidAuthenticationToken";
constexpr std::string_view kDenied = "accessDenied";

// In the order of Code. An empty inner code: the code says all, or the error's reason does.
constexpr std::array kProblems{
    Row{Code::invalid_json, {400, kBad, "invalidJson", 400, 10001}},
    Row{Code::not_an_object, {400, kBad, "notAnObject", 400, 10001}},
    Row{Code::property_missing, {400, kBad, "propertyMissing", 400, 10002}},
    Row{Code::property_invalid, {400, kBad, "propertyInvalid", 400, 10002}},
    Row{Code::unsupported_header, {400, kBad, "unsupportedHeader", 400, 10002}},
    Row{Code::subscription_id_required, {400, kBad, "subscriptionIdRequired", 400, 10002}},
    Row{Code::ambiguous_target_host_name, {400, kBad, "ambiguousTargetHostName", 400, 10003}},
    Row{Code::invalid_query_option, {400, kBad, "invalidQueryOption", 400, 10002}},
    Row{Code::token_missing, {401, kToken, "tokenMissing", 401, 20001}},
    Row{Code::token_expired, {401, kToken, "tokenExpired", 401, 20003}},
    Row{Code::token_revoked, {401, kToken, "tokenRevoked", 401, 20003}},
    Row{Code::wrong_audience, {401, kToken, "wrongAudience", 401, 20002}},
    Row{Code::issuer_unknown, {401, kToken, "issuerUnknown", 401, 20002}},
    Row{Code::token_invalid, {401, kToken, "tokenInvalid", 401, 20002}},
    Row{Code::scope_missing, {403, kDenied, "scopeMissing", 403, 20004}},
    Row{Code::application_blocked, {403, kDenied, "applicationBlocked", 403, 20005}},
    Row{Code::user_blocked, {403, kDenied, "userBlocked", 403, 20005}},
    Row{Code::target_not_allowed, {403, kDenied, "targetNotAllowed", 403, 20006}},
    Row{Code::not_found, {404, "itemNotFound", "", 404, 30001}},
    Row{Code::subscription_not_found, {404, "itemNotFound", "", 404, 30002}},
    Row{Code::subscription_ended, {410, "subscriptionEnded", "", 410, 30003}},
    Row{Code::method_not_allowed, {405, "methodNotAllowed", "", 405, 10005}},
    Row{Code::not_acceptable, {406, "notAcceptable", "", 406, 10006}},
    Row{Code::conflict, {409, "conflict", "", 409, 10009}},
    Row{Code::resource_modified, {412, "resourceModified", "", 412, 30004}},
    Row{Code::content_changed, {412, "contentChanged", "", 412, 30004}},
    Row{Code::too_large, {413, "requestTooLarge", "", 413, 10013}},
    Row{Code::unsupported_media_type, {415, "unsupportedMediaType", "", 415, 10015}},
    Row{Code::idempotency_key_reused, {422, "idempotencyKeyReused", "", 422, 10022}},
    Row{Code::misdirected, {421, "misdirectedRequest", "", 421, 10021}},
    Row{Code::failed_dependency, {424, "failedDependency", "", 424, 10024}},
    Row{Code::sync_state_not_found, {410, "syncStateNotFound", "", 410, 30005}},
    Row{Code::too_many_requests, {429, "activityLimitReached", "", 429, 40001}},
    Row{Code::unavailable, {503, "serviceNotAvailable", "", 503, 50001}},
    Row{Code::internal, {500, "internalServerError", "", 500, 50002}},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kProblems.size(); ++i)
    if (kProblems[i].code != static_cast<Code>(i)) return false;
  return kProblems.size() == static_cast<std::size_t>(Code::internal) + 1;
}
static_assert(in_order(), "every Code has its row, in order");

constexpr std::chrono::seconds kRetryAfter{1};  // where the error does not know better

std::string_view inner_code(const Error& error) {
  return error.code == Code::subscription_ended ? std::string_view(error.reason) : problem(error.code).inner;
}

std::optional<std::int64_t> retry_after(const Error& error) {
  const bool always = error.code == Code::too_many_requests || error.code == Code::unavailable;
  if (!always && !error.retry_after) return std::nullopt;
  return error.retry_after.value_or(kRetryAfter).count();
}

// RFC 9110 §5.6.4: a quoted-string; what may not stand in a header is left out.
std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// RFC 6750 §3, with the authorization_uri that clients of the original look for; a ticket cannot be asked for.
std::string challenge(const Error& error, const ProblemContext& context) {
  std::string text = std::string(context.scheme) + " realm=\"heliograph\"";
  if (context.scheme == "Bearer")
    text += ", authorization_uri=" + quoted_string(context.base + "/common/oauth2/v2.0/authorize");
  return text + ", error=\"invalid_token\", error_description=" + quoted_string(error.message);
}

net::Response refused(const Error& error, int status, std::string_view content_type, std::string body,
                      const ProblemContext& context) {
  net::Response response{.status = status, .body = std::move(body)};
  response.headers.set("Content-Type", content_type);
  if (status == 401) response.headers.set("WWW-Authenticate", challenge(error, context));
  if (const auto seconds = retry_after(error)) response.headers.set("Retry-After", std::to_string(*seconds));
  return response;
}

void write_detail(JsonWriter& out, const Error& detail) {
  out.object().field("code", problem_name(detail)).field("message", std::string_view(detail.message));
  if (!detail.target.empty()) out.field("target", std::string_view(detail.target));
  out.end();
}

void write_inner(JsonWriter& out, const Error& error, const ProblemContext& context) {
  const std::string date = iso(context.now);
  out.key("innerError").object();
  if (!inner_code(error).empty()) out.field("code", inner_code(error));
  if (!error.reason.empty()) out.field("reason", std::string_view(error.reason));
  // Client libraries read the date without a zone.
  out.field("date", std::string_view(date).substr(0, std::string_view("2026-11-23T08:00:00").size()));
  out.field("request-id", std::string_view(context.request_id));
  out.field("client-request-id",
            std::string_view(context.client_request_id.empty() ? context.request_id : context.client_request_id));
  out.end();
}

}  // namespace

const Problem& problem(Code code) { return kProblems[static_cast<std::size_t>(code)].problem; }

std::string_view problem_name(const Error& error) {
  const std::string_view inner = inner_code(error);
  return inner.empty() ? problem(error.code).code : inner;
}

net::Response graph_problem(const Error& error, const ProblemContext& context) {
  const Problem& row = problem(error.code);
  std::string body;
  JsonWriter out(body);
  out.object().key("error").object().field("code", row.code).field("message", std::string_view(error.message));
  if (!error.target.empty()) out.field("target", std::string_view(error.target));
  if (!error.details.empty()) {
    out.key("details").array();
    for (const Error& detail : error.details) write_detail(out, detail);
    out.end();
  }
  write_inner(out, error, context);
  out.end().end();
  return refused(error, row.status, kGraphJson, std::move(body), context);
}

net::Response feed_problem(const Error& error, const ProblemContext& context) {
  const Problem& row = problem(error.code);
  std::string body;
  JsonWriter out(body);
  std::string message = error.message;
  if (!error.target.empty()) message += " (" + error.target + ")";
  out.object().field("errorCode", row.feed_code).field("errorMessage", std::string_view(message));
  if (!error.reason.empty()) out.field("reason", std::string_view(error.reason));
  if (const auto seconds = retry_after(error)) out.field("retryAfter", *seconds);
  out.end();
  return refused(error, row.feed_status, kFeedJson, std::move(body), context);
}

}  // namespace hg::api
