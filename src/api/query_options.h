// The query options of the Graph API's collections, and the links that keep them from page to page.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "feed/reader.h"

namespace hg::api {

struct QueryOptions {
  std::size_t top = 0;  // the size of a page: of $top, Prefer: odata.maxpagesize and kPage the smallest
  bool paged_by_prefer = false;
  bool count = false;  // $count=true
  std::vector<std::string> select;
  feed::Keep keep;  // $filter; empty: everything
  feed::Order order = feed::Order::newest;
  std::string kept;  // "&$filter=…&$top=…": what is asked of every page alike, for its links
  std::string mark;  // what makes it the same list: a digest of filter and order, for its page tokens
};

// `known`: the options the call has; any other one that begins with $, or one sent twice, is
// Code::invalid_query_option, for a list that ignored a $filter would be wrong. `top`: without any of the three.
Result<QueryOptions> parse_query_options(const Call& call, std::initializer_list<std::string_view> known,
                                         std::size_t top);

// "{base}/{version}/me/notifications{tail}?targetHostName=…" and what the options keep.
std::string collection_link(const Call& call, const FeedKey& feed, std::string_view tail, const QueryOptions& options);

void add_applied_preference(net::Response& response, const QueryOptions& options);

// One notification of `value`.
void write_entity(const Call& call, JsonWriter& out, const FeedKey& feed, const model::Notification& notification,
                  std::string_view host, const QueryOptions& options);

}  // namespace hg::api
