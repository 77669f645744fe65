// What changed in a feed since a token: pages by nextLink, then the deltaLink to come back with.
#include <charconv>

#include "api/notifications.h"
#include "api/odata.h"
#include "api/query_options.h"
#include "api/target.h"

namespace hg::api::notifications {
namespace {

// 410: start again, here.
std::unexpected<Error> start_again(Call& call, const FeedKey& feed, const QueryOptions& options) {
  call.headers.set("Location", collection_link(call, feed, "/delta", options));
  return fail(Code::sync_state_not_found, "what changed since that token is no longer known: start a fresh delta");
}

// From $skiptoken: behind the last change of the page before.
Result<feed::ChangesQuery> next_page(const Call& call, const FeedKey& feed, std::string_view token) {
  HG_TRY(const auto page, call.services.tokens.parse_page(feed, feed::PageKind::delta, token));
  std::int64_t known = 0;
  std::from_chars(page.extra.data(), page.extra.data() + page.extra.size(), known);
  return feed::ChangesQuery{.known = known, .after_version = page.version, .after_id = page.id};
}

// From $deltatoken: behind every change of that version, for it may carry several.
Result<feed::ChangesQuery> since(const Call& call, const FeedKey& feed, std::string_view token) {
  const auto version = call.services.tokens.parse_etag(feed, token);
  if (!version && version.error() == feed::EtagFault::other_epoch)
    return fail(Code::sync_state_not_found, "the token was made before the store was restored");
  if (!version) return fail(Code::invalid_query_option, "$deltatoken was not made here for this feed", "$deltatoken");
  feed::ChangesQuery query{.known = *version, .after_version = *version};
  query.after_id.guid.bytes.fill(std::byte{0xff});
  return query;
}

Result<feed::ChangesQuery> changes_query(const Call& call, const FeedKey& feed) {
  if (const std::string* token = call.option("$skiptoken")) return next_page(call, feed, *token);
  if (const std::string* token = call.option("$deltatoken")) return since(call, feed, *token);
  return feed::ChangesQuery{};
}

struct Told {
  feed::Changes changes;
  std::int64_t known = 0;  // the version that the whole delta began at
};

asio::awaitable<Result<Told>> read(const Call& call, const FeedKey& feed, std::size_t top) {
  feed::Reader& reader = call.services.reader;
  const std::string* token = call.option("$deltatoken");
  if (token != nullptr && *token == "latest" && call.option("$skiptoken") == nullptr)
    co_return Told{{.state = co_await reader.state(feed), .notifications = {}}};
  HG_CO_TRY(auto query, changes_query(call, feed));
  query.limit = top;
  HG_CO_TRY(auto changes, co_await reader.changes(feed, query));
  const auto known = query.known.value_or(changes.state.version);
  co_return Told{std::move(changes), known};
}

std::string delta_body(const Call& call, std::string_view upn, const FeedKey& feed, const Told& told,
                       const QueryOptions& options) {
  const feed::Tokens& tokens = call.services.tokens;
  const feed::Changes& changes = told.changes;
  std::string body;
  JsonWriter out(body);
  out.object().field("@odata.context", collection_context(call.base, call.version, upn) + "/$delta");
  out.key("value").array();
  const std::string host = host_name_of(call, feed.app);
  for (const auto& notification : changes.notifications) {
    if (notification.deleted()) {
      write_removed(out, notification.id);
    } else {
      write_entity(call, out, feed, notification, host, options);
    }
  }
  out.end();
  const std::string link = collection_link(call, feed, "/delta", options);
  if (changes.more) {
    const auto& last = changes.notifications.back();
    const auto token = tokens.page(feed, feed::PageKind::delta, {last.version, last.id, std::to_string(told.known)});
    out.field("@odata.nextLink", link + "&$skiptoken=" + token);
  } else {
    out.field("@odata.deltaLink", link + "&$deltatoken=" + tokens.etag(feed, changes.state.version));
  }
  out.end();
  return body;
}

}  // namespace

Answer delta(Call& call) {
  HG_CO_TRY(const auto options,
            parse_query_options(call, {"$top", "$skiptoken", "$deltatoken", "$select"}, feed::kPage));
  HG_CO_TRY(const auto feed, co_await collection_feed(call));
  const auto told = co_await read(call, feed, options.top);
  if (!told && told.error().code == Code::sync_state_not_found) co_return start_again(call, feed, options);
  if (!told) co_return fail(told.error());
  // Its last page: the endpoint that asks has fetched all there is.
  if (const auto endpoint = named_unsid(call); !told->changes.more && endpoint && *endpoint)
    co_await call.services.subscriptions.touch((*endpoint)->feed, (*endpoint)->subscription,
                                               told->changes.state.version);
  auto response = json_response(200, delta_body(call, co_await upn_of(call, feed.user), feed, *told, options));
  add_applied_preference(response, options);
  co_return response;
}

}  // namespace hg::api::notifications
