#include "crypto/password.h"

#include <argon2.h>

#include <stdexcept>

#include "crypto/hash.h"

namespace hg::crypto {

namespace {

constexpr std::uint32_t kPasses = 2;
constexpr std::uint32_t kKibibytes = 19 * 1024;
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kSalt = 16;
constexpr std::size_t kHash = 32;

// Of a random password that nobody kept; made with the numbers above, so that it costs the same from the first time on.
constexpr const char* kNobody =
    "$argon2id$v=19$m=19456,t=2,p=1$3aA16LgharF6F++0MDhXBQ$N97hpkgMBsRdP7qiKaX+dglfvkIfB3RYvMu/fB99/dA";

}  // namespace

std::string hash_password(std::string_view password) {
  const Buffer salt = random_bytes(kSalt);
  std::string encoded(argon2_encodedlen(kPasses, kKibibytes, kLanes, kSalt, kHash, Argon2_id), '\0');
  const int result = argon2id_hash_encoded(kPasses, kKibibytes, kLanes, password.data(), password.size(), salt.data(),
                                           salt.size(), kHash, encoded.data(), encoded.size());
  if (result != ARGON2_OK) throw std::runtime_error(argon2_error_message(result));
  encoded.resize(encoded.find('\0'));
  return encoded;
}

bool verify_password(std::string_view encoded, std::string_view password) {
  return argon2id_verify(std::string(encoded).c_str(), password.data(), password.size()) == ARGON2_OK;
}

bool verify_against_nothing(std::string_view password) { return verify_password(kNobody, password) && false; }

}  // namespace hg::crypto
