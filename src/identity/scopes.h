// Scopes as clients of the retired service spell them, and what they mean here (docs/identity.md).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace hg::identity {

// An error as RFC 6749 §5.2 words it. `description` is for the person who reads the client's log.
struct OAuthError {
  std::string error;
  std::string description;
  int status = 400;
};
template <class T>
using OAuthResult = std::expected<T, OAuthError>;
inline std::unexpected<OAuthError> oauth_fail(std::string error, std::string description, int status = 400) {
  return std::unexpected(OAuthError{std::move(error), std::move(description), status});
}

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

class Scopes {
 public:
  void add(Scope scope) { bits_ = static_cast<std::uint16_t>(bits_ | static_cast<std::uint16_t>(scope)); }
  [[nodiscard]] bool has(Scope scope) const { return (bits_ & static_cast<std::uint16_t>(scope)) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  auto operator<=>(const Scopes&) const = default;

 private:
  std::uint16_t bits_ = 0;
};

struct Asked {
  Scopes scopes;
  std::string audience;  // of the first resource that was named; api://heliograph where none was
  std::string spelling;  // the client's own, single spaces
  std::string
      foreign;  // the App ID URI of an application's exposed API, where one was named: its tokens are not for us
  bool everything = false;  // `.default`
};

// Compared without regard to case. invalid_scope names what is not known. `base`: {base} of the request.
OAuthResult<Asked> parse_scopes(std::string_view text, std::string_view base);

// Whether tokens for `audience` are ours to accept on `base`.
bool our_audience(std::string_view audience, std::string_view base);

}  // namespace hg::identity
