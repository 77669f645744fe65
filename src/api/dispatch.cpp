#include "api/dispatch.h"

#include "api/admission.h"
#include "api/headers.h"
#include "api/hosts.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/target.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "net/loop.h"

namespace hg::api {
namespace {

constexpr std::string_view kAllowHeaders =
    "authorization, client-request-id, content-type, sdkversion, x-uns-id, idempotency-key, retry-attempt, if-match, "
    "if-none-match, prefer, last-event-id, traceparent";
constexpr std::string_view kExposeHeaders =
    "ETag, X-New-ETag, X-Base-ETag, Location, Preference-Applied, request-id, client-request-id, Retry-After, "
    "X-UNS-ID, "
    "Idempotent-Replayed, X-Heliograph-Endpoints, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset";
constexpr std::string_view kAllowMethods = "GET, POST, PATCH, DELETE";
constexpr std::string_view kMethods[] = {"GET", "POST", "PATCH", "DELETE"};

std::string_view version_of(std::string_view path) {
  return path.size() >= 6 && equal_ignoring_case(path.substr(0, 6), "/v1.0/") ? "v1.0" : "beta";
}

net::Response rendered(const Error& error, Shape shape, const ProblemContext& context) {
  return shape == Shape::feed ? feed_problem(error, context) : graph_problem(error, context);
}

Error error_of_status(int status, std::string_view reason) {
  const Code code = status == 413 || status == 414 || status == 431 ? Code::too_large
                    : status == 503                                 ? Code::unavailable
                                                                    : Code::invalid_json;
  return {code, std::string(reason)};
}

Error error_of(const std::exception_ptr& thrown, std::string_view request_id, std::string_view trace_id) {
  const auto say = [&](std::string_view what) {
    const log::Field fields[] = {{"request", request_id}, {"trace", trace_id}};
    log::write(log::Level::error, "api", what, fields);
  };
  try {
    std::rethrow_exception(thrown);
  } catch (const store::Fault& fault) {
    say(fault.what());
    if (fault.everywhere() || fault.kind() == store::Fault::Kind::conflict)
      return {.code = Code::unavailable,
              .message = "the store cannot be used at present; try again",
              .retry_after = std::chrono::seconds(2)};
  } catch (const std::exception& fault) {
    say(fault.what());
  } catch (...) {
    say("a request failed");
  }
  return {Code::internal, "something broke here; the log has it under this request-id"};
}

// What may be told to come back: not health, administration and signing in, and not live connections, which a browser
// would not open again.
bool can_wait(const Route& route) {
  return (route.shape == Shape::graph || route.shape == Shape::feed) && !route.is(kTickets);
}

// A request among those in progress.
class Place {
 public:
  explicit Place(std::size_t& taken) : taken_(taken) { ++taken_; }
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::size_t& taken_;
};

// Behind a loop that is later than this, what it has in progress is enough for it: what is refused is to be refused
// soon.
constexpr Duration kLongestLag{25};

Error crowded() {
  return {.code = Code::unavailable,
          .message = "there are more requests than can be answered in time; try again shortly",
          .retry_after = std::chrono::seconds(2)};
}

// Who shows a token of another issuer; remembered as one of ours is.
asio::awaitable<Result<identity::Principal>> admit(const Services& services, const net::Request& request,
                                                   const Route& route, identity::Bearer& bearer) {
  const std::string_view header = trim(request.headers.find("Authorization").value_or(""));
  const std::string token(trim(header.substr(std::min(header.find(' '), header.size()))));
  HG_CO_TRY(auto principal, co_await services.admit(token));
  bearer.remember(token, principal);
  // What its application may not ask for, it does not give.
  HG_CO_TRY(principal, bearer.verify_token(token, "", services.clock.now()));
  HG_CO_CHECK(authorize(principal, route.who));
  co_return principal;
}

// For the log.
std::string caller_of(const net::Request& request, const Proxies& proxies) {
  const auto address = proxies.named() ? proxies.caller(request) : std::nullopt;
  return address ? address->to_string() : request.remote;
}

int status_of(const net::Response& response) {
  return response.become == net::Response::Become::websocket ? 101 : response.status;
}

}  // namespace

// What is known of a request from its first line on.
struct Dispatch::Exchange {
  const Route* route = nullptr;
  Shape shape = Shape::graph;
  std::optional<std::string> base;
  Time now;
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  std::string request_id, client_request_id;
  std::string_view trace_id;
  net::Headers headers;  // that the answer gets whatever it is

