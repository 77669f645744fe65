// What an application asks of a user, in names that stay the same however a client spells its scopes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/directory.h"
#include "identity/scopes.h"

namespace hg::identity {

// "Notifications.ReadWrite.CreatedByApp", "profile" (who the user is), "{client id}/{name}" of another application's
// API. `asked` after find_resource.
std::vector<std::string> consent_names(const Asked& asked, const Application& client);
// What such a name means, to a person.
std::string consent_sentence(std::string_view name, const Directory& directory);
// Whether all of `names` is in `granted`, a text with spaces.
bool consent_covers(std::string_view granted, const std::vector<std::string>& names);

}  // namespace hg::identity
