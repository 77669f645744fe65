#include "identity/resources.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace hg::identity {

OAuthResult<void> find_resource(Asked& asked, const Directory& directory) {
  if (asked.foreign.empty()) return {};
  const Application* api = directory.exposing(asked.foreign);
  if (api == nullptr)
    return oauth_fail("invalid_scope", fmt::format("there is no resource {}", asked.foreign.substr(0, 200)));
  const auto exposed = api->api_scopes();
  if (std::ranges::find(asked.foreign_names, ".default") != asked.foreign_names.end()) {
    asked.foreign_names.clear();
    for (const std::string& one : exposed) asked.foreign_names.push_back(lower(one));
  }
  for (const std::string& name : asked.foreign_names)
    if (std::ranges::none_of(exposed, [&](const std::string& one) { return equal_ignoring_case(one, name); }))
      return oauth_fail("invalid_scope", fmt::format("{} has no scope {}", asked.foreign, name.substr(0, 200)));
  asked.api = api->id;
  if (asked.for_foreign) asked.audience = api->id.str();
  return {};
}

OAuthResult<void> check_allowed(const Asked& asked, const Application& application) {
  for (const Scope one : {Scope::notifications, Scope::activities, Scope::admin, Scope::read})
    if (asked.scopes.has(one) && !application.allowed.has(one) && !(asked.everything && !is_administrative(one)))
      return oauth_fail("invalid_scope", "the application may not ask for a scope that it names");
  return {};
}

std::string scope_claim(const Asked& asked) {
  if (!asked.for_foreign) return asked.spelling;
  return fmt::format("{}", fmt::join(asked.foreign_names, " "));
}

}  // namespace hg::identity
