#include <gtest/gtest.h>

#include <string>

#include "crypto/hash.h"
#include "crypto/jwt.h"

namespace hg::crypto {
namespace {

std::string token(std::string_view header, std::string_view claims) {
  return base64url(as_bytes(header)) + '.' + base64url(as_bytes(claims)) + ".AAAA";
}

TEST(Jwt, is_read_again_as_it_was_signed) {
  for (const Alg alg : {Alg::rs256, Alg::es256}) {
    const PrivateKey key = PrivateKey::generate(alg);
    const auto jwt = parse_jwt(sign_jwt(key, "k1", "at+jwt", R"({"sub":"x"})"));
    ASSERT_TRUE(jwt);
    EXPECT_EQ(jwt->alg, alg);
    EXPECT_EQ(jwt->kid, "k1");
    EXPECT_EQ(jwt->typ, "at+jwt");
    EXPECT_EQ(jwt->header.at("alg").as_string(), name(alg));
    EXPECT_EQ(jwt->claims.at("sub").as_string(), "x");
    EXPECT_TRUE(jwt->signed_by(key.public_key()));
    EXPECT_FALSE(jwt->signed_by(PrivateKey::generate(alg).public_key()));
  }
}

TEST(Jwt, of_a_forged_header_is_refused) {
  for (const char* header : {R"({"alg":"none"})",
                             R"({"alg":"None"})",
                             R"({"alg":"NoNe"})",
                             R"({"alg":""})",
                             R"({"alg":"HS256"})",
                             R"({"alg":"HS512"})",
                             R"({"alg":"rs256"})",
                             R"({"alg":"RS256 "})",
                             R"({"alg":"RS512"})",
                             R"({"alg":"ES384"})",
                             R"({"alg":"RS1"})",
                             R"({"alg":null})",
                             R"({"alg":1})",
                             R"({"alg":["RS256"]})",
                             R"({"typ":"JWT"})",
                             R"([])",
                             R"("RS256")",
                             R"(null)",
                             R"({"alg":"RS256","crit":["x"]})",
                             R"({"alg":"RS256","crit":[]})",
                             R"({"alg":"RS256","crit":["b64"],"b64":false})",
                             R"({"alg":"RS256","alg":"none"})",
                             R"({"alg":"none","alg":"RS256"})",
                             R"({"alg":"RS256","\u0061lg":"none"})",
                             R"({"alg":"RS256","kid":"../../etc/passwd"})",
                             R"({"alg":"RS256","kid":"a' OR 1"})",
                             R"({"alg":"RS256","kid":"a\u0000"})",
                             R"({"alg":"RS256","kid":7})",
                             R"({"alg":"RS256","kid":["a"]})",
                             R"({"alg":"RS256","typ":7})",
                             R"({"alg":"RS256"} )"
                             "x"})
    EXPECT_FALSE(parse_jwt(token(header, "{}"))) << header;
  const auto with_kid = [](std::size_t length) {
    return token(R"({"alg":"RS256","kid":")" + std::string(length, 'k') + R"("})", "{}");
  };
  EXPECT_TRUE(parse_jwt(with_kid(64)));
  EXPECT_FALSE(parse_jwt(with_kid(65)));
}

TEST(Jwt, signed_with_the_public_key_as_a_secret_is_refused) {
  const PrivateKey key = PrivateKey::generate(Alg::rs256);
  const std::string input =
      base64url(as_bytes(R"({"alg":"HS256","kid":"k1"})")) + '.' + base64url(as_bytes(R"({"sub":"admin"})"));
  const std::string mac = base64url(hmac_sha256(as_bytes(key.jwk().n), {as_bytes(input)}));
  EXPECT_FALSE(parse_jwt(input + '.' + mac));
  // The same, said to be RS256, is read but not believed.
  const std::string renamed = base64url(as_bytes(R"({"alg":"RS256","kid":"k1"})")) + input.substr(input.find('.'));
  EXPECT_FALSE(parse_jwt(renamed + '.' + mac)->signed_by(key.public_key()));
}

TEST(Jwt, is_not_believed_with_a_signature_of_zeros_or_none) {
  const PrivateKey key = PrivateKey::generate(Alg::es256);
  const std::string good = sign_jwt(key, "k1", "at+jwt", R"({"sub":"x"})");
  const std::string input = good.substr(0, good.rfind('.') + 1);
  for (const std::string& signature : {std::string(), base64url(Buffer(64)), base64url(Buffer(63)),
                                       base64url(Buffer(65)), base64url(Buffer(64, std::byte{0xff}))}) {
    const auto jwt = parse_jwt(input + signature);
    ASSERT_TRUE(jwt);
    EXPECT_FALSE(jwt->signed_by(key.public_key())) << signature;
  }
}

TEST(Jwt, cut_or_changed_anywhere_is_not_believed) {
  const PrivateKey key = PrivateKey::generate(Alg::es256);
  const PublicKey known = key.public_key();
  const std::string good = sign_jwt(key, "k1", "at+jwt", R"({"sub":"x"})");
  const auto believed = [&](const std::string& text) {
    const auto jwt = parse_jwt(text);
    return jwt && jwt->signed_by(known);
  };
  ASSERT_TRUE(believed(good));
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(believed(good.substr(0, n))) << n;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(believed(changed)) << i;
  }
}

TEST(Jwt, keys_that_the_header_brings_along_are_not_read) {
  const PrivateKey attacker = PrivateKey::generate(Alg::es256);
  const Jwk jwk = attacker.jwk();
  const std::string header = R"({"alg":"ES256","kid":"k1","jku":"https://evil.example/","x5u":"https://evil.example/",)"
                             R"("jwk":{"kty":"EC","crv":"P-256","x":")" +
                             jwk.x + R"(","y":")" + jwk.y + R"("}})";
  const std::string input = base64url(as_bytes(header)) + '.' + base64url(as_bytes("{}"));
  const auto jwt = parse_jwt(input + '.' + base64url(attacker.sign(as_bytes(input))));
  ASSERT_TRUE(jwt);
  EXPECT_FALSE(jwt->signed_by(PrivateKey::generate(Alg::es256).public_key()));
}

