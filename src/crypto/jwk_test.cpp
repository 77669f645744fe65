#include "crypto/jwk.h"

#include <gtest/gtest.h>

namespace hg::crypto {
namespace {

TEST(Jwk, has_the_thumbprint_of_rfc_7638) {
  const auto key = json::parse(
      R"({"kty": "RSA", "alg": "RS256", "kid": "2011-04-29", "e": "AQAB", "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"})");
  EXPECT_EQ(base64url(thumbprint(jwk_of(key))), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(Jwk, comes_back_from_its_text) {
  for (const Alg alg : {Alg::rs256, Alg::es256}) {
    const auto made = PrivateKey::generate(alg).jwk();
    const auto read = jwk_of(json::parse(jwk_text(made)));
    EXPECT_EQ(thumbprint(read), thumbprint(made));
    EXPECT_TRUE(PublicKey::from_jwk(read));
  }
}

TEST(Jwk, of_what_is_no_key_is_no_key) {
  for (const char* text : {"[]", "{}", "7", R"({"kty": 7})", R"({"kty": "oct", "k": "AAAA"})"})
    EXPECT_FALSE(PublicKey::from_jwk(jwk_of(json::parse(text)))) << text;
}

}  // namespace
}  // namespace hg::crypto
