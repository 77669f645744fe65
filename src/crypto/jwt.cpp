#include "crypto/jwt.h"

#include <algorithm>

namespace hg::crypto {

namespace {

constexpr std::size_t kMaxToken = 8 * 1024;
constexpr std::size_t kMaxKid = 64;

bool safe_kid(std::string_view kid) {
  return kid.size() <= kMaxKid && std::ranges::all_of(kid, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

// RFC 7515 §2: no padding.
std::optional<Buffer> decode(std::string_view part) {
  return part.ends_with('=') ? std::nullopt : from_base64url(part);
}

std::optional<json::object> object_of(std::string_view part) {
  const auto bytes = decode(part);
  if (!bytes) return std::nullopt;
  auto parsed = parse_json(as_text(*bytes));
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->as_object());
}

// Empty where it is missing; nullopt where it is no text.
std::optional<std::string> text_in(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr) return "";
  if (!member->is_string()) return std::nullopt;
  return std::string(member->as_string());
}

// Fills what the header says; false where it is not acceptable.
bool read_header(Jwt& jwt) {
  const auto alg = text_in(jwt.header, "alg");
  const auto kid = text_in(jwt.header, "kid");
  const auto typ = text_in(jwt.header, "typ");
  if (jwt.header.contains("crit") || !alg || !kid || !typ || !safe_kid(*kid)) return false;
  const auto known = parse_alg(*alg);
  if (!known) return false;
  jwt.alg = *known;
  jwt.kid = *kid;
  jwt.typ = lower(*typ);
  if (jwt.typ.starts_with("application/")) jwt.typ.erase(0, 12);
  return true;
}

}  // namespace

std::string sign_jwt(const PrivateKey& key, std::string_view kid, std::string_view typ, std::string_view claims_json) {
  std::string header;
  JsonWriter out(header);
  out.object().field("typ", typ).field("alg", name(key.alg()));
  if (!kid.empty()) out.field("kid", kid);
  out.end();
  std::string token = base64url(as_bytes(header)) + '.' + base64url(as_bytes(claims_json));
  return token + '.' + base64url(key.sign(as_bytes(token)));
}

std::optional<Jwt> parse_jwt(std::string_view token) {
  if (token.size() > kMaxToken) return std::nullopt;
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  auto header = object_of(token.substr(0, first));
  if (!header) return std::nullopt;
  Jwt jwt;
  jwt.header = std::move(*header);
  if (!read_header(jwt)) return std::nullopt;
  auto claims = object_of(token.substr(first + 1, second - first - 1));
  auto signature = decode(token.substr(second + 1));
  if (!claims || !signature) return std::nullopt;
  jwt.claims = std::move(*claims);
  jwt.signature = std::move(*signature);
  jwt.signing_input = token.substr(0, second);
  return jwt;
}

}  // namespace hg::crypto
