#include "api/problem.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace hg::api {
namespace {

const ProblemContext kContext{.request_id = "11111111-0000-4000-8000-000000000001",
                              .client_request_id = "",
                              .now = *parse_iso("2026-11-23T08:00:00.123Z"),
                              .base = "https://push.contoso.com"};

Error error(Code code, std::string message = "why") { return Error{code, std::move(message)}; }

json::object graph(const Error& e, const ProblemContext& context = kContext) {
  return parse_json(graph_problem(e, context).body).value().at("error").as_object();
}
json::object feed(const Error& e) { return parse_json(feed_problem(e, kContext).body).value().as_object(); }
std::string header(const net::Response& response, std::string_view name) {
  return std::string(response.headers.find(name).value_or("-"));
}

struct Expected {
  Code code;
  int status;
  const char *name, *inner;
  int feed_code;
};

TEST(Problem, has_the_wire_names_of_every_code) {
  const std::vector<Expected> table{
      {Code::invalid_json, 400, "badRequest", "invalidJson", 10001},
      {Code::not_an_object, 400, "badRequest", "notAnObject", 10001},
      {Code::property_missing, 400, "badRequest", "propertyMissing", 10002},
      {Code::property_invalid, 400, "badRequest", "propertyInvalid", 10002},
      {Code::unsupported_header, 400, "badRequest", "unsupportedHeader", 10002},
      {Code::subscription_id_required, 400, "badRequest", "subscriptionIdRequired", 10002},
      {Code::ambiguous_target_host_name, 400, "badRequest", "ambiguousTargetHostName", 10003},
      {Code::invalid_query_option, 400, "badRequest", "invalidQueryOption", 10002},
      {Code::token_missing, 401, "InvalidAuthenticationToken", "tokenMissing", 20001},
      {Code::token_expired, 401, "InvalidAuthenticationToken", "tokenExpired", 20003},
      {Code::token_revoked, 401, "InvalidAuthenticationToken", "tokenRevoked", 20003},
      {Code::wrong_audience, 401, "InvalidAuthenticationToken", "wrongAudience", 20002},
      {Code::issuer_unknown, 401, "InvalidAuthenticationToken", "issuerUnknown", 20002},
      {Code::token_invalid, 401, "InvalidAuthenticationToken", "tokenInvalid", 20002},
      {Code::scope_missing, 403, "accessDenied", "scopeMissing", 20004},
      {Code::application_blocked, 403, "accessDenied", "applicationBlocked", 20005},
      {Code::user_blocked, 403, "accessDenied", "userBlocked", 20005},
      {Code::target_not_allowed, 403, "accessDenied", "targetNotAllowed", 20006},
      {Code::not_found, 404, "itemNotFound", "", 30001},
      {Code::subscription_not_found, 404, "itemNotFound", "", 30002},
      {Code::subscription_ended, 410, "subscriptionEnded", "", 30003},
      {Code::method_not_allowed, 405, "methodNotAllowed", "", 10005},
      {Code::not_acceptable, 406, "notAcceptable", "", 10006},
      {Code::conflict, 409, "conflict", "", 10009},
      {Code::resource_modified, 412, "resourceModified", "", 30004},
      {Code::content_changed, 412, "contentChanged", "", 30004},
      {Code::too_large, 413, "requestTooLarge", "", 10013},
      {Code::unsupported_media_type, 415, "unsupportedMediaType", "", 10015},
      {Code::idempotency_key_reused, 422, "idempotencyKeyReused", "", 10022},
      {Code::misdirected, 421, "misdirectedRequest", "", 10021},
      {Code::failed_dependency, 424, "failedDependency", "", 10024},
      {Code::sync_state_not_found, 410, "syncStateNotFound", "", 30005},
      {Code::too_many_requests, 429, "activityLimitReached", "", 40001},
      {Code::unavailable, 503, "serviceNotAvailable", "", 50001},
      {Code::internal, 500, "internalServerError", "", 50002}};
  ASSERT_EQ(table.size(), static_cast<std::size_t>(Code::internal) + 1);
  for (const Expected& row : table) {
    const Error e = error(row.code);
    EXPECT_EQ(graph_problem(e, kContext).status, row.status) << row.name;
    EXPECT_EQ(feed_problem(e, kContext).status, row.status) << row.name;
    EXPECT_EQ(graph(e).at("code").as_string(), row.name);
    const json::object inner = graph(e).at("innerError").as_object();
    EXPECT_EQ(inner.contains("code"), *row.inner != '\0') << row.name;
    if (*row.inner) EXPECT_EQ(inner.at("code").as_string(), row.inner);
    EXPECT_EQ(problem_name(e), *row.inner ? row.inner : row.name);
    EXPECT_EQ(feed(e).at("errorCode").as_int64(), row.feed_code) << row.name;
    EXPECT_EQ(feed(e).at("errorMessage").as_string(), "why");
  }
}

TEST(GraphProblem, has_the_shape_of_the_original) {
  Error e{Code::property_invalid, "priority is 5; None, High or Low is right", "/priority"};
  e.details.push_back({Code::property_missing, "payload is missing", "/payload"});
  const auto response = graph_problem(e, kContext);
  EXPECT_EQ(header(response, "Content-Type"), kGraphJson);
  EXPECT_EQ(response.body,
            R"({"error":{"code":"badRequest","message":"priority is 5; None, High or Low is right",)"
            R"("target":"/priority","details":[{"code":"propertyMissing","message":"payload is missing",)"
            R"("target":"/payload"}],"innerError":{"code":"propertyInvalid","date":"2026-11-23T08:00:00",)"
            R"("request-id":"11111111-0000-4000-8000-000000000001",)"
            R"("client-request-id":"11111111-0000-4000-8000-000000000001"}}})");
}

TEST(GraphProblem, repeats_the_callers_request_id) {
  ProblemContext context = kContext;
  context.client_request_id = "22222222-0000-4000-8000-000000000001";
  EXPECT_EQ(graph(error(Code::not_found), context).at("innerError").at("client-request-id").as_string(),
            context.client_request_id.c_str());
}

TEST(Problem, says_why_a_subscription_ended) {
  Error e = error(Code::subscription_ended);
  e.reason = "channelGone";
  EXPECT_EQ(graph(e).at("code").as_string(), "subscriptionEnded");
  EXPECT_EQ(graph(e).at("innerError").at("code").as_string(), "channelGone");
  EXPECT_EQ(graph(e).at("innerError").at("reason").as_string(), "channelGone");
  EXPECT_EQ(feed(e).at("reason").as_string(), "channelGone");
}

TEST(Problem, challenges_who_comes_without_a_good_token) {
  const Error e = error(Code::token_invalid, "not \"ours\"\r\nSet-Cookie: x=ä");
  const std::string challenge =
      R"(Bearer realm="heliograph", authorization_uri="https://push.contoso.com/common/oauth2/v2.0/authorize", )"
      R"(error="invalid_token", error_description="not \"ours\"Set-Cookie: x=")";
  EXPECT_EQ(header(graph_problem(e, kContext), "WWW-Authenticate"), challenge);
  EXPECT_EQ(header(feed_problem(e, kContext), "WWW-Authenticate"), challenge);
  EXPECT_EQ(header(graph_problem(error(Code::scope_missing), kContext), "WWW-Authenticate"), "-");
  ProblemContext ticket = kContext;
  ticket.scheme = "Ticket";
  EXPECT_EQ(header(graph_problem(error(Code::token_expired, "over"), ticket), "WWW-Authenticate"),
            R"(Ticket realm="heliograph", error="invalid_token", error_description="over")");
}

TEST(Problem, tells_when_to_come_again) {
  Error e = error(Code::too_many_requests);
  EXPECT_EQ(header(graph_problem(e, kContext), "Retry-After"), "1");
  EXPECT_EQ(feed(e).at("retryAfter").as_int64(), 1);
  e = error(Code::unavailable);
  e.retry_after = std::chrono::seconds(7);
  EXPECT_EQ(header(graph_problem(e, kContext), "Retry-After"), "7");
  EXPECT_EQ(header(feed_problem(e, kContext), "Retry-After"), "7");
  EXPECT_EQ(feed(e).at("retryAfter").as_int64(), 7);
  EXPECT_EQ(header(graph_problem(error(Code::internal), kContext), "Retry-After"), "-");
  EXPECT_FALSE(feed(error(Code::internal)).contains("retryAfter"));
}

TEST(FeedProblem, names_the_field) {
  EXPECT_EQ(feed_problem({Code::property_missing, "deviceId is missing", "/deviceId"}, kContext).body,
            R"-({"errorCode":10002,"errorMessage":"deviceId is missing (/deviceId)"})-");
}

}  // namespace
}  // namespace hg::api
