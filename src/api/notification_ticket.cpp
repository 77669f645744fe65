#include "api/notification_ticket.h"

#include "api/admission.h"
#include "api/notifications.h"
#include "api/target.h"

namespace hg::api::notification_ticket {
namespace {

constexpr std::string_view kScheme = "Ticket";

// What a ticket opens.
struct Opened {
  feed::NotificationTicket ticket;
  model::Subscription endpoint;
  model::Notification notification;
};

// One refusal for all that was not made here, whatever is wrong with it.
Result<feed::NotificationTicket> shown_ticket(const Call& call) {
  const std::string_view shown = trim(call.request.headers.find("Authorization").value_or(""));
  if (shown.empty()) return fail(Code::token_missing, "no ticket: send Authorization: Ticket {ticket of a signal}");
  const std::size_t space = std::min(shown.find(' '), shown.size());
  const auto ticket = equal_ignoring_case(shown.substr(0, space), kScheme)
                          ? call.services.tokens.parse_notification_ticket(trim(shown.substr(space)))
                          : std::nullopt;
  if (!ticket) return fail(Code::token_invalid, "Authorization is not Ticket and a ticket that was made here");
  if (ticket->expires_at <= call.now)
    return fail(Code::token_expired, "the ticket ended with its notification at " + iso(ticket->expires_at));
  return *ticket;
}

// The call is from here on one of the user, by the application that made the subscription: what they may no longer do,
// the ticket does not either.
asio::awaitable<Result<model::Subscription>> admit(Call& call, const feed::NotificationTicket& ticket) {
  auto& subscriptions = call.services.subscriptions;
  const auto found = co_await subscriptions.find(ticket.feed, ticket.subscription);
  if (!found) co_return fail(Code::subscription_not_found, "the ticket's subscription is no longer kept");
  call.principal.user = ticket.feed.user;
  call.principal.application = found->application;
  call.principal.expires = ticket.expires_at;
  const auto directory = call.services.registry.directory();
  if (const auto* application = directory->application(found->application))
    call.principal.scopes = application->allowed;
  HG_CO_CHECK(call.here.bearer.still_good(call.principal, call.now));
  HG_CO_CHECK(authorize(call.principal, Who::feed_user));
  if (!reaches(call, ticket.feed.app)) co_return fail(target_not_allowed());
  co_return co_await subscriptions.touch(ticket.feed, ticket.subscription);
}

Error content_changed() {
  return {Code::content_changed, "the content is another by now; the push of the newer one brings its own ticket"};
}

asio::awaitable<Result<Opened>> open(Call& call) {
  HG_CO_TRY(const auto ticket, shown_ticket(call));
  HG_CO_TRY(auto endpoint, co_await admit(call, ticket));
  auto found = co_await call.services.reader.find(ticket.feed.user, {ticket.feed.app}, ticket.notification);
  if (!found) co_return fail(no_such_notification());
  const auto& n = found->notification;
  // One that was forgotten and posted anew counts its contents from one again.
  if (n.content_version != ticket.content_version || n.content.expires_at != ticket.expires_at)
    co_return fail(content_changed());
  co_return Opened{ticket, std::move(endpoint), std::move(found->notification)};
}

// Its context names no user: who holds a ticket learns of the notification alone.
net::Response entity(const Call& call, const FeedKey& feed, const model::Notification& notification) {
  const std::string context = call.base + "/" + std::string(call.version) + "/$metadata#microsoft.graph.notification";
  return notifications::entity(call, 200, feed, notification, context);
}

}  // namespace

Answer show(Call& call) {
  HG_CO_TRY(const auto opened, co_await open(call));
  co_await call.services.subscriptions.fetched(opened.endpoint, opened.notification);
  co_return entity(call, opened.ticket.feed, opened.notification);
}

Answer settle(Call& call) {
  HG_CO_TRY(const auto opened, co_await open(call));
  HG_CO_TRY(const auto body, body_json(call));
  HG_CO_TRY(auto patch, model::parse_state_patch(body, call.now));
  const std::int64_t seen = opened.ticket.content_version;
  if (patch.content_version.value_or(seen) != seen) co_return fail(content_changed());
  patch.content_version = seen;
  model::ChangeRequest request;
  request.feed = opened.ticket.feed;
  request.application = call.principal.application;
  request.maker = opened.endpoint.id;
  request.now = call.now;
  request.what = model::StateRequest{opened.ticket.notification, patch, handled_by(opened.endpoint, call.now)};
  HG_CO_CHECK(apply_if_match(call, request));
  HG_CO_TRY(const auto changed, co_await call.services.writer.apply(std::move(request)));
  add_change_headers(call, opened.ticket.feed, changed);
  co_return notifications::as_preferred(call, entity(call, opened.ticket.feed, changed.notifications.front()));
}

}  // namespace hg::api::notification_ticket
