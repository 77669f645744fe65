#include "base/id.h"

#include <algorithm>
#include <cstring>

namespace hg {

namespace {

constexpr char kDigits[] = "0123456789abcdef";

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool hyphen_at(std::size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

}  // namespace

std::string Guid::str() const {
  std::string out;
  out.reserve(36);
  for (const std::byte byte : bytes) {
    if (hyphen_at(out.size())) out += '-';
    const auto value = std::to_integer<unsigned>(byte);
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  return out;
}

std::optional<Guid> Guid::parse(std::string_view text) {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() != 36) return std::nullopt;
  Guid guid;
  std::size_t at = 0;
  for (std::byte& byte : guid.bytes) {
    if (hyphen_at(at) && text[at++] != '-') return std::nullopt;
    const int high = digit(text[at]);
    const int low = digit(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    byte = static_cast<std::byte>(high * 16 + low);
    at += 2;
  }
  return guid;
}

std::optional<Guid> Guid::from_bytes(Bytes raw) {
  if (raw.size() != 16) return std::nullopt;
  Guid guid;
  std::ranges::copy(raw, guid.bytes.begin());
  return guid;
}

Guid Guid::v8(Bytes raw) {
  Guid guid;
  std::ranges::copy(raw.first(16), guid.bytes.begin());
  guid.bytes[6] = (guid.bytes[6] & std::byte{0x0f}) | std::byte{0x80};
  guid.bytes[8] = (guid.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  return guid;
}

}  // namespace hg

std::size_t std::hash<hg::Guid>::operator()(const hg::Guid& guid) const noexcept {
  // Ids are random or keyed hashes: any eight of their bytes are a hash already. The last eight have no version in
  // them.
  std::size_t value = 0;
  std::memcpy(&value, guid.bytes.data() + 8, sizeof value);
  return value;
}