TEST(Jwt, of_another_shape_is_refused) {
  EXPECT_TRUE(parse_jwt(token(R"({"alg":"RS256","kid":"a"})", "{}")));
  EXPECT_FALSE(parse_jwt(token(R"({"alg":"RS256"})", R"({"sub":"a","sub":"b"})")));
  EXPECT_FALSE(parse_jwt(token(R"({"alg":"RS256"})", R"({"a":{"b":1,"b":2}})")));
  EXPECT_FALSE(parse_jwt(token(R"({"alg":"RS256"})", "[]")));
  EXPECT_FALSE(parse_jwt(token(R"({"alg":"RS256"})", "")));
  EXPECT_FALSE(parse_jwt(token(R"({"alg":"RS256"})", "{\"a\":\"\xff\"}")));
  EXPECT_FALSE(parse_jwt(token(R"({"alg":"RS256"})", std::string(40, '[') + std::string(40, ']'))));
  const std::string good = token(R"({"alg":"RS256"})", "{}");
  for (const std::string& wrong : {good + ".AAAA", good + '.', '.' + good, good + "=", good + "==", ' ' + good,
                                   good + '\n', good + '+', std::string(), std::string("."), std::string(".."),
                                   std::string("a.b"), std::string("a.b.c.d"), std::string(9000, 'a')})
    EXPECT_FALSE(parse_jwt(wrong)) << wrong.substr(0, 80);
  const std::string padded = base64(as_bytes(R"({"alg":"RS256" })"));
  ASSERT_TRUE(padded.ends_with('='));
  EXPECT_FALSE(parse_jwt(padded + ".e30.AAAA"));
}

TEST(Jwt, of_eight_kilobytes_is_read_and_one_byte_more_is_not) {
  const std::string start = token(R"({"alg":"RS256"})", "{}") + "A";
  const auto of_size = [&](std::size_t size) { return start + std::string(size - start.size(), 'A'); };
  EXPECT_TRUE(parse_jwt(of_size(8 * 1024)) || parse_jwt(of_size(8 * 1024 - 1)));
  EXPECT_FALSE(parse_jwt(of_size(8 * 1024 + 1)));
  EXPECT_FALSE(parse_jwt(of_size(8 * 1024 + 2)));
}

}  // namespace
}  // namespace hg::crypto
