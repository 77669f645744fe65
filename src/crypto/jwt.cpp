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

std::optional<json::object> object_of(std::string_view part) {
  if (part.find('=') != std::string_view::npos) return std::nullopt;
  const auto bytes = from_base64url(part);
  if (!bytes) return std::nullopt;
  auto parsed = parse_json(as_text(*bytes));
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->as_object());
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
}

}  // namespace

std::string sign_jwt(const PrivateKey& key, std::string_view kid, std::string_view typ, std::string_view claims_json) {
  std::string header;
  JsonWriter(header).object().field("typ", typ).field("alg", name(key.alg())).field("kid", kid).end();
  std::string token = base64url(as_bytes(header)) + '.' + base64url(as_bytes(claims_json));
  return token + '.' + base64url(key.sign(as_bytes(token)));
}

std::optional<Jwt> parse_jwt(std::string_view token) {
  if (token.size() > kMaxToken) return std::nullopt;
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  const auto header = object_of(token.substr(0, first));
  if (!header || header->contains("crit")) return std::nullopt;
  Jwt jwt;
  const auto alg = parse_alg(text_in(*header, "alg"));
  jwt.kid = text_in(*header, "kid");
  if (!alg || !safe_kid(jwt.kid)) return std::nullopt;
  jwt.alg = *alg;
  jwt.typ = lower(text_in(*header, "typ"));
  if (jwt.typ.starts_with("application/")) jwt.typ.erase(0, 12);
  auto claims = object_of(token.substr(first + 1, second - first - 1));
  auto signature = from_base64url(token.substr(second + 1));
  if (!claims || !signature) return std::nullopt;
  jwt.claims = std::move(*claims);
  jwt.signature = std::move(*signature);
  jwt.signing_input = token.substr(0, second);
  return jwt;
}

}  // namespace hg::crypto
