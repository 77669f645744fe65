#include "push/answers.h"

#include <charconv>
#include <ctime>

namespace hg::push {

namespace {

using Outcome = Verdict::Outcome;

constexpr std::int64_t kLongest = 30LL * 24 * 3600;
constexpr Duration kTokenLife = std::chrono::minutes(10);  // where the service does not say

}  // namespace

Verdict delivered() { return {.outcome = Outcome::delivered}; }

Verdict rejected(std::string reason, bool alarm) {
  return {.outcome = Outcome::rejected, .reason = std::move(reason), .alarm = alarm};
}

Verdict gone(std::string reason) { return {.outcome = Outcome::gone, .reason = std::move(reason)}; }

Verdict broken_credentials(std::string reason) {
  return {.outcome = Outcome::credentials, .reason = std::move(reason), .alarm = true};
}

Verdict retry(std::string reason, std::optional<Duration> after) {
  return {.outcome = Outcome::retry, .reason = std::move(reason), .retry_after = after};
}

Verdict retry_everywhere(std::string reason, std::optional<Duration> after) {
  return {.outcome = Outcome::retry, .reason = std::move(reason), .retry_after = after, .everywhere = true};
}

Verdict verdict_of(const net::Unreached& unreached) {
  using Why = net::Unreached::Why;
  switch (unreached.why) {
    case Why::address:
      return rejected("the endpoint's address is private", true);
    case Why::name:
      return retry_everywhere("the host is not found");
    case Why::connect:
      return retry_everywhere("nobody listens there");
    case Why::tls: {
      auto verdict = retry_everywhere("no secure connection");
      verdict.alarm = true;
      return verdict;
    }
    case Why::time:
      return retry_everywhere("timed out");
    case Why::size:
      return retry_everywhere("the answer was too large");
    case Why::login:
      return broken_credentials("the login was refused");
    case Why::broken:
      return retry_everywhere("the connection broke");
    case Why::stopped: {
      auto verdict = retry("stopped");
      verdict.asked = false;
      return verdict;
    }
  }
  throw std::logic_error("no reply without a reason");
}

std::optional<Duration> retry_after(const net::Answer& answer, Time now) {
  const std::string text = field(answer, "Retry-After");
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size() && seconds >= 0)
    return std::chrono::seconds(std::min(seconds, kLongest));
  std::tm date{};
  const char* rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  const Time then{std::chrono::seconds(::timegm(&date))};
  return std::clamp<Duration>(then - now, Duration::zero(), std::chrono::seconds(kLongest));
}

std::string field(const net::Answer& answer, std::string_view name) {
  return std::string(answer.headers.find(name).value_or(""));
}

json::object object_in(const net::Answer& answer) {
  auto parsed = parse_json(answer.body);
  return parsed && parsed->is_object() ? std::move(parsed->get_object()) : json::object();
}

std::string text_in(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

const json::object& object_in(const json::object& object, std::string_view name) {
  static const json::object nothing;
  const json::value* member = object.if_contains(name);
  return member && member->is_object() ? member->get_object() : nothing;
}

ProviderToken::Answer token_in(const net::Reached<net::Answer>& answer, Time now) {
  if (!answer) return std::unexpected(verdict_of(answer.error()));
  const auto body = object_in(*answer);
  const std::string error = text_in(body, "error");
  const std::string reason = error.empty() ? "token service: " + std::to_string(answer->status) : error;
  if (answer->status == 429 || answer->status >= 500)
    return std::unexpected(retry_everywhere(reason, retry_after(*answer, now)));
  if (answer->status != 200) return std::unexpected(broken_credentials(reason));
  Token token{.value = text_in(body, "access_token"), .life = kTokenLife};
  // A text at Microsoft's newer service.
  if (const auto* life = body.if_contains("expires_in")) {
    std::int64_t seconds = 0;
    if (life->is_number()) seconds = life->to_number<std::int64_t>();
    if (life->is_string()) std::from_chars(life->get_string().begin(), life->get_string().end(), seconds);
    if (seconds > 0) token.life = std::chrono::seconds(std::min(seconds, kLongest));
  }
  if (token.value.empty()) return std::unexpected(retry_everywhere("the token service gave no token"));
  return token;
}

std::string form(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + '=' + percent_encode(value);
  }
  return out;
}

}  // namespace hg::push
