#include "api/live.h"

#include "api/headers.h"
#include "api/hosts.h"
#include "api/routes.h"
#include "api/stream.h"
#include "api/subscription_body.h"
#include "api/target.h"
#include "api/tickets.h"
#include "net/websocket.h"

namespace hg::api {

Streams::Streams(net::Loop& loop, bus::Bus& bus) {
  // It follows no feed: only what is stale is heard.
  listening_ = bus.subscribe([&loop](std::function<void()> task) { loop.post(std::move(task)); },
                             [this](const bus::Message& message) {
                               const auto* stale = std::get_if<bus::Stale>(&message);
                               if (stale != nullptr && stale->kind == bus::Stale::Kind::credential)
                                 end_ticket(stale->key);
                             });
}

void Streams::recheck() {
  for (Stream* stream : *streams_) stream->recheck();
}

void Streams::end_ticket(const Guid& ticket) {
  for (Stream* stream : *streams_) stream->ticket_opened(ticket);
}

namespace live {
namespace {

// What a call names of its own: the endpoint, or only the feed.
struct Named {
  FeedKey feed;
  std::optional<model::Subscription> endpoint;
};

asio::awaitable<Result<Named>> named(Call& call, std::string name) {
  HG_CO_TRY(const auto found, co_await find_subscription(call, std::move(name)));
  HG_CO_TRY(auto endpoint, co_await call.services.subscriptions.touch(found.feed, found.id));
  co_return Named{endpoint.feed, std::move(endpoint)};
}

asio::awaitable<Result<Named>> named(Call& call) {
  if (const std::string* name = call.option("subscription")) co_return co_await named(call, *name);
  HG_CO_TRY(auto endpoint, co_await named_endpoint(call));
  if (endpoint) co_return Named{endpoint->feed, std::move(endpoint)};
  HG_CO_TRY(const auto feed, co_await collection_feed(call));
  co_return Named{feed, std::nullopt};
}

asio::awaitable<Result<Named>> named(Call& call, const tickets::Grant& grant) {
  const bool names = call.option("subscription") != nullptr || call.option("targetHostName") != nullptr ||
                     call.request.headers.find("X-UNS-ID").has_value();
  if (names || !grant.endpoint) co_return co_await named(call);
  const feed::Unsid& unsid = *grant.endpoint;
  if (unsid.subscription.zero()) co_return Named{unsid.feed, std::nullopt};
  HG_CO_TRY(auto endpoint, co_await call.services.subscriptions.touch(unsid.feed, unsid.subscription));
  co_return Named{unsid.feed, std::move(endpoint)};
}

// By ticket: the call is from here on that of whom it was issued to.
asio::awaitable<Result<tickets::Grant>> admit(Call& call, bool events) {
  const std::string* ticket = call.option("ticket");
  if (ticket == nullptr || call.request.headers.find("Authorization"))
    co_return tickets::Grant{call.principal, std::nullopt};
  HG_CO_TRY(auto grant, co_await tickets::redeem(call, *ticket, events));
  call.principal = grant.principal;
  co_return grant;
}

// SSE's Last-Event-ID, else ?etag=, else where the feed is now.
asio::awaitable<std::string> start_of(Call& call, const FeedKey& feed) {
  if (const auto last = call.request.headers.find("Last-Event-ID"); last && !last->empty())
    co_return std::string(*last);
  if (const std::string* etag = call.option("etag"); etag != nullptr && !etag->empty()) co_return *etag;
  const auto state = co_await call.services.reader.state(feed);
  co_return call.services.tokens.etag(feed, state.version);
}

net::Response become(Call& call, StreamOrder order, bool events) {
  auto stream = std::make_shared<Stream>(call.services, call.here, std::move(order));
  if (const std::string* ticket = call.option("ticket"); ticket != nullptr && events)
    call.services.bus.publish({bus::Stale{bus::Stale::Kind::credential, tickets::name_of(*ticket)}});
  net::Response response;
  response.become = events ? net::Response::Become::events : net::Response::Become::websocket;
  response.live = [stream = std::move(stream)](std::shared_ptr<net::Live> live) { stream->start(live); };
  return response;
}

asio::awaitable<Result<net::Response>> connect(Call& call, bool view) {
  const bool events = net::websocket_handshake(call.request) == net::Handshake::none;
  if (events && !accepts(call.request.headers, "text/event-stream"))
    co_return fail(Code::not_acceptable, "a live connection is a WebSocket or text/event-stream; Accept excludes it");
  const auto origin = call.request.headers.find("Origin");
  // A browser asks nobody before it opens a WebSocket to another site: we do.
  if (!events && origin && !origin_allowed(*origin, call.base, call.services))
    co_return fail(Code::target_not_allowed, "pages of this origin may not open live connections here");
  HG_CO_TRY(const auto grant, co_await admit(call, events));
  HG_CO_CHECK(co_await check_oneself(call));
  Result<Named> target = view ? co_await named(call, std::string(call.param("id"))) : co_await named(call, grant);
  if (!target) co_return fail(std::move(target.error()));
  StreamOrder order{.feed = target->feed,
                    .endpoint = std::move(target->endpoint),
                    .etag = co_await start_of(call, target->feed),
                    .principal = call.principal,
                    .base = call.base,
                    .ticket = {}};
  if (const std::string* ticket = call.option("ticket"); ticket != nullptr && events)
    order.ticket = tickets::name_of(*ticket);
  co_return become(call, std::move(order), events);
}

asio::awaitable<net::Response> issued(Call& call, std::optional<feed::Unsid> endpoint) {
  const std::string ticket = co_await tickets::issue(call, {call.principal, endpoint});
  std::string body;
  JsonWriter(body)
      .object()
      .field("ticket", ticket)
      .field("expiresInSeconds", static_cast<std::int64_t>(tickets::kLife / std::chrono::seconds(1)))
      .end();
  auto response = json_response(201, std::move(body));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace

Answer open(Call& call) { return connect(call, false); }

Answer open_view(Call& call) { return connect(call, true); }

Answer issue_ticket(Call& call) {
  auto target = co_await named(call);
  // Which feed may be said when it is opened.
  if (!target && target.error().code == Code::ambiguous_target_host_name) co_return co_await issued(call, std::nullopt);
  if (!target) co_return fail(std::move(target.error()));
  const SubscriptionId subscription = target->endpoint ? target->endpoint->id : SubscriptionId{};
  co_return co_await issued(call, feed::Unsid{target->feed, subscription});
}

Answer issue_view_ticket(Call& call) {
  HG_CO_TRY(const auto target, co_await named(call, std::string(call.param("id"))));
  co_return co_await issued(call, feed::Unsid{target.feed, target.endpoint->id});
}

}  // namespace live
}  // namespace hg::api
