#include "api/stream.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <random>

#include "api/problem.h"
#include "api/target.h"
#include "base/log.h"
#include "net/loop.h"

namespace hg::api {
namespace {

constexpr Duration kHeartbeat = std::chrono::seconds(30);
constexpr std::string_view kHeartbeatText = R"({"type":"heartbeat"})";
constexpr std::uint16_t kBadMessage = 4400, kTokenExpired = 4401, kRevoked = 4403, kFault = 1011;

// Those that are sent away together must not come back together.
std::int64_t come_back_after_ms() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_int_distribution<std::int64_t>(1'000, 6'000)(random);
}

std::string_view text_of(const json::object& message, std::string_view name) {
  const json::value* found = message.if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
}

std::string ok(std::string_view about, std::string_view base_etag = {}, std::string_view new_etag = {}) {
  std::string text;
  JsonWriter out(text);
  out.object().field("type", "ok").field("for", about);
  if (!new_etag.empty()) out.field("baseETag", base_etag).field("newETag", new_etag);
  out.end();
  return text;
}

std::string refused(std::string_view about, const Error& error) {
  std::string text;
  JsonWriter(text)
      .object()
      .field("type", "refused")
      .field("for", about)
      .field("code", problem_name(error))
      .field("message", error.message)
      .end();
  return text;
}

}  // namespace

Stream::Stream(Services& services, Here& here, StreamOrder order)
    : services_(services),
      here_(here),
      others_(here.streams.streams_),
      order_(std::move(order)),
      alarm_(net::Alarm::of<&Stream::expired>(this)) {
  others_->insert(this);
}

Stream::~Stream() { others_->erase(this); }

void Stream::start(const std::shared_ptr<net::Live>& live) {
  live_ = live;
  live->on_message = [this](std::string_view text) { hear(text); };
  live->on_drained = [this] { drained(); };
  live->on_closed = [self = shared_from_this()] {
    self->alarm_.disarm();
    self->place_ = {};
  };
  const bool events = live->kind() == net::Live::Kind::events;
  live->heartbeat(kHeartbeat, events ? net::kSseComment : kHeartbeatText);
  // From now on a browser that reconnects says where it was, though no signal came yet.
  if (events) {
    const bool known = services_.tokens.parse_etag(order_.feed, order_.etag).has_value();
    live->send(fmt::format("{}retry: {}\n\n", known ? "id: " + order_.etag + "\n" : "", come_back_after_ms()));
  }
  feed::LiveReader reader{.feed = order_.feed, .etag = order_.etag, .send = [this](const feed::LiveMessage& message) {
                            return tell(message);
                          }};
  if (order_.endpoint) {
    reader.subscription = order_.endpoint->id;
    reader.platform = order_.endpoint->counts_as;
    reader.type = order_.endpoint->notification_type;
    reader.life = order_.endpoint->life;
    reader.expires_at = order_.endpoint->expires_at;
  }
  auto place = here_.hub.open(std::move(reader));
  if (!place) {
    const bool full = place.error().code == Code::too_many_requests;
    if (!full) return restarting(*live);
    return close(feed::kCloseTooMany, "too many connections");
  }
  place_ = std::move(*place);
  arm();
}

bool Stream::tell(const feed::LiveMessage& message) {
  const auto live = live_.lock();
  if (!live) return true;
  if (message.kind == feed::LiveMessage::Kind::close) {
    if (message.code == feed::kCloseRestarting) {
      restarting(*live);
    } else {
      live->close(message.code, message.name);
    }
    return true;
  }
  if (live->kind() == net::Live::Kind::websocket) return live->send(message.text);
  const bool signal = message.kind == feed::LiveMessage::Kind::signal;
  return live->send(net::sse_event(signal ? message.name : "", signal ? "" : message.name, message.text));
}

// One message at a time, so that answers come in order.
void Stream::hear(std::string_view text) {
  const auto live = live_.lock();
  if (!live) return;
  live->pause();
  asio::co_spawn(
      live->loop().executor(),
      [self = shared_from_this(), text = std::string(text)]() mutable { return self->answer(std::move(text)); },
      [self = shared_from_this()](std::exception_ptr fault) {
        if (!fault) return;
        try {
          std::rethrow_exception(fault);
        } catch (const std::exception& caught) {
          log::error("live", "a client's message could not be answered: {}", caught.what());
        }
        self->close(kFault, "internal error");
      });
}

