// Refusals as values: a Result carries what was asked for, or the Error that says why not.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hg {

// Every refusal an API can give. api/problem.cpp holds the HTTP status and the wire names of each.
enum class Code {
  invalid_json,
  not_an_object,
  property_missing,
  property_invalid,
  unsupported_header,
  subscription_id_required,
  ambiguous_target_host_name,
  invalid_query_option,
  token_missing,
  token_expired,
  token_revoked,
  wrong_audience,
  issuer_unknown,
  token_invalid,
  scope_missing,
  application_blocked,
  user_blocked,
  target_not_allowed,
  not_found,
  subscription_not_found,
  subscription_ended,
  method_not_allowed,
  not_acceptable,
  conflict,
  resource_modified,
  content_changed,
  too_large,
  unsupported_media_type,
  idempotency_key_reused,
  misdirected,
  failed_dependency,
  sync_state_not_found,
  too_many_requests,
  unavailable,
  internal,
};

// `message` says what was wrong, what was seen and what would be right. `target` is a JSON path ("/payload").
// `reason` is the machine-readable why of subscription_ended (channelGone, unsubscribed, ...). `details` are further
// mistakes.
struct Error {
  Code code = Code::internal;
  std::string message;
  std::string target = {};
  std::string reason = {};
  std::optional<std::chrono::seconds> retry_after = {};
  std::vector<Error> details = {};
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message, std::string target = {}) {
  return std::unexpected<Error>(Error{code, std::move(message), std::move(target)});
}

[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(std::move(error)); }

}  // namespace hg

#define HG_CONCAT_INNER(a, b) a##b
#define HG_CONCAT(a, b) HG_CONCAT_INNER(a, b)
#define HG_TRY_IMPL(result, declaration, expression, leave)                       \
  auto result = (expression);                                                     \
  if (!result) leave ::std::unexpected<::hg::Error>(::std::move(result).error()); \
  declaration = *::std::move(result)

// HG_TRY(auto token, parse(text)); leaves the function with the error, or goes on with the value.
#define HG_TRY(declaration, expression) HG_TRY_IMPL(HG_CONCAT(hg_result_, __LINE__), declaration, expression, return)
// The same inside a coroutine.
#define HG_CO_TRY(declaration, expression) \
  HG_TRY_IMPL(HG_CONCAT(hg_result_, __LINE__), declaration, expression, co_return)
// HG_CHECK(check(x)); for a Result<void>.
#define HG_CHECK(expression)                       \
  if (auto hg_checked = (expression); !hg_checked) \
  return ::std::unexpected<::hg::Error>(::std::move(hg_checked).error())
#define HG_CO_CHECK(expression)                    \
  if (auto hg_checked = (expression); !hg_checked) \
  co_return ::std::unexpected<::hg::Error>(::std::move(hg_checked).error())
