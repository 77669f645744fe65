// Tokens as they come in Authorization. The input is one as a whole (first byte even), or its header and claims as text
// separated by a NUL, so that what stands behind base64url is reached too.
#include "crypto/jwt.h"

#include <string>

#include "fuzzing.h"

using namespace hg;
using hg::fuzz::promise;

namespace {

void check(std::string_view token) {
  const auto jwt = crypto::parse_jwt(token);
  if (!jwt) return;
  promise(token.size() <= 8 * 1024, "no longer than allowed");
  promise(token.starts_with(jwt->signing_input + "."), "what is signed is what was sent");
  promise(jwt->kid.size() <= 64 && jwt->kid.find_first_of("/\\'\"% ") == std::string::npos, "a kid is a plain name");
  promise(!jwt->header.contains("crit"), "nothing critical is passed over");
  promise(jwt->header.at("alg").as_string() == crypto::name(jwt->alg), "the algorithm is the one that was named");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  if ((input.byte() & 1) == 0) {
    check(input.rest());
    return 0;
  }
  const auto header = input.take(std::min(input.rest().find('\0'), input.rest().size()));
  input.byte();
  check(base64url(as_bytes(header)) + '.' + base64url(as_bytes(input.rest())) + ".c2lnbmF0dXJl");
  return 0;
}
