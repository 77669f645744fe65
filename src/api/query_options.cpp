#include "api/query_options.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "api/filter.h"
#include "api/headers.h"
#include "api/odata.h"
#include "api/target.h"
#include "crypto/hash.h"

namespace hg::api {
namespace {

constexpr std::size_t kMark = 16;

Result<std::size_t> parse_top(std::string_view text) {
  std::size_t top = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), top);
  if (error != std::errc() || end != text.data() + text.size() || top < 1 || top > feed::kPage)
    return fail(Code::invalid_query_option, "$top is " + std::string(text) + "; 1 to 100 is right", "$top");
  return top;
}

Result<bool> parse_count(std::string_view text) {
  if (text != "true" && text != "false")
    return fail(Code::invalid_query_option, "$count is " + std::string(text) + "; true or false is right", "$count");
  return text == "true";
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

// "{property}[ asc| desc]"; ascending where nothing is said (OData 4.0, 11.2.5.2).
Result<feed::Order> parse_order(std::string_view text) {
  using enum feed::Order;
  const std::string_view asked = trim(text);
  const std::size_t space = std::min(asked.find_first_of(" \t"), asked.size());
  const std::string_view name = asked.substr(0, space), direction = trim(asked.substr(space));
  const bool descending = equal_ignoring_case(direction, "desc");
  if (direction.empty() || descending || equal_ignoring_case(direction, "asc")) {
    if (name == "creationDateTime") return descending ? newest : oldest;
    if (name == "expirationDateTime") return descending ? expires_last : expires_first;
  }
  return fail(Code::invalid_query_option,
              "$orderby is " + std::string(text) +
                  "; creationDateTime or expirationDateTime, one of them, with asc or desc behind it is right",
              "$orderby");
}

Result<void> check_known(const Call& call, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : call.query) {
    if (!name.starts_with('$')) continue;
    if (std::ranges::find(known, name) == known.end()) {
      std::string list;
      for (const std::string_view option : known) list.append(list.empty() ? "" : ", ").append(option);
      return fail(Code::invalid_query_option, "the query option " + name + " is not supported here; " + list + " are",
                  name);
    }
    if (std::ranges::count(call.query, name, &Form::value_type::first) > 1)
      return fail(Code::invalid_query_option, "the query option " + name + " was sent more than once", name);
  }
  return {};
}

std::string mark_of(const Call& call, feed::Order order) {
  const std::string* filter = call.option("$filter");
  const auto digest = crypto::sha256(std::to_string(std::to_underlying(order)) + (filter == nullptr ? "" : *filter));
  return std::string(as_text(digest).substr(0, kMark));
}

}  // namespace

Result<QueryOptions> parse_query_options(const Call& call, std::initializer_list<std::string_view> known,
                                         std::size_t top) {
  HG_CHECK(check_known(call, known));
  QueryOptions options;
  const auto keep = [&](std::string_view name, const std::string& text) {
    options.kept.append("&").append(name).append("=").append(percent_encode(text));
  };
  const auto preferred = parse_prefer(call.request.headers).page_size;
  options.paged_by_prefer = preferred.has_value();
  options.top = preferred ? std::min(static_cast<std::size_t>(*preferred), feed::kPage) : top;
  if (const std::string* text = call.option("$top")) {
    HG_TRY(const auto asked, parse_top(*text));
    options.top = preferred ? std::min(options.top, asked) : asked;
  }
  if (preferred || call.option("$top") != nullptr) keep("$top", std::to_string(options.top));
  if (const std::string* text = call.option("$count")) {
    HG_TRY(options.count, parse_count(*text));
    keep("$count", *text);
  }
  if (const std::string* text = call.option("$filter")) {
    HG_TRY(options.keep, parse_filter(*text));
    keep("$filter", *text);
  }
  if (const std::string* text = call.option("$orderby")) {
    HG_TRY(options.order, parse_order(*text));
    keep("$orderby", *text);
  }
  if (const std::string* text = call.option("$select")) {
    HG_TRY(options.select, parse_select(*text));
    keep("$select", *text);
  }
  options.mark = mark_of(call, options.order);
  return options;
}

std::string collection_link(const Call& call, const FeedKey& feed, std::string_view tail, const QueryOptions& options) {
  std::string url = call.base + "/" + std::string(call.version) + "/me/notifications" + std::string(tail);
  return url + "?targetHostName=" + percent_encode(host_name_of(call, feed.app)) + options.kept;
}

void add_applied_preference(net::Response& response, const QueryOptions& options) {
  if (!options.paged_by_prefer) return;
  response.headers.set("Preference-Applied", "odata.maxpagesize=" + std::to_string(options.top));
}

void write_entity(const Call& call, JsonWriter& out, const FeedKey& feed, const model::Notification& notification,
                  std::string_view host, const QueryOptions& options) {
  const std::string etag = entity_etag(call.services.tokens.etag(feed, notification.version));
  write_notification(out, notification, {.host_name = host, .etag = etag, .select = options.select});
}

}  // namespace hg::api
