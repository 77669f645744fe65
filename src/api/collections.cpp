// The lists of the Graph API: a page of a feed, and what changed in it.
#include <charconv>

#include "api/headers.h"
#include "api/notifications.h"
#include "api/odata.h"
#include "api/routes.h"
#include "api/target.h"

namespace hg::api::notifications {
namespace {

struct ListOptions {
  std::size_t top = 25;
  bool count = false;
  std::vector<std::string> select;
  std::string select_text;
};

Result<std::size_t> parse_top(std::string_view text) {
  std::size_t top = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), top);
  if (error != std::errc() || end != text.data() + text.size() || top < 1 || top > feed::kPage)
    return fail(Code::invalid_query_option, "$top is " + std::string(text) + "; 1 to 100 is right", "$top");
  return top;
}

Result<std::vector<std::string>> parse_select(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view name = trim(text.substr(0, comma));
    if (!is_property(name))
      return fail(Code::invalid_query_option, "$select names " + std::string(name) + ", which is no property",
                  "$select");
    names.emplace_back(name);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return names;
}

// Refuses every `$option` but those that the call knows: a list that silently ignored a $filter would be wrong.
Result<void> check_options(const Call& call, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : call.query) {
    if (!name.starts_with('$')) continue;
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string list;
    for (const std::string_view option : known) list.append(list.empty() ? "" : ", ").append(option);
    return fail(Code::invalid_query_option, "the query option " + name + " is not supported here; " + list + " are",
                name);
  }
  return {};
}

Result<ListOptions> parse_options(const Call& call, std::size_t top) {
  ListOptions options;
  options.top = top;
  if (const auto size = parse_prefer(call.request.headers).page_size)
    options.top = std::min(static_cast<std::size_t>(*size), feed::kPage);
  if (const std::string* text = call.option("$top")) {
    HG_TRY(options.top, parse_top(*text));
  }
  if (const std::string* text = call.option("$count")) {
    if (*text != "true" && *text != "false")
      return fail(Code::invalid_query_option, "$count is " + *text + "; true or false is right", "$count");
    options.count = *text == "true";
  }
  if (const std::string* text = call.option("$select")) {
    HG_TRY(options.select, parse_select(*text));
    options.select_text = *text;
  }
  return options;
}

// "{base}/beta/me/notifications{tail}?targetHostName=…&$select=…" and what else is kept from page to page.
std::string link(const Call& call, const FeedKey& feed, std::string_view tail, const ListOptions& options) {
  std::string url = call.base + "/" + std::string(call.version) + "/me/notifications" + std::string(tail) +
                    "?targetHostName=" + percent_encode(host_name_of(call, feed.app));
  if (call.option("$top") != nullptr) url += "&$top=" + std::to_string(options.top);
  if (options.count) url += "&$count=true";
  if (!options.select_text.empty()) url += "&$select=" + percent_encode(options.select_text);
  return url;
}

void write_entity(const Call& call, JsonWriter& out, const FeedKey& feed, const model::Notification& notification,
                  const std::string& host, const ListOptions& options) {
  const std::string etag = entity_etag(call.services.tokens.etag(feed, notification.version));
  write_notification(out, notification, {.host_name = host, .etag = etag, .select = options.select});
}

void add_applied_preference(const Call& call, net::Response& response, const ListOptions& options) {
  if (parse_prefer(call.request.headers).page_size && call.option("$top") == nullptr)
    response.headers.set("Preference-Applied", "odata.maxpagesize=" + std::to_string(options.top));
}

// 410: start again, here.
std::unexpected<Error> start_again(Call& call, const FeedKey& feed, const ListOptions& options) {
  call.headers.set("Location", link(call, feed, "/delta", options));
  return fail(Code::sync_state_not_found, "what changed since that token is no longer known: start a fresh delta");
}

