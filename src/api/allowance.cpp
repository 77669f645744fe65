#include "api/allowance.h"

#include <fmt/format.h>

namespace hg::api {

namespace {

std::chrono::seconds rounded_up(std::chrono::milliseconds time) {
  return std::chrono::ceil<std::chrono::seconds>(time);
}

}  // namespace

Result<void> Allowance::take(const identity::Principal& principal, const identity::Application* application, Time now,
                             net::Headers& headers) {
  if (principal.nobody() || principal.local_administrator) return {};
  std::int64_t limit = principal.app_only ? application_ : user_;
  if (application != nullptr)
    limit = (principal.app_only ? application->calls : application->user_calls).value_or(limit);
  if (limit <= 0) return {};
  const auto taken = buckets_.take({principal.application, principal.user}, limit, std::chrono::minutes(1), now);
  headers.set("RateLimit-Limit", std::to_string(limit));
  headers.set("RateLimit-Remaining", std::to_string(taken.left));
  headers.set("RateLimit-Reset", std::to_string(rounded_up(taken.full).count()));
  if (taken.given) return {};
  Error error{Code::too_many_requests,
              fmt::format("{} may make {} calls a minute here",
                          principal.app_only ? "the application" : "the user, in this application,", limit)};
  error.retry_after = rounded_up(taken.next);
  return fail(std::move(error));
}

Result<void> Allowance::take(std::optional<std::uint64_t> neighbourhood, Time now) {
  const std::int64_t limit = address_;
  if (!neighbourhood || limit <= 0) return {};
  const auto taken = addresses_.take(*neighbourhood, limit, std::chrono::minutes(1), now);
  if (taken.given) return {};
  Error error{Code::too_many_requests,
              fmt::format("{} calls a minute may be made from one address without saying who calls", limit)};
  error.retry_after = rounded_up(taken.next);
  return fail(std::move(error));
}

}  // namespace hg::api
