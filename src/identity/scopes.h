// Scopes as clients of the retired service spell them, and what they mean here (docs/identity.md).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"

namespace hg::identity {

// An error as RFC 6749 §5.2 words it. `description` is for the person who reads the client's log. `suberror` is what
// clients of the retired platform look at to know whether the user can mend it: "consent_required".
struct OAuthError {
  std::string error;
  std::string description;
  int status = 400;
  std::string suberror = {};
};
template <class T>
using OAuthResult = std::expected<T, OAuthError>;
// What a description may not contain (RFC 6749 §5.2: quotes, backslashes, other than ASCII) is replaced.
std::unexpected<OAuthError> oauth_fail(std::string error, std::string description, int status = 400,
                                       std::string suberror = {});

enum class Scope : std::uint16_t {
  notifications = 1,  // Notifications.ReadWrite.CreatedByApp
  activities = 2,     // UserActivity.ReadWrite.CreatedByApp
  user_read = 4,
  openid = 8,
  profile = 16,
  email = 32,
  offline_access = 64,
  admin = 128,  // Heliograph.Admin
  read = 256,   // Heliograph.Read
};

// Administrators alone may be granted these.
constexpr bool is_administrative(Scope scope) { return scope == Scope::admin || scope == Scope::read; }

class Scopes {
 public:
  void add(Scope scope) { bits_ = static_cast<std::uint16_t>(bits_ | static_cast<std::uint16_t>(scope)); }
  void add(Scopes others) { bits_ |= others.bits_; }
  void keep(Scopes others) { bits_ &= others.bits_; }
  [[nodiscard]] bool has(Scope scope) const { return (bits_ & static_cast<std::uint16_t>(scope)) != 0; }
  [[nodiscard]] bool has_all(Scopes others) const { return (bits_ & others.bits_) == others.bits_; }
  void drop_administrative() {
    bits_ &= static_cast<std::uint16_t>(~(static_cast<unsigned>(Scope::admin) | static_cast<unsigned>(Scope::read)));
  }
  // Without those that say who the user is rather than what may be done (OpenID Connect Core §5.4, §11).
  [[nodiscard]] Scopes permissions() const;
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  [[nodiscard]] bool administrative() const { return has(Scope::admin) || has(Scope::read); }
  auto operator<=>(const Scopes&) const = default;

 private:
  std::uint16_t bits_ = 0;
};

struct Asked {
  Scopes scopes;
  std::string audience;     // of the first resource that was named; api://heliograph where none was
  std::string spelling;     // the client's own, single spaces
  bool everything = false;  // `.default` of ours
  // The App ID URI of another API, where one was named, and the names behind it, in lower case. Its tokens are not for
  // us; identity/resources.h finds the API.
  std::string foreign;
  std::vector<std::string> foreign_names;
  bool for_foreign = false;  // it was named first, and so is the audience
  ApplicationId api;         // which exposes it, once found
};

// Compared without regard to case. invalid_scope names what is not known. `base`: {base} of the request.
OAuthResult<Asked> parse_scopes(std::string_view text, std::string_view base);

// Whether tokens for `audience` are ours to accept on `base`.
bool our_audience(std::string_view audience, std::string_view base);

}  // namespace hg::identity
