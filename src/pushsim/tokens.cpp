#include "pushsim/tokens.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "crypto/hash.h"

namespace hg::pushsim {

namespace {

constexpr std::size_t kTokenBytes = 120;  // vendors' tokens are long

}  // namespace

std::string AccessTokens::issue(Platform platform, std::string_view app, Duration life, Time now) {
  std::erase_if(all_, [&](const auto& entry) { return entry.second.expires + life < now; });
  std::string token = crypto::random_token(kTokenBytes);
  all_.emplace(token, Holder{platform, std::string(app), now + life});
  return token;
}

const AccessTokens::Holder* AccessTokens::find(std::string_view token) const {
  const auto found = all_.find(token);
  return found == all_.end() ? nullptr : &found->second;
}

std::optional<std::string_view> bearer_of(const net::Request& request) {
  constexpr std::string_view scheme = "bearer ";
  const auto field = request.headers.find("Authorization");
  if (!field || field->size() <= scheme.size() || !equal_ignoring_case(field->substr(0, scheme.size()), scheme))
    return std::nullopt;
  return trim(field->substr(scheme.size()));
}

std::optional<Form> token_request(const net::Request& request) {
  const auto type = request.headers.find("Content-Type").value_or("");
  if (!equal_ignoring_case(trim(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded"))
    return std::nullopt;
  auto form = parse_form(request.body);
  if (!form) return std::nullopt;
  std::set<std::string_view> names;
  const bool once = std::ranges::all_of(*form, [&](const auto& field) { return names.insert(field.first).second; });
  return once ? std::move(form) : std::nullopt;
}

net::Response oauth_error(int status, std::string_view error, std::string_view description) {
  net::Response response{.status = status};
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  JsonWriter(response.body).object().field("error", error).field("error_description", description).end();
  return response;
}

}  // namespace hg::pushsim
