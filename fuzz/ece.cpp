// Encrypted Web Push messages as they come from a stranger, and those of our own making, whole and with a byte changed.
#include "crypto/ece.h"

#include <string>

#include "crypto/hash.h"
#include "fuzzing.h"

using namespace hg;
using hg::fuzz::promise;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto receiver = crypto::PrivateKey::generate(crypto::Alg::es256);
  static const Buffer secret = crypto::random_bytes(16);
  static const Buffer keying = crypto::random_bytes(16), salt = crypto::random_bytes(16);
  fuzz::Input input(data, size);
  const auto kind = input.byte();
  if ((kind & 1) == 0) {
    const auto body = as_bytes(input.rest());
    const auto opened = crypto::open_aes128gcm(keying, body);
    promise(!opened || opened->size() < body.size(), "a text is shorter than its sealed form");
    promise(!crypto::decrypt_push(receiver, secret, body), "nobody else can seal for the receiver");
    return 0;
  }
  const std::uint32_t record = 18 + input.byte();
  const std::size_t at = input.byte();
  const auto clear = as_bytes(input.rest());
  Buffer sealed = crypto::seal_aes128gcm(keying, salt, as_bytes("id"), clear, record);
  const auto opened = crypto::open_aes128gcm(keying, sealed);
  promise(opened && as_text(*opened) == as_text(clear), "what was sealed opens");
  sealed[at % sealed.size()] ^= std::byte{1};
  const auto other = crypto::open_aes128gcm(keying, sealed);
  // Record size and name of the key are not sealed; the size tells only where more than one record is.
  const std::size_t changed = at % sealed.size();
  promise(!other || (changed >= 16 && changed < 23 && changed != 20), "what was changed does not open");
  return 0;
}