asio::awaitable<void> Stream::answer(std::string text) {
  const auto message = parse_json(text, services_.settings.json);
  if (!message || !message->is_object()) co_return close(kBadMessage, "a message is one JSON object");
  const auto reply = co_await reply_to(message->get_object());
  if (!reply) co_return close(kBadMessage, "a message is an update, delete, ack or token, with what it needs");
  if (const auto live = live_.lock()) {
    unheard_ = !live->send(*reply);
    if (!unheard_) live->resume();
  }
}

// Whoever does not read its answers asks nothing more, so that they cannot pile up.
void Stream::drained() {
  place_.drained();
  if (!std::exchange(unheard_, false)) return;
  if (const auto live = live_.lock()) live->resume();
}

void Stream::restarting(net::Live& live) {
  const auto delay = come_back_after_ms();
  if (live.kind() == net::Live::Kind::events) live.send(fmt::format("retry: {}\n\n", delay));
  live.close(feed::kCloseRestarting, fmt::format("restarting; come back in {} ms", delay));
}

asio::awaitable<std::optional<std::string>> Stream::reply_to(const json::object& message) {
  const std::string_view type = text_of(message, "type");
  if (type == "token" && message.contains("accessToken")) {
    const auto renewed = renew_token(text_of(message, "accessToken"));
    co_return renewed ? ok("token") : refused("token", renewed.error());
  }
  if (type == "ack" && message.contains("etag")) {
    const std::string_view etag = text_of(message, "etag");
    if (place_ && place_.acked(etag)) co_return ok(etag, etag, etag);
    co_return refused(etag, {Code::property_invalid, "etag is none of this feed"});
  }
  const std::string_view id = text_of(message, "id");
  if ((type != "update" && type != "delete") || id.empty()) co_return std::nullopt;
  const auto notification = NotificationId::parse(id);
  if (!notification) co_return refused(id, no_such_notification());
  Result<model::Changed> changed;
  if (type == "update") {
    changed = co_await update(message, *notification);
  } else {
    model::ChangeRequest request;
    request.what = model::DeleteRequest{*notification};
    changed = co_await change(std::move(request));
  }
  if (!changed) co_return refused(id, changed.error());
  co_return ok(id, services_.tokens.etag(order_.feed, changed->base_version),
               services_.tokens.etag(order_.feed, changed->new_version));
}

asio::awaitable<Result<model::Changed>> Stream::update(const json::object& message, NotificationId id) {
  const Time now = services_.clock.now();
  HG_CO_TRY(const auto patch, model::parse_state_patch(message, now));
  model::ChangeRequest request;
  request.what = model::StateRequest{id, patch, handled_by(order_.endpoint, now)};
  co_return co_await change(std::move(request));
}

asio::awaitable<Result<model::Changed>> Stream::change(model::ChangeRequest request) {
  request.now = services_.clock.now();
  HG_CO_CHECK(here_.bearer.still_good(order_.principal, request.now));
  request.feed = order_.feed;
  request.application = order_.principal.application;
  if (order_.endpoint) request.maker = order_.endpoint->id;
  co_return co_await services_.writer.apply(std::move(request));
}

Result<void> Stream::renew_token(std::string_view token) {
  HG_TRY(const auto principal, here_.bearer.verify_token(token, order_.base, services_.clock.now()));
  const auto& before = order_.principal;
  if (principal.user != before.user || principal.application != before.application)
    return fail(Code::token_invalid, "the token is of another user or application than this connection");
  if (!principal.scopes.has(identity::Scope::notifications) &&
      (before.scopes.has(identity::Scope::notifications) || !principal.scopes.has(identity::Scope::activities)))
    return fail(Code::scope_missing, "the token lacks the scope that this connection was opened with");
  order_.principal = principal;
  arm();
  return {};
}

void Stream::recheck() {
  const auto good = here_.bearer.still_good(order_.principal, services_.clock.now());
  if (good) return;
  const bool over = good.error().code == Code::token_expired;
  close(over ? kTokenExpired : kRevoked, over ? "token expired" : "revoked");
}

void Stream::ticket_opened(const Guid& ticket) {
  if (ticket.zero() || ticket != order_.ticket) return;
  if (std::exchange(opened_, true)) close(kRevoked, "the ticket was opened again");
}

void Stream::arm() {
  const auto live = live_.lock();
  if (!live) return;
  const Duration left = order_.principal.expires - services_.clock.now();
  live->loop().arm(alarm_, std::max(left, Duration{0}));
}

void Stream::expired() { close(kTokenExpired, "token expired"); }

void Stream::close(std::uint16_t code, std::string_view reason) {
  if (const auto live = live_.lock()) live->close(code, reason);
}

}  // namespace hg::api
