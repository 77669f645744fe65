// The $filter of a list: from OData's text to what is kept of a feed, by recursive descent. The grammar stands in
// docs/http-api.md. Reads its text alone and touches nothing else.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "feed/reader.h"

namespace hg::api {

inline constexpr std::size_t kMaxFilterTerms = 20;  // comparisons
inline constexpr std::size_t kMaxFilterDepth = 20;  // of parentheses and `not`

// Whatever the text holds: a filter, or Code::invalid_query_option whose message names the column (in characters, from
// 1) and what would be right there. A comparison of null by gt, ge, lt or le holds for nothing.
Result<feed::Keep> parse_filter(std::string_view text);

}  // namespace hg::api
