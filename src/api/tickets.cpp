#include "api/tickets.h"

#include "crypto/hash.h"
#include "store/grants.h"

namespace hg::api::tickets {
namespace {

constexpr std::string_view kFirst = "stream", kAgain = "stream again";

std::string hash_of(std::string_view kind, std::string_view ticket) {
  std::string text(kind);
  text.append("\n").append(ticket);
  return std::string(as_text(crypto::sha256(text)));
}

std::string payload_of(const Grant& grant) {
  const identity::Principal& principal = grant.principal;
  std::string text;
  JsonWriter out(text);
  out.object()
      .field("user", principal.user)
      .field("application", principal.application)
      .field("session", principal.session)
      .field("family", principal.family)
      .field("token", principal.token)
      .field("key", principal.key)
      .field("expires", to_ms(principal.expires))
      .field("notifications", principal.scopes.has(identity::Scope::notifications))
      .field("activities", principal.scopes.has(identity::Scope::activities));
  if (grant.endpoint) out.field("app", grant.endpoint->feed.app).field("subscription", grant.endpoint->subscription);
  out.end();
  return text;
}

// Zero where it is not there: the version before wrote no family and no key.
Guid guid_in(const json::object& payload, std::string_view name) {
  const json::value* found = payload.if_contains(name);
  return found == nullptr ? Guid{} : Guid::parse(std::string_view(found->as_string())).value_or(Guid{});
}

Grant grant_of(const std::string& text) {
  const json::value parsed = json::parse(text);
  const json::object& payload = parsed.as_object();
  Grant grant;
  identity::Principal& principal = grant.principal;
  principal.user = UserId{guid_in(payload, "user")};
  principal.application = ApplicationId{guid_in(payload, "application")};
  principal.session = guid_in(payload, "session");
  principal.family = guid_in(payload, "family");
  principal.token = guid_in(payload, "token");
  principal.key = guid_in(payload, "key");
  principal.expires = from_ms(payload.at("expires").as_int64());
  if (payload.at("notifications").as_bool()) principal.scopes.add(identity::Scope::notifications);
  if (payload.at("activities").as_bool()) principal.scopes.add(identity::Scope::activities);
  if (payload.contains("app"))
    grant.endpoint =
        feed::Unsid{{principal.user, AppId{guid_in(payload, "app")}}, SubscriptionId{guid_in(payload, "subscription")}};
  return grant;
}

}  // namespace

asio::awaitable<std::string> issue(Call& call, Grant grant) {
  const std::string ticket = crypto::random_token();
  const store::Ticket row{.hash = hash_of(kFirst, ticket),
                          .kind = std::string(kFirst),
                          .payload = payload_of(grant),
                          .expires_at = call.now + kLife};
  co_await call.services.database.transact([&](store::Connection& tx) { store::tickets::insert(tx, row); });
  co_return ticket;
}

asio::awaitable<Result<Grant>> redeem(Call& call, std::string ticket, bool events) {
  const bool reopens = events && call.request.headers.find("Last-Event-ID").has_value();
  const Time now = call.now;
  const auto payload =
      co_await call.services.database.transact([&](store::Connection& tx) -> std::optional<std::string> {
        const std::string again = hash_of(kAgain, ticket);
        if (auto first = store::tickets::use(tx, hash_of(kFirst, ticket), kFirst, now)) {
          const Time expires = grant_of(*first).principal.expires;
          if (events) store::tickets::insert(tx, {again, std::string(kAgain), *first, expires});
          return first;
        }
        if (!reopens) return std::nullopt;
        const auto found = store::tickets::find(tx, again, kAgain, now);
        return found ? std::optional(found->payload) : std::nullopt;
      });
  if (!payload)
    co_return fail(Code::token_invalid, "the ticket is unknown, over, or was opened before; ask for a new one");
  Grant grant = grant_of(*payload);
  HG_CO_CHECK(call.here.bearer.still_good(grant.principal, now));
  co_return grant;
}

Guid name_of(std::string_view ticket) { return Guid::v8(crypto::sha256(ticket)); }

}  // namespace hg::api::tickets
