#include "identity/scopes.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/id.h"

namespace hg::identity {

namespace {

constexpr std::string_view kOurs = "api://heliograph";
// Resources whose tokens the clients of the retired service ask for.
constexpr std::string_view kResources[] = {"https://graph.microsoft.com", "https://activity.microsoft.com",
                                           "https://activity.windows.com", "https://cdpcs.access.microsoft.com", kOurs};

struct KnownScope {
  std::string_view name;
  Scope scope;
};
constexpr KnownScope kScopes[] = {
    {"notifications.readwrite.createdbyapp", Scope::notifications},
    {"useractivity.readwrite.createdbyapp", Scope::activities},
    {"user.read", Scope::user_read},
    {"openid", Scope::openid},
    {"profile", Scope::profile},
    {"email", Scope::email},
    {"offline_access", Scope::offline_access},
    {"wl.offline_access", Scope::offline_access},
    {"heliograph.admin", Scope::admin},
    {"heliograph.read", Scope::read},
};
// Accepted so that old clients can sign in; they grant nothing here.
constexpr std::string_view kIdle[] = {"ccs.readwrite", "wns.connect", "asimovrome.telemetry", "dds.register",
                                      "dds.read"};

constexpr std::size_t kMostShown = 200;

// "https://graph.microsoft.com/User.Read" -> resource, name. A bare name has no resource.
std::pair<std::string, std::string> split(const std::string& scope, std::string_view base) {
  const auto behind = [&](std::string_view resource) -> std::pair<std::string, std::string> {
    std::string rest = scope.substr(resource.size());
    while (rest.starts_with('/')) rest.erase(0, 1);
    return {std::string(resource), rest};
  };
  const std::string own = lower(base);
  for (const std::string_view resource : kResources)
    if (scope.starts_with(resource) && scope.size() > resource.size() && scope[resource.size()] == '/')
      return behind(resource);
  if (!own.empty() && scope.starts_with(own) && scope.size() > own.size() && scope[own.size()] == '/')
    return behind(own);
  // Another API's: its App ID URI or its client id, and a name behind the last slash.
  const std::size_t slash = scope.rfind('/');
  if (slash == std::string::npos || slash + 1 == scope.size()) return {"", scope};
  const std::string resource = scope.substr(0, slash);
  const std::size_t scheme = scope.starts_with("api://") ? 6 : scope.starts_with("https://") ? 8 : std::string::npos;
  if (slash > scheme || Guid::parse(resource)) return {resource, scope.substr(slash + 1)};
  return {"", scope};
}

bool is_ours(std::string_view resource, std::string_view base) {
  return std::ranges::find(kResources, resource) != std::end(kResources) || (!base.empty() && resource == lower(base));
}

void add_everything(Asked& asked) {
  asked.everything = true;
  asked.scopes.add(Scope::notifications);
  asked.scopes.add(Scope::activities);
  asked.scopes.add(Scope::user_read);
}

OAuthResult<void> add(Asked& asked, const std::string& spelled, std::string_view base) {
  const auto [resource, name] = split(lower(spelled), base);
  if (!resource.empty() && !is_ours(resource, base)) {
    const std::string named = spelled.substr(0, resource.size());
    if (!asked.foreign.empty() && !equal_ignoring_case(asked.foreign, named))
      return oauth_fail("invalid_scope", "scopes of one other API can be asked for at a time");
    asked.foreign = named;
    asked.foreign_names.push_back(name);
    asked.for_foreign |= asked.audience.empty();
    if (asked.audience.empty()) asked.audience = named;
    return {};
  }
  if (!resource.empty() && asked.audience.empty()) asked.audience = resource;
  if (name == ".default") {
    add_everything(asked);
    return {};
  }
  if (const auto* known = std::ranges::find(kScopes, name, &KnownScope::name); known != std::end(kScopes)) {
    asked.scopes.add(known->scope);
    return {};
  }
  if (std::ranges::find(kIdle, name) != std::end(kIdle)) return {};
  return oauth_fail("invalid_scope", fmt::format("the scope {} is not known here", spelled.substr(0, kMostShown)));
}

}  // namespace

std::unexpected<OAuthError> oauth_fail(std::string error, std::string description, int status, std::string suberror) {
  for (char& c : description) {
    if (c == '"' || c == '\\') c = '\'';
    if (c < ' ' || c > '~') c = '?';
  }
  return std::unexpected(OAuthError{std::move(error), std::move(description), status, std::move(suberror)});
}

Scopes Scopes::permissions() const {
  constexpr auto identity =
      static_cast<std::uint16_t>(static_cast<unsigned>(Scope::openid) | static_cast<unsigned>(Scope::profile) |
                                 static_cast<unsigned>(Scope::email) | static_cast<unsigned>(Scope::offline_access));
  Scopes some;
  some.bits_ = static_cast<std::uint16_t>(bits_ & ~identity);
  return some;
}

OAuthResult<Asked> parse_scopes(std::string_view text, std::string_view base) {
  Asked asked;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
    const std::string one(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.empty()) continue;
    if (auto added = add(asked, one, base); !added) return std::unexpected(added.error());
    if (!asked.spelling.empty()) asked.spelling += ' ';
    asked.spelling += one;
  }
  if (asked.audience.empty()) asked.audience = kOurs;
  return asked;
}

bool our_audience(std::string_view audience, std::string_view base) {
  std::string bare = lower(audience);
  while (bare.ends_with('/')) bare.pop_back();
  std::string own = lower(base);
  while (own.ends_with('/')) own.pop_back();
  return is_ours(bare, own);
}

}  // namespace hg::identity
