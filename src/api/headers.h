// Request headers read as values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace hg::api {

// Whether an Accept header (absent or empty: anything) lets `type` ("application/json") through: RFC 9110 §12.5.1.
bool accepts(const net::Headers& headers, std::string_view type);
// Whether it names `type` itself, not by a wildcard.
bool prefers(const net::Headers& headers, std::string_view type);

// Prefer (RFC 7240): what we know of it.
struct Prefer {
  bool minimal = false;          // return=minimal
  std::optional<int> page_size;  // odata.maxpagesize or maxpagesize
};
Prefer parse_prefer(const net::Headers& headers);

// The trace-id of a valid traceparent (W3C Trace Context §3.2), else "": 32 hexadecimal digits.
std::string_view trace_id(const net::Headers& headers);

// Whether a body of this Content-Type may be JSON in UTF-8. None or an empty one may.
bool is_json(const net::Headers& headers);

}  // namespace hg::api
