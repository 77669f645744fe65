#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <vector>

#include "crypto/certificate.h"
#include "crypto/hash.h"
#include "crypto/keys.h"

namespace hg::crypto {
namespace {

const PrivateKey& rsa() {
  static const PrivateKey key = PrivateKey::generate(Alg::rs256);
  return key;
}

const PrivateKey& p256() {
  static const PrivateKey key = PrivateKey::generate(Alg::es256);
  return key;
}

TEST(Keys, sign_and_verify_in_every_algorithm) {
  for (const Alg alg : {Alg::rs256, Alg::es256, Alg::ps256}) {
    const PrivateKey& key = alg == Alg::es256 ? p256() : rsa();
    const auto again = PrivateKey::from_der(key.der());
    ASSERT_TRUE(again);
    const Buffer signature = again->sign(alg, as_bytes("message"));
    const auto known = PublicKey::from_jwk(key.jwk());
    ASSERT_TRUE(known);
    EXPECT_TRUE(known->verify(alg, as_bytes("message"), signature));
    EXPECT_TRUE(key.public_key().verify(alg, as_bytes("message"), signature));
    EXPECT_FALSE(known->verify(alg, as_bytes("massage"), signature));
    for (const Alg other : {Alg::rs256, Alg::es256, Alg::ps256})
      if (other != alg) EXPECT_FALSE(known->verify(other, as_bytes("message"), signature)) << name(other);
    for (const std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
      Buffer broken = signature;
      broken[at] ^= std::byte{1};
      EXPECT_FALSE(known->verify(alg, as_bytes("message"), broken));
    }
    EXPECT_FALSE(known->verify(alg, as_bytes("message"), Bytes(signature).first(signature.size() - 1)));
    EXPECT_FALSE(known->verify(alg, as_bytes("message"), {}));
  }
  EXPECT_THROW((void)p256().sign(Alg::rs256, as_bytes("message")), std::logic_error);
}

// RFC 7515 A.3
TEST(Keys, es256_agrees_with_the_published_example) {
  const auto key = PublicKey::from_jwk({.kty = "EC",
                                        .crv = "P-256",
                                        .x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                                        .y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
  ASSERT_TRUE(key);
  const std::string_view input =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
      "VlfQ";
  const auto signature =
      from_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_TRUE(key->verify(Alg::es256, as_bytes(input), *signature));
}

TEST(Keys, refuse_the_signatures_that_anybody_can_make) {
  const auto key = p256().public_key();
  EXPECT_FALSE(key.verify(Alg::es256, as_bytes("message"), Buffer(64)));
  const Buffer good = p256().sign(as_bytes("message"));
  // r = n, s = n: zero modulo the order
  const auto order = from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  Buffer twice = *order;
  twice.insert(twice.end(), order->begin(), order->end());
  EXPECT_FALSE(key.verify(Alg::es256, as_bytes("message"), twice));
  Buffer no_r = good;
  std::fill_n(no_r.begin(), 32, std::byte{0});
  EXPECT_FALSE(key.verify(Alg::es256, as_bytes("message"), no_r));
  Buffer no_s = good;
  std::fill_n(no_s.begin() + 32, 32, std::byte{0});
  EXPECT_FALSE(key.verify(Alg::es256, as_bytes("message"), no_s));
  EXPECT_FALSE(rsa().public_key().verify(Alg::rs256, as_bytes("message"), Buffer(256)));
}

TEST(Keys, of_another_curve_or_off_it_are_refused) {
  const Jwk good = p256().jwk();
  EXPECT_TRUE(PublicKey::from_jwk(good));
  const auto with = [&](auto change) {
    Jwk jwk = good;
    change(jwk);
    return PublicKey::from_jwk(jwk).has_value();
  };
  EXPECT_FALSE(with([](Jwk& jwk) { jwk.y = jwk.x; }));
  EXPECT_FALSE(with([](Jwk& jwk) { jwk.crv = "P-384"; }));
  EXPECT_FALSE(with([](Jwk& jwk) { jwk.crv = ""; }));
  EXPECT_FALSE(with([](Jwk& jwk) { jwk.kty = "oct"; }));
  EXPECT_FALSE(with([](Jwk& jwk) { jwk.x = base64url(Buffer(31, std::byte{1})); }));
  EXPECT_FALSE(with([](Jwk& jwk) { jwk.x = jwk.y = base64url(Buffer(32)); }));
  EXPECT_FALSE(with([](Jwk& jwk) { jwk.x = "*"; }));
}

TEST(Keys, of_rsa_must_be_neither_weak_nor_costly) {
  const Jwk good = rsa().jwk();
  const auto taken = [&](std::size_t modulus_bytes, const char* exponent) {
    Buffer n(modulus_bytes, std::byte{0xff});
    return PublicKey::from_jwk({.kty = "RSA", .n = base64url(n), .e = exponent}).has_value();
  };
  EXPECT_TRUE(taken(256, "AQAB"));
  EXPECT_TRUE(taken(512, "Aw"));
  EXPECT_FALSE(taken(255, "AQAB"));
  EXPECT_FALSE(taken(128, "AQAB"));
  EXPECT_FALSE(taken(1025, "AQAB"));
  EXPECT_FALSE(taken(256, "AQ"));
  EXPECT_FALSE(taken(256, "AQAA"));
  EXPECT_FALSE(taken(256, ""));
  EXPECT_FALSE(PublicKey::from_jwk({.kty = "RSA", .n = good.n, .e = good.n}));
}

TEST(Keys, only_whole_private_keys_of_our_kinds_are_read) {
  Buffer der = p256().der();
  EXPECT_TRUE(PrivateKey::from_der(der));
  EXPECT_FALSE(PrivateKey::from_der(Bytes(der).first(der.size() - 1)));
  der.push_back(std::byte{0});
  EXPECT_FALSE(PrivateKey::from_der(der));
  EXPECT_FALSE(PrivateKey::from_der({}));
  // Ed25519, RFC 8410 §10.3
  EXPECT_FALSE(PrivateKey::from_der(*from_base64("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC")));
}

TEST(Keys, the_point_is_the_uncompressed_one) {
  const Buffer point = p256().point();
  ASSERT_EQ(point.size(), 65U);
  EXPECT_EQ(point[0], std::byte{4});
  EXPECT_EQ(base64url(Bytes(point).subspan(1, 32)), p256().jwk().x);
  EXPECT_EQ(base64url(Bytes(point).subspan(33)), p256().jwk().y);
}

TEST(Keys, are_read_from_certificates) {
  const DemoCertificates made = make_demo_certificates();
  EXPECT_TRUE(PublicKey::from_certificate(made.certificate_pem));
  EXPECT_FALSE(PublicKey::from_certificate(made.key_pem));
  EXPECT_FALSE(PublicKey::from_certificate(""));
  EXPECT_FALSE(PublicKey::from_certificate(made.certificate_pem.substr(0, 200)));
}

TEST(Keys, one_key_verifies_in_several_threads) {
  for (const PrivateKey* key : {&rsa(), &p256()}) {
    const PublicKey known = key->public_key();
    const Buffer signature = key->sign(as_bytes("message"));
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 25; ++i) EXPECT_TRUE(known.verify(key->alg(), as_bytes("message"), signature));
        EXPECT_TRUE(known.verify(key->alg(), as_bytes("x"), key->sign(as_bytes("x"))));
      });
  }
}

}  // namespace
}  // namespace hg::crypto
