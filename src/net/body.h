// Takes a request's body off the wire, by Content-Length or in chunks (RFC 9112 §6, §7), as strictly as head.h. Beast's
// chunk reader has assertions that a last chunk cut in the wrong place runs into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "net/head.h"

namespace hg::net {

class BodyReader {
 public:
  BodyReader(const Head& head, std::size_t limit);

  // Takes bytes off the front of `bytes` and appends content to `body`. True: complete; what is left is the next
  // request's. False: more is needed, together with what was left. Refusal: 400, or 413 beyond the limit.
  std::expected<bool, Refusal> take(std::string_view& bytes, std::string& body);

 private:
  enum class Expect : std::uint8_t { size, data, data_end, trailer, nothing };

  std::expected<bool, Refusal> take_data(std::string_view& bytes, std::string& body);
  std::expected<bool, Refusal> take_line(std::string_view& bytes);
  std::expected<bool, Refusal> read_line(std::string_view line);
  std::expected<bool, Refusal> read_size(std::string_view line);

  bool chunked_;
  Expect expect_;
  std::size_t limit_;     // of content still to come
  std::uint64_t left_;    // of the content or the chunk
  std::size_t overhead_;  // bytes of framing that may still come
};

}  // namespace hg::net
