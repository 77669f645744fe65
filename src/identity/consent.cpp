#include "identity/consent.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace hg::identity {

namespace {

struct Known {
  Scope scope;
  std::string_view name, sentence;
};
constexpr Known kKnown[] = {
    {Scope::notifications, "Notifications.ReadWrite.CreatedByApp",
     "Send you notifications, and read and change those that it has sent"},
    {Scope::activities, "UserActivity.ReadWrite.CreatedByApp", "Read and change your feed in this application"},
    {Scope::user_read, "User.Read", "Read your profile"},
    {Scope::admin, "Heliograph.Admin", "Administer this server: its users, its applications and all of its settings"},
    {Scope::read, "Heliograph.Read", "Read this server's settings, its users and its audit log"},
    {Scope::offline_access, "offline_access", "Keep this access until you take it away"},
};
constexpr std::string_view kProfile = "profile";
constexpr std::string_view kProfileSentence = "See who you are: your name, user name and e-mail address";

}  // namespace

std::vector<std::string> consent_names(const Asked& asked, const Application& client) {
  std::vector<std::string> names;
  const Scopes& scopes = asked.scopes;
  if (scopes.has(Scope::openid) || scopes.has(Scope::profile) || scopes.has(Scope::email)) names.emplace_back(kProfile);
  for (const Known& known : kKnown) {
    const bool kept = !asked.everything || known.scope == Scope::offline_access || client.allowed.has(known.scope);
    if (scopes.has(known.scope) && kept) names.emplace_back(known.name);
  }
  if (!asked.foreign.empty())
    for (const std::string& name : asked.foreign_names) names.push_back(fmt::format("{}/{}", asked.api.str(), name));
  return names;
}

std::string consent_sentence(std::string_view name, const Directory& directory) {
  if (name == kProfile) return std::string(kProfileSentence);
  const auto* known = std::ranges::find(kKnown, name, &Known::name);
  if (known != std::end(kKnown)) return std::string(known->sentence);
  const std::size_t slash = name.find('/');
  const auto id = ApplicationId::parse(name.substr(0, slash));
  const Application* api = id ? directory.application(*id) : nullptr;
  const std::string_view scope = slash == std::string_view::npos ? "" : name.substr(slash + 1);
  return fmt::format("Use {} as you ({})", api == nullptr ? "an application that is gone" : api->name, scope);
}

bool consent_covers(std::string_view granted, const std::vector<std::string>& names) {
  const std::string all = fmt::format(" {} ", granted);
  return std::ranges::all_of(names, [&](const std::string& name) { return all.contains(fmt::format(" {} ", name)); });
}

}  // namespace hg::identity
