#include "crypto/ece.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "crypto/ecdh.h"
#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace hg::crypto {

namespace {

constexpr std::size_t kSalt = 16;
constexpr std::size_t kKey = 16;
constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;
constexpr std::size_t kPoint = 65;
constexpr std::size_t kSecret = 16;
constexpr std::size_t kHeader = kSalt + 4 + 1;  // and the key id
constexpr std::uint32_t kLeastRecord = kTag + 2;
constexpr std::byte kMoreFollow{1}, kLast{2};  // delimiters: what stands between a record's text and its padding

const unsigned char* raw(Bytes bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* writable(Buffer& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

// Fetching costs more than sealing a message: once a process.
const EVP_CIPHER* gcm() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  return cipher;
}

EVP_CIPHER_CTX* context() {
  thread_local const CipherContext instance(EVP_CIPHER_CTX_new());
  return instance.get();
}

// HKDF's second step (RFC 5869 §2.3) for no more than one hash.
Digest expand(Bytes key, std::string_view label, Bytes more = {}) {
  constexpr std::byte kBlock{1}, kEnd{0};
  return hmac_sha256(key, {as_bytes(label), Bytes(&kEnd, 1), more, Bytes(&kBlock, 1)});
}

// RFC 8188 §2.2, 2.3
class Records {
 public:
  Records(Bytes keying, Bytes salt) {
    const Digest key = hmac_sha256(salt, {keying});
    const Digest content = expand(key, "Content-Encoding: aes128gcm");
    const Digest nonce = expand(key, "Content-Encoding: nonce");
    std::ranges::copy_n(content.begin(), kKey, key_.begin());
    std::ranges::copy_n(nonce.begin(), kNonce, nonce_.begin());
  }

  // Appends the next record: text, delimiter, tag.
  void seal(Bytes clear, std::byte delimiter, Buffer& out) {
    EVP_CIPHER_CTX* ctx = context();
    const auto nonce = next_nonce();
    check(EVP_EncryptInit_ex2(ctx, gcm(), raw(key_), raw(nonce), nullptr), "sealing");
    std::size_t at = out.size();
    out.resize(at + clear.size() + 1 + kTag);
    const auto write = [&](Bytes piece) {
      int written = 0;
      check(EVP_EncryptUpdate(ctx, writable(out) + at, &written, raw(piece), static_cast<int>(piece.size())),
            "sealing");
      at += static_cast<std::size_t>(written);
    };
    if (!clear.empty()) write(clear);
    write(Bytes(&delimiter, 1));
    int nothing = 0;
    check(EVP_EncryptFinal_ex(ctx, writable(out) + at, &nothing), "sealing");
    check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, kTag, writable(out) + at), "sealing");
  }

  // Appends the text of the next record, delimiter and padding still behind it; false where it was not sealed so.
  bool open(Bytes sealed, Buffer& out) {
    EVP_CIPHER_CTX* ctx = context();
    const auto nonce = next_nonce();
    check(EVP_DecryptInit_ex2(ctx, gcm(), raw(key_), raw(nonce), nullptr), "opening");
    const Bytes text = sealed.first(sealed.size() - kTag);
    Buffer tag(sealed.end() - kTag, sealed.end());
    const std::size_t at = out.size();
    out.resize(at + text.size());
    int written = 0;
    check(EVP_DecryptUpdate(ctx, writable(out) + at, &written, raw(text), static_cast<int>(text.size())), "opening");
    check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()), "opening");
    int nothing = 0;
    const bool good = EVP_DecryptFinal_ex(ctx, writable(out) + out.size(), &nothing) == 1;
    ERR_clear_error();
    return good;
  }

 private:
  std::array<std::byte, kNonce> next_nonce() {
    auto nonce = nonce_;
    for (std::size_t i = 0; i < 8; ++i) nonce[kNonce - 1 - i] ^= static_cast<std::byte>(number_ >> (8 * i));
    ++number_;
    return nonce;
  }

  std::array<std::byte, kKey> key_{};
  std::array<std::byte, kNonce> nonce_{};
  std::uint64_t number_ = 0;
};

// Takes delimiter and padding off; false where the delimiter is not the one due.
bool unpad(Buffer& text, std::byte delimiter, std::size_t begin) {
  while (text.size() > begin && text.back() == std::byte{0}) text.pop_back();
  if (text.size() == begin || text.back() != delimiter) return false;
  text.pop_back();
  return true;
}

struct Header {
  Bytes salt, key_id, records;
  std::size_t record_size = 0;
};

