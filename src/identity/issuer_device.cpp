// The issuer's device grant (RFC 8628).
#include <algorithm>

#include "crypto/hash.h"
#include "identity/granting.h"
#include "identity/issuer.h"
#include "store/device_codes.h"

namespace hg::identity {

namespace {

using State = store::DeviceCode::State;

// Without vowels, so that no word comes about, and without digits (RFC 8628 §6.1): 20^8 codes.
constexpr std::string_view kLetters = "BCDFGHJKLMNPQRSTVWXZ";
constexpr std::size_t kCodeLetters = 8;
// Clients count from when they got the answer, and timers are early at times.
constexpr Duration kPollTolerance = std::chrono::seconds(1);

std::string new_user_code() {
  std::string code;
  while (code.size() < kCodeLetters) {
    // Bytes from the last, incomplete round of letters would make some likelier.
    for (const std::byte byte : crypto::random_bytes(kCodeLetters)) {
      const auto number = std::to_integer<std::size_t>(byte);
      if (number < 256 / kLetters.size() * kLetters.size() && code.size() < kCodeLetters)
        code += kLetters[number % kLetters.size()];
    }
  }
  return code;
}

std::string shown(const std::string& code) { return code.substr(0, 4) + "-" + code.substr(4); }

// As it may be typed.
std::string hash_of_typed(std::string_view typed) {
  std::string code;
  for (const char c : typed) {
    if (c >= 'a' && c <= 'z') code += static_cast<char>(c - 'a' + 'A');
    if (c >= 'A' && c <= 'Z') code += c;
  }
  return hash_of("user code " + code);
}

std::optional<store::DeviceCode> waiting(store::Connection& tx, std::string_view user_code, Time now) {
  auto found = store::device_codes::find_by_user_code(tx, hash_of_typed(user_code));
  return found && found->state == State::waiting && found->expires_at > now ? found : std::nullopt;
}

// A confidential application may be a public one on its users' devices, where it has an address for those.
bool needs_secret(const Application& application) {
  return application.confidential &&
         std::ranges::none_of(application.redirect_uris, [](const auto& uri) { return uri.first == "native"; });
}

}  // namespace

asio::awaitable<DeviceAuthorization> Issuer::begin_device(Client client, Asked asked) {
  const Time now = clock_.now();
  store::DeviceCode code;
  code.application = client.application.id;
  code.scopes = asked.spelling;
  code.audience = asked.audience;
  code.created_at = now;
  code.expires_at = now + kDeviceCodeLife;
  code.interval = kDevicePoll;
  while (true) {
    const std::string device_code = crypto::random_token(32);
    const std::string user_code = new_user_code();
    code.hash = hash_of(device_code);
    code.user_code_hash = hash_of_typed(user_code);
    const bool fresh =
        co_await database_.transact([&](store::Connection& tx) { return store::device_codes::insert(tx, code); });
    if (fresh) co_return DeviceAuthorization{device_code, shown(user_code)};
  }
}

asio::awaitable<std::optional<DeviceRequest>> Issuer::device_request(std::string user_code) {
  co_return co_await database_.read([&](store::Connection& tx) -> std::optional<DeviceRequest> {
    const auto found = waiting(tx, user_code, clock_.now());
    if (!found) return std::nullopt;
    return DeviceRequest{found->application, found->scopes};
  });
}

asio::awaitable<bool> Issuer::allow_device(std::string user_code, UserId user, Guid session) {
  co_return co_await database_.transact([&](store::Connection& tx) {
    const auto found = waiting(tx, user_code, clock_.now());
    return found && store::device_codes::allow(tx, found->hash, user, session);
  });
}

asio::awaitable<bool> Issuer::deny_device(std::string user_code) {
  co_return co_await database_.transact([&](store::Connection& tx) {
    const auto found = waiting(tx, user_code, clock_.now());
    return found && store::device_codes::deny(tx, found->hash);
  });
}

OAuthResult<Issuer::Granted> Issuer::take_device(store::Connection& tx, const Client& client, const std::string& base,
                                                 const std::string& device_code) const {
  const Time now = clock_.now();
  const auto found = store::device_codes::find(tx, hash_of(device_code));
  if (!found || found->application != client.application.id)
    return oauth_fail("invalid_grant", "the device code is not known here, or another client's");
  if (!client.proven && needs_secret(client.application)) return secret_needed();
  if (found->expires_at <= now) return oauth_fail("expired_token", "the device code has expired; ask for another one");
  if (found->state == State::denied) return oauth_fail("access_denied", "the user did not allow it");
  if (found->state == State::redeemed) return oauth_fail("invalid_grant", "the device code was used before");
  if (found->state == State::waiting) {
    // RFC 8628 §3.5: five seconds more from now on.
    const bool early = now + kPollTolerance < found->polled_at + found->interval;
    const Duration interval = early ? found->interval + kDevicePoll : found->interval;
    store::device_codes::poll(tx, found->hash, interval, now);
    if (early) return oauth_fail("slow_down", "asked again before the interval was over; it is longer from now on");
    return oauth_fail("authorization_pending", "the user has not decided yet");
  }
  auto asked = granted_scopes(found->scopes, found->audience, base, *registry_.directory());
  if (!asked) return std::unexpected(asked.error());
  auto user = active_user(tx, *found->user, asked->scopes);
  if (!user) return std::unexpected(user.error());
  const auto session = store::sessions::find(tx, *found->session);
  if (!session || session->revoked_at) return oauth_fail("invalid_grant", "the user has signed out");
  if (!store::device_codes::redeem(tx, found->hash))
    return oauth_fail("invalid_grant", "the device code was used before");
  const RefreshToken first{crypto::random_guid(), 0, client.proven};
  return found_family(tx, client,
                      {.user = *std::move(user),
                       .asked = *std::move(asked),
                       .refresh = "",
                       .nonce = "",
                       .session = *found->session,
                       .family = first.family,
                       .signed_in_at = session->created_at},
                      first);
}

asio::awaitable<OAuthResult<Issued>> Issuer::redeem_device(Client client, std::string base, std::string device_code) {
  auto granted =
      co_await database_.transact([&](store::Connection& tx) { return take_device(tx, client, base, device_code); });
  if (!granted) co_return std::unexpected(granted.error());
  co_return issue(std::move(base), client, *std::move(granted));
}

}  // namespace hg::identity
