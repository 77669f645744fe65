#include "crypto/seal.h"

#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace hg::crypto {

namespace {

constexpr std::byte kFormat{1};
constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;
constexpr std::size_t kNonceAt = 2;  // behind format and key id
constexpr std::size_t kTagAt = kNonceAt + kNonce;
constexpr std::size_t kHead = kTagAt + kTag;

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

EVP_CIPHER* gcm() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

EVP_CIPHER* siv() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr);
  return cipher;
}

}  // namespace

SealingKey::SealingKey(Buffer key)
    : key_(std::move(key)),
      siv_key_(hkdf_sha256(key_, "heliograph siv", 64)),
      id_(hkdf_sha256(key_, "heliograph key id", 1).front()) {}

SealingKey SealingKey::generate() { return SealingKey(random_bytes(kSize)); }

std::optional<SealingKey> SealingKey::from_bytes(Bytes key) {
  if (key.size() != kSize) return std::nullopt;
  return SealingKey(Buffer(key.begin(), key.end()));
}

SealingKey SealingKey::subkey(std::string_view purpose) const {
  return SealingKey(hkdf_sha256(key_, "heliograph " + std::string(purpose), kSize));
}

Buffer SealingKey::seal(Bytes associated, Bytes clear) const {
  Buffer out(kHead + clear.size());
  out[0] = kFormat;
  out[1] = id_;
  fill_random(std::span(out).subspan(kNonceAt, kNonce));
  const CipherContext ctx(EVP_CIPHER_CTX_new());
  int length = 0;
  check(EVP_EncryptInit_ex2(ctx.get(), gcm(), raw(key_.data()), raw(out.data() + kNonceAt), nullptr), "sealing");
  if (!associated.empty())
    check(EVP_EncryptUpdate(ctx.get(), nullptr, &length, raw(associated.data()), static_cast<int>(associated.size())),
          "sealing");
  if (!clear.empty())
    check(EVP_EncryptUpdate(ctx.get(), raw(out.data() + kHead), &length, raw(clear.data()),
                            static_cast<int>(clear.size())),
          "sealing");
  check(EVP_EncryptFinal_ex(ctx.get(), raw(out.data() + out.size()), &length), "sealing");
  check(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, kTag, out.data() + kTagAt), "sealing");
  return out;
}

std::optional<Buffer> SealingKey::open(Bytes associated, Bytes sealed) const {
  if (sealed.size() < kHead || sealed[0] != kFormat || sealed[1] != id_) return std::nullopt;
  const CipherContext ctx(EVP_CIPHER_CTX_new());
  const Bytes body = sealed.subspan(kHead);
  Buffer tag(sealed.begin() + kTagAt, sealed.begin() + kHead);
  Buffer out(body.size());
  int length = 0;
  check(EVP_DecryptInit_ex2(ctx.get(), gcm(), raw(key_.data()), raw(sealed.data() + kNonceAt), nullptr), "opening");
  if (!associated.empty())
    check(EVP_DecryptUpdate(ctx.get(), nullptr, &length, raw(associated.data()), static_cast<int>(associated.size())),
          "opening");
  if (!body.empty())
    check(EVP_DecryptUpdate(ctx.get(), raw(out.data()), &length, raw(body.data()), static_cast<int>(body.size())),
          "opening");
  check(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()), "opening");
  if (EVP_DecryptFinal_ex(ctx.get(), raw(out.data() + out.size()), &length) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return out;
}

Buffer SealingKey::seal_siv(Bytes associated, Bytes clear) const {
  Buffer out(kTag + clear.size());
  const CipherContext ctx(EVP_CIPHER_CTX_new());
  int length = 0;
  check(EVP_EncryptInit_ex2(ctx.get(), siv(), raw(siv_key_.data()), nullptr, nullptr), "sealing");
  if (!associated.empty())
    check(EVP_EncryptUpdate(ctx.get(), nullptr, &length, raw(associated.data()), static_cast<int>(associated.size())),
          "sealing");
  check(
      EVP_EncryptUpdate(ctx.get(), raw(out.data() + kTag), &length, raw(clear.data()), static_cast<int>(clear.size())),
      "sealing");
  check(EVP_EncryptFinal_ex(ctx.get(), raw(out.data() + kTag), &length), "sealing");
  check(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, kTag, out.data()), "sealing");
  return out;
}

std::optional<Buffer> SealingKey::open_siv(Bytes associated, Bytes sealed) const {
  if (sealed.size() <= kTag) return std::nullopt;
  const Bytes body = sealed.subspan(kTag);
  Buffer tag(sealed.begin(), sealed.begin() + kTag);
  Buffer out(body.size());
  const CipherContext ctx(EVP_CIPHER_CTX_new());
  int length = 0;
  check(EVP_DecryptInit_ex2(ctx.get(), siv(), raw(siv_key_.data()), nullptr, nullptr), "opening");
  // SIV wants the tag before any data, and the data in one piece.
  check(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()), "opening");
  if (!associated.empty())
    check(EVP_DecryptUpdate(ctx.get(), nullptr, &length, raw(associated.data()), static_cast<int>(associated.size())),
          "opening");
  if (EVP_DecryptUpdate(ctx.get(), raw(out.data()), &length, raw(body.data()), static_cast<int>(body.size())) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return out;
}

}  // namespace hg::crypto
