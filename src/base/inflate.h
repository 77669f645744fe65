// Compressed bytes from outside, unpacked no further than a limit: what a bomb can cost is bounded by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hg {

enum class Packing : std::uint8_t {
  gzip,     // RFC 1952, also several members one after the other
  deflate,  // zlib's format (RFC 1950) as HTTP means it, or raw (RFC 1951) as some clients send it
};

// What `packed` unpacks to. Code::too_large as soon as it is more than `limit` bytes; Code::invalid_json where it is
// cut off, broken, needs a preset dictionary, or is followed by anything else.
Result<std::string> inflate(std::string_view packed, Packing packing, std::size_t limit);

}  // namespace hg