std::optional<Header> read_header(Bytes body) {
  if (body.size() < kHeader) return std::nullopt;
  Header header;
  header.salt = body.first(kSalt);
  for (std::size_t i = 0; i < 4; ++i)
    header.record_size = header.record_size << 8U | std::to_integer<std::size_t>(body[kSalt + i]);
  const auto id = std::to_integer<std::size_t>(body[kSalt + 4]);
  if (header.record_size < kLeastRecord || body.size() < kHeader + id) return std::nullopt;
  header.key_id = body.subspan(kHeader, id);
  header.records = body.subspan(kHeader + id);
  return header;
}

Buffer head(Bytes salt, std::uint32_t record_size, Bytes key_id) {
  Buffer out(salt.begin(), salt.end());
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::byte>(record_size >> shift));
  out.push_back(static_cast<std::byte>(key_id.size()));
  out.insert(out.end(), key_id.begin(), key_id.end());
  return out;
}

std::optional<Buffer> open_records(Bytes keying, const Header& header) {
  Records records(keying, header.salt);
  Buffer clear;
  clear.reserve(header.records.size());
  for (Bytes rest = header.records; !rest.empty();) {
    const Bytes record = rest.first(std::min(header.record_size, rest.size()));
    rest = rest.subspan(record.size());
    const std::size_t begin = clear.size();
    if (record.size() < kTag + 1 || !records.open(record, clear)) return std::nullopt;
    if (!unpad(clear, rest.empty() ? kLast : kMoreFollow, begin)) return std::nullopt;
  }
  if (header.records.empty()) return std::nullopt;
  return clear;
}

// RFC 8291 §3.4: from what both sides can compute.
Digest push_keying(Bytes shared, Bytes secret, Bytes receiver, Bytes sender) {
  Buffer both(receiver.begin(), receiver.end());
  both.insert(both.end(), sender.begin(), sender.end());
  return expand(hmac_sha256(secret, {shared}), "WebPush: info", both);
}

Buffer seal_push(const PushKeys& to, Bytes clear, const Agreed& agreed, Bytes salt) {
  const Digest keying = push_keying(agreed.shared, to.secret, to.point, agreed.point);
  // One record, also where the text is longer than services take.
  const auto record_size = static_cast<std::uint32_t>(std::max<std::size_t>(kRecordSize, clear.size() + kTag + 1));
  return seal_aes128gcm(keying, salt, agreed.point, clear, record_size);
}

}  // namespace

Buffer seal_aes128gcm(Bytes keying, Bytes salt, Bytes key_id, Bytes clear, std::uint32_t record_size) {
  if (salt.size() != kSalt || key_id.size() > 255 || record_size < kLeastRecord)
    throw std::logic_error("no aes128gcm header can say this");
  const std::size_t room = record_size - kTag - 1;
  Buffer out = head(salt, record_size, key_id);
  out.reserve(out.size() + clear.size() + (clear.size() / room + 1) * (kTag + 1));
  Records records(keying, salt);
  for (; clear.size() > room; clear = clear.subspan(room)) records.seal(clear.first(room), kMoreFollow, out);
  records.seal(clear, kLast, out);
  return out;
}

std::optional<Buffer> open_aes128gcm(Bytes keying, Bytes body) {
  const auto header = read_header(body);
  return header ? open_records(keying, *header) : std::nullopt;
}

std::optional<PushKeys> PushKeys::parse(std::string_view p256dh, std::string_view auth) {
  auto point = from_base64url(p256dh);
  auto secret = from_base64url(auth);
  if (!point || !secret || secret->size() != kSecret || !on_p256(*point)) return std::nullopt;
  return PushKeys{*std::move(point), *std::move(secret)};
}

Buffer encrypt_push(const PushKeys& to, Bytes clear, const PrivateKey& sender, Bytes salt) {
  const Agreed agreed{.point = sender.point(), .shared = sender.agree(PublicKey::from_point(to.point).value())};
  return seal_push(to, clear, agreed, salt);
}

Buffer encrypt_push(const PushKeys& to, Bytes clear) {
  return seal_push(to, clear, agree_once(to.point), random_bytes(kSalt));
}

std::optional<Buffer> decrypt_push(const PrivateKey& receiver, Bytes secret, Bytes body) {
  const auto header = read_header(body);
  if (!header || header->key_id.size() != kPoint || header->records.size() > header->record_size) return std::nullopt;
  const auto sender = PublicKey::from_point(header->key_id);
  if (!sender || secret.size() != kSecret) return std::nullopt;
  return open_records(push_keying(receiver.agree(*sender), secret, receiver.point(), header->key_id), *header);
}

}  // namespace hg::crypto
