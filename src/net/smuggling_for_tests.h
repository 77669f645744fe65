// The 25 shapes by which a proxy and a server may be made to see different requests. Each is sent alone and pipelined
// between honest requests; none may be answered but by a refusal that ends the connection.
#pragma once

#include <array>
#include <string_view>

namespace hg::net {

struct Smuggled {
  std::string_view name;
  std::string_view bytes;  // what follows the head would run as a request of its own
};

#define HG_AFTER "GET /executed HTTP/1.1\r\nHost: h\r\n\r\n"
inline constexpr std::array<Smuggled, 25> kSmuggled = {{
    {"gzip_then_length",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello" HG_AFTER},
    {"length_then_gzip",
     "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\nhello" HG_AFTER},
    {"chunked_on_1_0", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HG_AFTER},
    {"te_identity", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n" HG_AFTER},
    {"te_chunked_identity", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n" HG_AFTER},
    {"te_gzip_chunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" HG_AFTER},
    {"te_obs_fold", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" HG_AFTER},
    {"two_equal_lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello" HG_AFTER},
    {"two_lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello" HG_AFTER},
    {"length_list", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello" HG_AFTER},
    {"length_plus", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello" HG_AFTER},
    {"length_hex", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\nhello" HG_AFTER},
    {"length_then_chunked",
     "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HG_AFTER},
    {"chunked_then_length",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" HG_AFTER},
    {"two_te",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n" HG_AFTER},
    {"no_host", "GET / HTTP/1.1\r\n\r\n" HG_AFTER},
    {"two_hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n" HG_AFTER},
    {"get_with_body", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 36\r\n\r\n" HG_AFTER},
    {"space_before_colon", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 5\r\n\r\nhello" HG_AFTER},
    {"bare_lf", "POST / HTTP/1.1\nHost: h\nContent-Length: 5\n\nhello" HG_AFTER},
    {"nul", std::string_view("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n" HG_AFTER,
                             sizeof("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n" HG_AFTER) - 1)},
    {"chunk_size_sign",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n" HG_AFTER},
    {"chunk_size_overflow",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
     "chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n" HG_AFTER},
    {"chunk_bare_lf",
     "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x\nhello\r\n0\r\n\r\n" HG_AFTER},
    {"te_prefixed", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HG_AFTER},
}};
#undef HG_AFTER

}  // namespace hg::net
