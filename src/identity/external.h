// Other issuers that are trusted: whose tokens they are, what they say of the user, and the keys that they are signed
// with.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/jwt.h"
#include "crypto/keys.h"
#include "identity/bearer.h"
#include "identity/registry.h"

namespace hg::identity {

struct ExternalIssuer {
  std::string issuer;        // as the tokens' iss has it
  std::string audience;      // that their aud names us by
  bool create_users = true;  // at first sight; otherwise the operator adds them beforehand
  std::string upn_claim = "preferred_username", name_claim = "name", mail_claim = "email";
};

// "https://login.example.com/realms/staff audience=heliograph users=known upn=email name=name mail=email": the issuer,
// then what differs from the above; `audience` is needed. Code::property_invalid.
Result<ExternalIssuer> parse_external_issuer(std::string_view text);

// The document at an address, or why there is none.
using Fetch = std::function<asio::awaitable<std::expected<std::string, std::string>>(std::string url)>;

// The keys of one issuer, from its discovery document. Good for ten minutes, then fetched again; for a day more where
// that fails. A key id that is not known is asked for at most once a minute, whoever brings it and however often.
// Lives on one loop.
class ExternalKeys {
 public:
  ExternalKeys(asio::any_io_executor loop, std::string issuer, Fetch fetch, const Clock& clock);

  // Code::token_invalid where there is none of this id for this algorithm.
  asio::awaitable<Result<crypto::PublicKey>> find(std::string kid, crypto::Alg alg);

 private:
  struct Known {
    std::optional<crypto::Alg> alg;
    crypto::PublicKey key;
  };

  [[nodiscard]] const Known* known(const std::string& kid, crypto::Alg alg) const;
  asio::awaitable<void> refresh();
  asio::awaitable<std::expected<std::string, std::string>> fetch_keys();
  bool read(const std::string& text);

  asio::steady_timer arrived_;  // rings for those who wait for a fetch that is under way
  const std::string issuer_;
  Fetch fetch_;
  const Clock& clock_;
  std::map<std::string, Known> keys_;
  std::string address_;  // of the key set
  Time read_at_{}, tried_at_{}, found_at_{};
  bool fetching_ = false;
};

// What each of the issuers' tokens stands for here. Lives on one loop.
class ExternalIssuers {
 public:
  ExternalIssuers(asio::any_io_executor loop, std::vector<ExternalIssuer> issuers, Fetch fetch, Registry& registry,
                  const Clock& clock);

  // Who shows this token: an application of ours that goes by its `azp`, `appid` or `client_id` there, and its user,
  // who is created or has to be known. Code::issuer_unknown, token_invalid, token_expired, wrong_audience,
  // application_blocked, user_blocked.
  asio::awaitable<Result<Principal>> admit(std::string token);

 private:
  struct One {
    ExternalIssuer issuer;
    std::unique_ptr<ExternalKeys> keys;
  };

  std::vector<One> issuers_;
  Registry& registry_;
  const Clock& clock_;
};

}  // namespace hg::identity
