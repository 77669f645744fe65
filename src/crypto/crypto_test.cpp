#include <gtest/gtest.h>

#include "crypto/certificate.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "crypto/keys.h"
#include "crypto/password.h"
#include "crypto/seal.h"

namespace hg::crypto {
namespace {

TEST(Hash, agrees_with_the_published_vectors) {
  EXPECT_EQ(hex(sha256(std::string_view("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test cases 2 and 6
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), {as_bytes("what do ya want "), as_bytes("for nothing?")})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const Buffer long_key(131, std::byte{0xaa});
  EXPECT_EQ(hex(hmac_sha256(long_key, {as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")})),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  // RFC 5869, test case 3: no salt, no info
  EXPECT_EQ(hex(hkdf_sha256(Buffer(22, std::byte{0x0b}), "", 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(SealingKey, opens_only_what_it_sealed_and_where) {
  const SealingKey key = SealingKey::generate();
  const Buffer sealed = key.seal(as_bytes("place"), as_bytes("secret"));
  EXPECT_EQ(as_text(*key.open(as_bytes("place"), sealed)), "secret");
  EXPECT_FALSE(key.open(as_bytes("elsewhere"), sealed));
  EXPECT_FALSE(SealingKey::generate().open(as_bytes("place"), sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Buffer broken = sealed;
    broken[i] ^= std::byte{1};
    EXPECT_FALSE(key.open(as_bytes("place"), broken)) << i;
  }
  EXPECT_NE(sealed, key.seal(as_bytes("place"), as_bytes("secret")));
}

TEST(SealingKey, siv_seals_the_same_to_the_same) {
  const SealingKey key = SealingKey::generate();
  const Buffer sealed = key.seal_siv(as_bytes("unsid"), as_bytes("user, app, subscription"));
  EXPECT_EQ(sealed, key.seal_siv(as_bytes("unsid"), as_bytes("user, app, subscription")));
  EXPECT_EQ(as_text(*key.open_siv(as_bytes("unsid"), sealed)), "user, app, subscription");
  EXPECT_FALSE(key.open_siv(as_bytes("other"), sealed));
  EXPECT_FALSE(key.subkey("a").open_siv(as_bytes("unsid"), sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Buffer broken = sealed;
    broken[i] ^= std::byte{1};
    EXPECT_FALSE(key.open_siv(as_bytes("unsid"), broken)) << i;
  }
}

TEST(Keys, sign_and_verify_in_both_algorithms) {
  for (const Alg alg : {Alg::rs256, Alg::es256}) {
    const PrivateKey key = PrivateKey::generate(alg);
    const auto again = PrivateKey::from_der(key.der());
    ASSERT_TRUE(again);
    const Buffer signature = again->sign(as_bytes("message"));
    const auto known = PublicKey::from_jwk(key.jwk());
    ASSERT_TRUE(known);
    EXPECT_TRUE(known->verify(alg, as_bytes("message"), signature));
    EXPECT_FALSE(known->verify(alg, as_bytes("massage"), signature));
    EXPECT_FALSE(known->verify(alg == Alg::rs256 ? Alg::es256 : Alg::rs256, as_bytes("message"), signature));
  }
  EXPECT_EQ(PrivateKey::generate(Alg::es256).point().size(), 65U);
}

TEST(Keys, refuse_a_signature_of_zeros_and_a_point_off_the_curve) {
  const PrivateKey key = PrivateKey::generate(Alg::es256);
  EXPECT_FALSE(key.public_key().verify(Alg::es256, as_bytes("message"), Buffer(64)));
  Jwk off = key.jwk();
  off.y = off.x;
  EXPECT_FALSE(PublicKey::from_jwk(off));
}

TEST(Jwt, is_read_again_as_it_was_signed) {
  const PrivateKey key = PrivateKey::generate(Alg::rs256);
  const auto jwt = parse_jwt(sign_jwt(key, "k1", "at+jwt", R"({"sub":"x"})"));
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->kid, "k1");
  EXPECT_EQ(jwt->typ, "at+jwt");
  EXPECT_EQ(jwt->claims.at("sub").as_string(), "x");
  EXPECT_TRUE(jwt->signed_by(key.public_key()));
  EXPECT_FALSE(jwt->signed_by(PrivateKey::generate(Alg::rs256).public_key()));
}

TEST(Jwt, forged_headers_are_refused) {
  const auto token = [](std::string_view header, std::string_view claims) {
    return base64url(as_bytes(header)) + '.' + base64url(as_bytes(claims)) + ".AAAA";
  };
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"NoNe"})", R"({"alg":"HS256"})", R"({"typ":"JWT"})",
                             R"({"alg":"RS256","crit":["x"]})", R"({"alg":"RS256","alg":"none"})",
                             R"({"alg":"RS256","kid":"../../etc/passwd"})", R"({"alg":"RS256","kid":"a' OR 1"})",
                             R"([])", R"({"alg":["RS256"]})"})
    EXPECT_FALSE(parse_jwt(token(header, "{}"))) << header;
  EXPECT_TRUE(parse_jwt(token(R"({"alg":"RS256","kid":"a"})", "{}")));
  EXPECT_FALSE(parse_jwt(token(R"({"alg":"RS256"})", R"({"sub":"a","sub":"b"})")));
  EXPECT_FALSE(parse_jwt("a.b"));
  EXPECT_FALSE(parse_jwt("a.b.c.d"));
  EXPECT_FALSE(parse_jwt(std::string(9000, 'a')));
}

TEST(Password, verifies_itself_alone) {
  const std::string hash = hash_password("correct horse");
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(verify_password(hash, "correct horse"));
  EXPECT_FALSE(verify_password(hash, "correct house"));
  EXPECT_FALSE(verify_against_nothing("correct horse"));
}

TEST(Certificate, the_demo_makes_three_pem_texts) {
  const DemoCertificates made = make_demo_certificates();
  EXPECT_TRUE(made.authority_pem.starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_TRUE(made.certificate_pem.starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_TRUE(made.key_pem.starts_with("-----BEGIN PRIVATE KEY-----"));
}

}  // namespace
}  // namespace hg::crypto