  [[nodiscard]] ProblemContext context() const {
    const bool ticket = route != nullptr && route->who == Who::ticket;
    return {request_id, client_request_id, now, base.value_or(""), ticket ? "Ticket" : "Bearer"};
  }
};

Dispatch::Dispatch(Services& services)
    : services_(services),
      most_(std::max<std::size_t>(1, services.settings.requests / std::max<std::size_t>(services.loops.size(), 1))),
      traffic_(
          std::make_unique<Traffic>(std::max<std::size_t>(services.loops.size(), 1), services.settings.access_log)) {
  for (std::size_t i = 0; i < services.loops.size(); ++i)
    crowds_.push_back(std::make_unique<Crowd>([this](auto&&... asked) { return crowded_answer(asked...); }));
  for (const Route& route : routes()) {
    const bool operators = route.shape == Shape::admin || route.is(kOperators);
    for (const std::string& path : paths(route)) {
      all_.add(route.method, path, rows_.size());
      if (!operators) public_.add(route.method, path, rows_.size());
      if (operators || route.is(kEverywhere)) operators_.add(route.method, path, rows_.size());
      rows_.push_back(&route);
    }
  }
}

std::string Dispatch::turn_away(const net::Arrival& arrival) const {
  const std::size_t loop = arrival.loop.index();
  const std::size_t in_progress = services_.loops[loop].in_progress;
  const bool crowded = in_progress >= most_ || (in_progress >= most_ / 4 && arrival.loop.lag() > kLongestLag);
  if (!crowded) return "";
  if (arrival.role == static_cast<std::uint8_t>(Door::operators)) return "";
  // A page of another origin is to read its answer, and a last request ends its connection.
  if (!field_of(arrival.raw, "origin").empty() || !field_of(arrival.raw, "connection").empty()) return "";
  const auto path = arrival.head.target.substr(0, arrival.head.target.find('?'));
  const net::Match match = all_.match(arrival.head.method, path);
  if (match.kind != net::Match::Kind::found || !can_wait(*rows_[match.row])) return "";
  const Route& route = *rows_[match.row];
  const auto request_id = crypto::random_guid().str();
  const auto sent = Guid::parse(field_of(arrival.raw, "client-request-id"));
  traffic_->turned_away(loop, route, arrival.head.method);
  return crowds_[loop]->answer(route.shape, services_.clock.now(), request_id, sent ? sent->str() : request_id);
}

const net::Router& Dispatch::router(const net::Request& request) const {
  if (request.role == static_cast<std::uint8_t>(Door::operators)) return operators_;
  const bool apart = services_.settings.operators_apart && request.listener != net::Listener::unix_socket;
  return apart ? public_ : all_;
}

Dispatch::Exchange Dispatch::begin(const net::Request& request) const {
  Exchange exchange;
  exchange.shape = shape_of(request.path);
  exchange.base = base_of(request, services_.settings);
  exchange.now = services_.clock.now();
  exchange.request_id = crypto::random_guid().str();
  const auto sent = request.headers.find("client-request-id");
  if (const auto guid = sent ? Guid::parse(*sent) : std::nullopt) exchange.client_request_id = guid->str();
  exchange.trace_id = trace_id(request.headers);
  return exchange;
}

asio::awaitable<net::Response> Dispatch::operator()(net::Request& request) const {
  Exchange exchange = begin(request);
  Result<net::Response> answer;
  try {
    answer = co_await handle(request, exchange);
  } catch (...) {
    answer = std::unexpected(error_of(std::current_exception(), exchange.request_id, exchange.trace_id));
  }
  net::Response response = answer ? std::move(*answer) : rendered(answer.error(), exchange.shape, exchange.context());
  finish(request, exchange, response);
  const std::string caller = caller_of(request, services_.settings.proxies);
  traffic_->answered(request.loop == nullptr ? 0 : request.loop->index(),
                     {.route = exchange.route,
                      .method = request.method,
                      .status = status_of(response),
                      .bytes = response.body.size(),
                      .took = std::chrono::steady_clock::now() - exchange.begun,
                      .remote = caller,
                      .request_id = exchange.request_id,
                      .client_request_id = exchange.client_request_id,
                      .trace_id = exchange.trace_id});
  co_return response;
}

asio::awaitable<Result<net::Response>> Dispatch::handle(net::Request& request, Exchange& exchange) const {
  if (!exchange.base)
    co_return fail(Code::misdirected, "this server does not answer for the host " +
                                          std::string(request.headers.find("Host").value_or("")));
  if (auto answer = preflight(request, exchange)) co_return std::move(*answer);
  const net::Match match = router(request).match(request.method, request.path);
  if (match.kind != net::Match::Kind::found) co_return unmatched(exchange, match);
  const Route& route = *rows_[match.row];
  exchange.route = &route;
  exchange.shape = route.shape;

  Here& here = services_.loops[request.loop == nullptr ? 0 : request.loop->index()];
  if (can_wait(route) && here.in_progress >= most_) co_return fail(crowded());
  const Place place(here.in_progress);
  HG_CO_CHECK(check_headers(request, route));
  auto shown = authenticate(request, route, here.bearer, *exchange.base, exchange.now);
  if (!shown && shown.error().code == Code::issuer_unknown && services_.admit)
    shown = co_await admit(services_, request, route, here.bearer);
  HG_CO_TRY(auto principal, std::move(shown));
  HG_CO_CHECK(count(request, route, principal, exchange));
  if (route.is(kWrites) && !services_.writer.accepting()) co_return fail(feed::Writer::unavailable());
  HG_CO_CHECK(unpack_body(request, services_.settings.unpacked_body));
  auto query = parse_form(request.query);
  if (!query) co_return fail(Code::invalid_query_option, "the query is not percent-encoded UTF-8");

  Call call{.request = request,
            .dispatch = *this,
            .services = services_,
            .here = here,
            .route = route,
            .params = match.params,
            .query = std::move(*query),
            .principal = std::move(principal),
            .now = exchange.now,
            .base = *exchange.base,
            .version = version_of(request.path),
            .request_id = exchange.request_id,
            .client_request_id = exchange.client_request_id,
            .headers = exchange.headers};
  // Whom a ticket stands for its handler finds out.
  if (!route.is(kTickets)) HG_CO_CHECK(co_await check_oneself(call));
  auto answer = co_await route.handle(call);
  exchange.headers = std::move(call.headers);
  co_return answer;
}

// Against what its maker may ask for in a minute, or, where nobody has said who that is, where it comes from.
Result<void> Dispatch::count(const net::Request& request, const Route& route, const identity::Principal& principal,
                             Exchange& exchange) const {
  if (services_.allowance == nullptr) return {};
  if (!principal.nobody()) {
    const auto directory = services_.registry.directory();
    return services_.allowance->take(principal, directory->application(principal.application), exchange.now,
                                     exchange.headers);
  }
  const bool said_otherwise = route.who != Who::open || route.is(kClients);  // a ticket, a client's secret
  if (said_otherwise || route.is(kEverywhere) || route.is(kOperators)) return {};
  return services_.allowance->take(neighbourhood(request, services_.settings.proxies), exchange.now);
}

const Route* Dispatch::find(const net::Request& request) const {
  const net::Match match = router(request).match(request.method, request.path);
  return match.kind == net::Match::Kind::found ? rows_[match.row] : nullptr;
}

// Fetch standard, CORS-preflight: answered for every path of the table, whoever asks; who may not is told nothing.
std::optional<net::Response> Dispatch::preflight(const net::Request& request, const Exchange& exchange) const {
  if (request.method != "OPTIONS" || !request.headers.find("Origin") ||
      !request.headers.find("Access-Control-Request-Method"))
    return std::nullopt;
  const bool known = std::ranges::any_of(kMethods, [&](std::string_view method) {
    return router(request).match(method, request.path).kind == net::Match::Kind::found;
  });
  if (!known) return std::nullopt;
  net::Response response = no_content();
  if (!origin_allowed(*request.headers.find("Origin"), *exchange.base, services_)) return response;
  response.headers.set("Access-Control-Allow-Methods", kAllowMethods);
  response.headers.set("Access-Control-Allow-Headers", kAllowHeaders);
  response.headers.set("Access-Control-Max-Age", "600");
  return response;
}

Result<net::Response> Dispatch::unmatched(Exchange& exchange, const net::Match& match) const {
  if (match.kind == net::Match::Kind::not_found) return fail(Code::not_found, "there is nothing at this path");
  exchange.headers.set("Allow", match.allow);
  return fail(Code::method_not_allowed, "this path answers " + match.allow);
}

void Dispatch::finish(const net::Request& request, const Exchange& exchange, net::Response& response) const {
  net::Headers& headers = response.headers;
  for (const net::Field& field : exchange.headers) headers.set(field.name, field.value);
  const bool api = exchange.shape != Shape::oauth;
  if (!response.body.empty() || response.more) {
    if (!headers.find("Content-Type"))
      headers.set("Content-Type", exchange.shape == Shape::graph ? kGraphJson : kFeedJson);
  }
  if (exchange.shape == Shape::graph) headers.set("OData-Version", "4.0");
  if (api && !headers.find("Cache-Control")) headers.set("Cache-Control", "private");
  headers.set("request-id", exchange.request_id);
  headers.set("client-request-id",
              exchange.client_request_id.empty() ? exchange.request_id : exchange.client_request_id);
  if (exchange.base && wants_hsts(*exchange.base)) headers.set("Strict-Transport-Security", "max-age=63072000");
  if (!headers.find("X-Content-Type-Options")) headers.set("X-Content-Type-Options", "nosniff");
  if (const auto origin = request.headers.find("Origin"); origin && exchange.base) {
    headers.add("Vary", "Origin");
    if (!origin_allowed(*origin, *exchange.base, services_)) return;
    headers.set("Access-Control-Allow-Origin", *origin);
    headers.set("Access-Control-Expose-Headers", kExposeHeaders);
  }
}

std::string Dispatch::crowded_answer(Shape shape, Time now, const std::string& request_id,
                                     const std::string& client_request_id) const {
  const Exchange exchange{.shape = shape,
                          .base = std::nullopt,
                          .now = now,
                          .request_id = request_id,
                          .client_request_id = client_request_id,
                          .trace_id = {},
                          .headers = {}};
  auto response = rendered(crowded(), shape, exchange.context());
  finish({}, exchange, response);
  return net::response_head(response.status, response.headers, response.body.size(), "") + response.body;
}

net::Response Dispatch::fault(const net::Request& request, std::exception_ptr thrown) const {
  const Exchange exchange = begin(request);
  auto response =
      rendered(error_of(thrown, exchange.request_id, exchange.trace_id), exchange.shape, exchange.context());
  finish(request, exchange, response);
  return response;
}

net::Response Dispatch::refusal(int status, std::string_view reason, std::string_view target) const {
  net::Request request;
  request.set_target(target.starts_with('/') ? target : "/");
  const Exchange exchange = begin(request);
  auto response = rendered(error_of_status(status, reason), exchange.shape, exchange.context());
  response.status = status;
  finish(request, exchange, response);
  log::debug("http", "answered {} to what is no request: {}", status, reason);
  const net::Loop* loop = net::Loop::current();
  traffic_->malformed(loop == nullptr ? 0 : loop->index(), status);
  return response;
}

}  // namespace hg::api
