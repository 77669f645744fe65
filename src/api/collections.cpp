// A user's feed as a collection: its pages, its count, and what is done to all of it at once.
#include "api/notifications.h"
#include "api/odata.h"
#include "api/query_options.h"
#include "api/target.h"

namespace hg::api::notifications {
namespace {

// Where a page goes on; refused where it is the token of a list with another filter or order. One of another epoch is
// 410: start again, here.
Result<feed::Position> parse_position(Call& call, const FeedKey& feed, std::string_view token,
                                      const QueryOptions& options) {
  auto page = call.services.tokens.parse_page(feed, feed::PageKind::list, token);
  if (!page && page.error().code == Code::sync_state_not_found)
    call.headers.set("Location", collection_link(call, feed, "", options));
  if (!page) return fail(std::move(page.error()));
  if (page->extra != options.mark)
    return fail(Code::invalid_query_option,
                "$skiptoken is of a list with another $filter or $orderby; follow the links as given", "$skiptoken");
  return feed::Position{page->version, page->id};
}

std::string list_body(const Call& call, std::string_view upn, const FeedKey& feed, const feed::List& list,
                      const QueryOptions& options) {
  std::string body;
  JsonWriter out(body);
  out.object().field("@odata.context", collection_context(call.base, call.version, upn));
  if (options.count) out.field("@odata.count", static_cast<std::int64_t>(list.count));
  out.key("value").array();
  const std::string host = host_name_of(call, feed.app);
  for (const auto& notification : list.notifications) write_entity(call, out, feed, notification, host, options);
  out.end();
  if (list.next) {
    const auto token =
        call.services.tokens.page(feed, feed::PageKind::list, {list.next->key, list.next->id, options.mark});
    out.field("@odata.nextLink", collection_link(call, feed, "", options) + "&$skiptoken=" + token);
  }
  out.end();
  return body;
}

Result<std::optional<std::string>> named_group(const Call& call) {
  if (call.request.body.empty()) return std::nullopt;
  HG_TRY(const auto body, body_json(call));
  return model::parse_group(body);
}

asio::awaitable<Result<net::Response>> mark_all(Call& call, bool dismiss) {
  HG_CO_TRY(auto group, named_group(call));
  HG_CO_TRY(const auto endpoint, co_await named_endpoint(call));
  HG_CO_TRY(const auto feed, collection_feed(call, endpoint));
  model::ChangeRequest request;
  request.feed = feed;
  request.application = call.principal.application;
  request.now = call.now;
  if (endpoint) request.maker = endpoint->id;
  request.what = model::MarkAllRequest{std::move(group), dismiss, handled_by(endpoint, call.now)};
  HG_CO_TRY(const auto changed, co_await call.services.writer.apply(std::move(request)));
  add_change_headers(call, feed, changed);
  co_return no_content();
}

constexpr std::initializer_list<std::string_view> kListOptions = {"$top",    "$skiptoken", "$count",
                                                                  "$select", "$filter",    "$orderby"};
constexpr std::size_t kDefaultTop = 25;

}  // namespace

Answer list(Call& call) {
  HG_CO_TRY(const auto options, parse_query_options(call, kListOptions, kDefaultTop));
  HG_CO_TRY(const auto feed, co_await collection_feed(call));
  feed::ListQuery query{.keep = options.keep, .order = options.order, .top = options.top};
  if (const std::string* token = call.option("$skiptoken")) {
    HG_CO_TRY(query.after, parse_position(call, feed, *token, options));
  }
  const feed::List list = co_await call.services.reader.list(feed, std::move(query));
  auto response = json_response(200, list_body(call, co_await upn_of(call, feed.user), feed, list, options));
  add_applied_preference(response, options);
  co_return response;
}

Answer count(Call& call) {
  HG_CO_TRY(const auto options, parse_query_options(call, kListOptions, kDefaultTop));
  HG_CO_TRY(const auto feed, co_await collection_feed(call));
  const feed::List list = co_await call.services.reader.list(feed, {.keep = options.keep, .top = 0});
  auto response = json_response(200, std::to_string(list.count));
  response.headers.set("Content-Type", "text/plain");
  co_return response;
}

Answer mark_all_read(Call& call) { return mark_all(call, false); }

Answer dismiss_all(Call& call) { return mark_all(call, true); }

}  // namespace hg::api::notifications
