#include "crypto/ece.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"

namespace hg::crypto {
namespace {

Buffer bytes(std::string_view base64url_text) { return from_base64url(base64url_text).value(); }
std::string text(const std::optional<Buffer>& raw) { return raw ? std::string(as_text(*raw)) : "(refused)"; }

// A P-256 key pair as the RFCs write it: SEC 1 (RFC 5915) around the scalar and the point.
PrivateKey key_pair(std::string_view scalar, std::string_view point) {
  Buffer der = from_hex("30770201010420").value();
  for (const auto& [prefix, value] :
       {std::pair{"", bytes(scalar)}, {"a00a06082a8648ce3d030107a144034200", bytes(point)}}) {
    const auto head = from_hex(prefix).value();
    der.insert(der.end(), head.begin(), head.end());
    der.insert(der.end(), value.begin(), value.end());
  }
  return PrivateKey::from_der(der).value();
}

// RFC 8188 §3.1
TEST(Ece, makes_the_published_example_of_one_record) {
  const Buffer keying = bytes("yqdlZ-tYemfogSmv7Ws5PQ");
  const Buffer salt = bytes("I1BsxtFttlv3u_Oo94xnmw");
  const std::string_view body = "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg";

  EXPECT_EQ(base64url(seal_aes128gcm(keying, salt, {}, as_bytes("I am the walrus"))), body);
  EXPECT_EQ(text(open_aes128gcm(keying, bytes(body))), "I am the walrus");
}

// RFC 8188 §3.2
TEST(Ece, reads_the_published_example_of_two_records) {
  const Buffer keying = bytes("BO3ZVPxUlnLORbVGMpbT1Q");
  const Buffer body =
      bytes("uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA");

  EXPECT_EQ(text(open_aes128gcm(keying, body)), "I am the walrus");
}

// RFC 8291 §5, appendix A
TEST(Ece, makes_and_reads_the_published_web_push_message) {
  const std::string_view point =
      "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
  const std::string_view secret = "BTBZMqHH6r4Tts7J_aSIgg";
  const PrivateKey receiver = key_pair("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94", point);
  const PrivateKey sender =
      key_pair("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
               "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
  const std::string_view body =
      "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_"
      "c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
      "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
  const auto to = PushKeys::parse(point, secret);
  ASSERT_TRUE(to);

  const Buffer made =
      encrypt_push(*to, as_bytes("When I grow up, I want to be a watermelon"), sender, bytes("DGv6ra1nlYgDCS1FRnbzlw"));

  EXPECT_EQ(base64url(made), body);
  EXPECT_EQ(text(decrypt_push(receiver, bytes(secret), bytes(body))), "When I grow up, I want to be a watermelon");
}

TEST(Ece, seals_what_it_opens_again_in_records_of_any_size) {
  const Buffer keying = random_bytes(16), salt = random_bytes(16);
  for (const std::uint32_t record : {18U, 19U, 25U, 100U, 4096U})
    for (const std::size_t size : {0U, 1U, 2U, 7U, 8U, 9U, 83U, 84U, 200U, 5000U}) {
      const Buffer clear = random_bytes(size);
      const auto opened = open_aes128gcm(keying, seal_aes128gcm(keying, salt, as_bytes("name"), clear, record));
      EXPECT_EQ(opened, clear) << record << ' ' << size;
    }
}

TEST(Ece, opens_nothing_that_was_cut_or_changed) {
  const Buffer keying = random_bytes(16), salt = random_bytes(16);
  const Buffer good = seal_aes128gcm(keying, salt, {}, as_bytes("twenty-four letters long"), 20);
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(open_aes128gcm(keying, Bytes(good).first(length))) << length;
  for (std::size_t at = 0; at < good.size(); ++at) {
    Buffer changed = good;
    changed[at] ^= std::byte{1};
    EXPECT_FALSE(open_aes128gcm(keying, changed)) << at;
  }
  EXPECT_FALSE(open_aes128gcm(random_bytes(16), good));
}

TEST(Ece, a_message_is_for_its_receiver_alone_and_never_twice_the_same) {
  const PrivateKey receiver = PrivateKey::generate(Alg::es256);
  const Buffer secret = random_bytes(16);
  const auto to = PushKeys::parse(base64url(receiver.point()), base64url(secret));
  ASSERT_TRUE(to);

  const Buffer one = encrypt_push(*to, as_bytes("message")), two = encrypt_push(*to, as_bytes("message"));

  EXPECT_EQ(one.size(), std::string_view("message").size() + kPushOverhead);
  EXPECT_NE(one, two);
  EXPECT_EQ(text(decrypt_push(receiver, secret, one)), "message");
  EXPECT_EQ(text(decrypt_push(receiver, secret, two)), "message");
  EXPECT_FALSE(decrypt_push(PrivateKey::generate(Alg::es256), secret, one));
  EXPECT_FALSE(decrypt_push(receiver, random_bytes(16), one));
  EXPECT_FALSE(decrypt_push(receiver, Bytes(secret).first(15), one));
}

TEST(Ece, a_push_message_of_two_records_is_refused) {
  const PrivateKey receiver = PrivateKey::generate(Alg::es256);
  const Buffer secret = random_bytes(16);
  const auto to = PushKeys::parse(base64url(receiver.point()), base64url(secret));
  Buffer message = encrypt_push(*to, as_bytes("message"));
  message.resize(message.size() + 1);
  message[16 + 2] = std::byte{0};
  message[16 + 3] = static_cast<std::byte>(message.size() - 86 - 1);

  EXPECT_FALSE(decrypt_push(receiver, secret, message));
}

TEST(Ece, keys_off_the_curve_or_of_another_size_are_refused) {
  const PrivateKey receiver = PrivateKey::generate(Alg::es256);
  const Buffer secret = random_bytes(16);
  const std::string good = base64url(receiver.point()), auth = base64url(secret);
  const auto taken = [&](auto change) {
    Buffer point = receiver.point();
    change(point);
    return PushKeys::parse(base64url(point), auth).has_value();
  };

  EXPECT_TRUE(PushKeys::parse(good, auth));
  EXPECT_TRUE(PushKeys::parse(good + "=", auth + "=="));
  EXPECT_FALSE(taken([](Buffer& point) { point[64] ^= std::byte{1}; }));
  EXPECT_FALSE(taken([](Buffer& point) { point[0] = std::byte{2}; }));
  EXPECT_FALSE(taken([](Buffer& point) { point.resize(33); }));
  EXPECT_FALSE(taken([](Buffer& point) { point.push_back(std::byte{0}); }));
  EXPECT_FALSE(taken([](Buffer& point) { std::ranges::fill(point, std::byte{0}); }));
  EXPECT_FALSE(taken([](Buffer& point) { std::fill(point.begin() + 1, point.end(), std::byte{0}); }));
  EXPECT_FALSE(PushKeys::parse(good, base64url(random_bytes(15))));
  EXPECT_FALSE(PushKeys::parse("", ""));

  Buffer message = encrypt_push(*PushKeys::parse(good, auth), as_bytes("message"));
  message[16 + 5 + 64] ^= std::byte{1};
  EXPECT_FALSE(decrypt_push(receiver, secret, message));
}

}  // namespace
}  // namespace hg::crypto
