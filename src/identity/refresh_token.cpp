#include "identity/refresh_token.h"

#include <algorithm>
#include <iterator>

#include "crypto/hash.h"

namespace hg::identity {

namespace {

constexpr std::byte kFormat{1};
constexpr std::size_t kHead = 1 + 1 + 16 + 4;  // format, bound, family, generation
constexpr std::size_t kSize = kHead + std::tuple_size_v<crypto::Digest>;

Buffer head_of(const RefreshToken& token) {
  Buffer head{kFormat, std::byte{token.bound}};
  std::ranges::copy(token.family.bytes, std::back_inserter(head));
  for (int shift = 24; shift >= 0; shift -= 8) head.push_back(static_cast<std::byte>(token.generation >> shift));
  return head;
}

}  // namespace

std::string write_refresh_token(const RefreshToken& token, const crypto::SealingKey& key) {
  Buffer whole = head_of(token);
  std::ranges::copy(crypto::hmac_sha256(key.bytes(), {whole}), std::back_inserter(whole));
  return base64url(whole);
}

std::optional<RefreshToken> read_refresh_token(std::string_view text, const crypto::SealingKey& key) {
  const auto whole = from_base64url(text);
  if (!whole || whole->size() != kSize || whole->front() != kFormat) return std::nullopt;
  const Bytes head = Bytes(*whole).first(kHead);
  if (!crypto::equal(crypto::hmac_sha256(key.bytes(), {head}), Bytes(*whole).subspan(kHead))) return std::nullopt;
  RefreshToken token;
  token.bound = head[1] != std::byte{0};
  token.family = *Guid::from_bytes(head.subspan(2, 16));
  for (const std::byte byte : head.subspan(18))
    token.generation = (token.generation << 8) | std::to_integer<std::uint32_t>(byte);
  return token;
}

}  // namespace hg::identity
