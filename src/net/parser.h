// Beast's HTTP/1.1 parser, reading the head of a Request. It sees only what check_head() let through.
#pragma once

#include <string_view>

#include "net/http.h"

namespace hg::net {

// Fills method and headers from `raw`, the request line to the blank line. False: Beast thinks otherwise of it.
bool parse_head(std::string_view raw, Request& request);

}  // namespace hg::net