// What a delta call asks for, from $deltatoken or from $skiptoken.
Result<feed::ChangesQuery> changes_query(Call& call, const FeedKey& feed, const ListOptions& options) {
  const feed::Tokens& tokens = call.services.tokens;
  feed::ChangesQuery query{.limit = options.top};
  if (const std::string* text = call.option("$skiptoken")) {
    HG_TRY(const auto page, tokens.parse_page(feed, feed::PageKind::delta, *text));
    query.after_version = page.version;
    query.after_id = page.id;
    std::int64_t known = 0;
    std::from_chars(page.extra.data(), page.extra.data() + page.extra.size(), known);
    query.known = known;
  } else if (const std::string* etag = call.option("$deltatoken")) {
    const auto version = tokens.parse_etag(feed, *etag);
    if (!version && version.error() == feed::EtagFault::other_epoch) return start_again(call, feed, options);
    if (!version) return fail(Code::invalid_query_option, "$deltatoken was not made here for this feed", "$deltatoken");
    query.known = *version;
    query.after_version = *version;
    // Behind every change of that version, for it may carry several.
    query.after_id.guid.bytes.fill(std::byte{0xff});
  }
  return query;
}

std::string delta_body(const Call& call, std::string_view upn, const FeedKey& feed, const feed::Changes& changes,
                       std::int64_t known, const ListOptions& options) {
  const feed::Tokens& tokens = call.services.tokens;
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
  if (changes.more) {
    const auto& last = changes.notifications.back();
    const auto token = tokens.page(feed, feed::PageKind::delta, {last.version, last.id, std::to_string(known)});
    out.field("@odata.nextLink", link(call, feed, "/delta", options) + "&$skiptoken=" + token);
  } else {
    out.field("@odata.deltaLink",
              link(call, feed, "/delta", options) + "&$deltatoken=" + tokens.etag(feed, changes.state.version));
  }
  out.end();
  return body;
}

}  // namespace

Answer list(Call& call) {
  HG_CO_CHECK(check_options(call, {"$top", "$skiptoken", "$count", "$select"}));
  HG_CO_TRY(const auto options, parse_options(call, 25));
  HG_CO_TRY(const auto feed, co_await collection_feed(call));
  feed::ListQuery query{.top = options.top};
  if (const std::string* text = call.option("$skiptoken")) {
    HG_CO_TRY(const auto page, call.services.tokens.parse_page(feed, feed::PageKind::list, *text));
    query.after = feed::Position{page.version, page.id};
  }
  const feed::List list = co_await call.services.reader.list(feed, std::move(query));

  std::string body;
  JsonWriter out(body);
  out.object().field("@odata.context", collection_context(call.base, call.version, co_await upn_of(call, feed.user)));
  if (options.count) out.field("@odata.count", static_cast<std::int64_t>(list.count));
  out.key("value").array();
  const std::string host = host_name_of(call, feed.app);
  for (const auto& notification : list.notifications) write_entity(call, out, feed, notification, host, options);
  out.end();
  if (list.next) {
    const auto token = call.services.tokens.page(feed, feed::PageKind::list, {list.next->key, list.next->id});
    out.field("@odata.nextLink", link(call, feed, "", options) + "&$skiptoken=" + token);
  }
  out.end();
  auto response = json_response(200, std::move(body));
  add_applied_preference(call, response, options);
  co_return response;
}

Answer delta(Call& call) {
  HG_CO_CHECK(check_options(call, {"$top", "$skiptoken", "$deltatoken", "$select"}));
  HG_CO_TRY(const auto options, parse_options(call, feed::kPage));
  HG_CO_TRY(const auto feed, co_await collection_feed(call));
  const std::string* asked = call.option("$deltatoken");
  feed::Changes changes;
  std::int64_t known = 0;
  if (asked != nullptr && *asked == "latest") {
    changes.state = co_await call.services.reader.state(feed);
  } else {
    HG_CO_TRY(const auto query, changes_query(call, feed, options));
    auto read = co_await call.services.reader.changes(feed, query);
    if (!read && read.error().code == Code::sync_state_not_found) co_return start_again(call, feed, options);
    if (!read) co_return fail(std::move(read.error()));
    changes = std::move(*read);
    known = query.known.value_or(changes.state.version);
  }
  auto response = json_response(200, delta_body(call, co_await upn_of(call, feed.user), feed, changes, known, options));
  add_applied_preference(call, response, options);
  co_return response;
}

}  // namespace hg::api::notifications
