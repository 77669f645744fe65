// Voluntary application server identification for Web Push (RFC 8292): who sends, signed for one push service.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/expiring_cache.h"
#include "base/time.h"
#include "crypto/keys.h"

namespace hg::crypto {

inline constexpr Duration kMaxVapidLife = std::chrono::hours(24);  // RFC 8292 §2

// A key pair that signs, remembering for each push service what it has signed. Not for several threads.
class Vapid {
 public:
  // `subject` is how the push service reaches the operator: a mailto: or https: URI.
  Vapid(PrivateKey key, std::string subject);

  // The Authorization field for messages to `origin` ("https://push.example"): the same for some hours.
  std::string authorization(const std::string& origin, Time now);
  // How subscriptions name the key: base64url of its point.
  [[nodiscard]] const std::string& public_key() const { return public_key_; }

 private:
  PrivateKey key_;
  std::string subject_, public_key_;
  ExpiringCache<std::string, std::string> signed_{256};
};

// What a push service is told.
struct VapidClaims {
  std::string audience, subject;
  Time expires{};
  std::string public_key;  // base64url of the point
};
// Nullopt where `authorization` is not in the vapid scheme, the key is no point of P-256, or the token is not signed by
// it with ES256 or lacks aud or exp. Who is meant, and until when, is the caller's to judge.
std::optional<VapidClaims> verify_vapid(std::string_view authorization);

}  // namespace hg::crypto
