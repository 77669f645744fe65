// The keys of external issuers.
#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "crypto/jwk.h"
#include "identity/claims.h"
#include "identity/external.h"

namespace hg::identity {

namespace {

constexpr Duration kFresh = std::chrono::minutes(10);
constexpr Duration kStale = std::chrono::hours(24);
constexpr Duration kBetween = std::chrono::minutes(1);  // two attempts
constexpr std::size_t kMostKeys = 32;

// What `jwk` is good for: RFC 7517 §4.2, §4.4.
bool may_sign(const json::object& jwk) {
  const std::string use = text_in(jwk, "use");
  return use.empty() || use == "sig";
}

std::string after_slash(std::string issuer, std::string_view path) {
  while (issuer.ends_with('/')) issuer.pop_back();
  return issuer + std::string(path);
}

}  // namespace

ExternalKeys::ExternalKeys(asio::any_io_executor loop, std::string issuer, Fetch fetch, const Clock& clock)
    : arrived_(loop, asio::steady_timer::time_point::max()),
      issuer_(std::move(issuer)),
      fetch_(std::move(fetch)),
      clock_(clock) {}

const ExternalKeys::Known* ExternalKeys::known(const std::string& kid, crypto::Alg alg) const {
  const auto found = keys_.find(kid);
  if (found == keys_.end() || (found->second.alg && *found->second.alg != alg)) return nullptr;
  return read_at_ + kFresh + kStale <= clock_.now() ? nullptr : &found->second;
}

asio::awaitable<Result<crypto::PublicKey>> ExternalKeys::find(std::string kid, crypto::Alg alg) {
  if (known(kid, alg) == nullptr || read_at_ + kFresh <= clock_.now()) co_await refresh();
  if (const Known* found = known(kid, alg)) co_return found->key;
  co_return fail(Code::token_invalid, fmt::format("{} publishes no key that the token is signed with", issuer_));
}

asio::awaitable<void> ExternalKeys::refresh() {
  if (fetching_) {
    boost::system::error_code rung;
    co_await arrived_.async_wait(asio::redirect_error(asio::use_awaitable, rung));
    co_return;
  }
  const Time now = clock_.now();
  if (tried_at_ + kBetween > now) co_return;
  tried_at_ = now;
  fetching_ = true;
  // Whatever becomes of it, nobody waits for ever.
  struct Ending {
    ExternalKeys& keys;
    ~Ending() {
      keys.fetching_ = false;
      keys.arrived_.cancel();
    }
  } const ending{*this};
  const auto text = co_await fetch_keys();
  const bool good = text && read(*text);
  if (good) read_at_ = now;
  if (!good) log::warn("identity", "the keys of {} cannot be had: {}", issuer_, text ? "no key set" : text.error());
}

// OpenID Connect Discovery 1.0 §4: a document that names another issuer says nothing of this one.
asio::awaitable<std::expected<std::string, std::string>> ExternalKeys::fetch_keys() {
  if (address_.empty() || found_at_ + kStale <= clock_.now()) {
    const auto text = co_await fetch_(after_slash(issuer_, "/.well-known/openid-configuration"));
    if (!text) co_return std::unexpected(text.error());
    const auto document = parse_json(*text);
    if (!document || !document->is_object()) co_return std::unexpected("its discovery document is no JSON object");
    if (text_in(document->get_object(), "issuer") != issuer_)
      co_return std::unexpected("its discovery document names another issuer");
    std::string address = text_in(document->get_object(), "jwks_uri");
    if (!address.starts_with("https://")) co_return std::unexpected("its jwks_uri is no https URL");
    address_ = std::move(address);
    found_at_ = clock_.now();
  }
  co_return co_await fetch_(address_);
}

// Other kinds of keys may stand among them, and are passed over.
bool ExternalKeys::read(const std::string& text) {
  const auto document = parse_json(text);
  const auto* list = document && document->is_object() ? document->get_object().if_contains("keys") : nullptr;
  if (list == nullptr || !list->is_array() || list->get_array().size() > kMostKeys) return false;
  std::map<std::string, Known> all;
  for (const auto& one : list->get_array()) {
    if (!one.is_object() || !may_sign(one.get_object())) continue;
    const std::string named = text_in(one.get_object(), "alg");
    const auto alg = crypto::parse_alg(named);
    auto key = crypto::PublicKey::from_jwk(crypto::jwk_of(one));
    if (!key || (!named.empty() && !alg)) continue;
    all.emplace(text_in(one.get_object(), "kid"), Known{alg, *std::move(key)});
  }
  keys_ = std::move(all);
  return true;
}

}  // namespace hg::identity
