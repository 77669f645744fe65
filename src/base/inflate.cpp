#include "base/inflate.h"

#include <fmt/format.h>
#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

namespace hg {

namespace {

constexpr std::size_t kPiece = 16 * 1024;

// RFC 1950 §2.2. Raw deflate that looks like it would begin with a stored block whose padding bits are not zero, which
// no compressor writes.
bool has_zlib_header(std::string_view packed) {
  if (packed.size() < 2) return false;
  const auto method = static_cast<unsigned char>(packed[0]), flags = static_cast<unsigned char>(packed[1]);
  return (method & 0x0f) == Z_DEFLATED && (method >> 4) <= 7 && (method * 256 + flags) % 31 == 0;
}

// What zlib's inflateInit2 wants to hear.
int window_bits(std::string_view packed, Packing packing) {
  if (packing == Packing::gzip) return 16 + MAX_WBITS;
  return has_zlib_header(packed) ? MAX_WBITS : -MAX_WBITS;
}

// One zlib stream over the bytes of `packed`.
class Unpacker {
 public:
  Unpacker(std::string_view packed, int window_bits) {
    stream_.next_in = reinterpret_cast<const Bytef*>(packed.data());
    stream_.avail_in = static_cast<uInt>(packed.size());
    if (inflateInit2(&stream_, window_bits) != Z_OK) throw std::bad_alloc();
  }
  ~Unpacker() { inflateEnd(&stream_); }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  // Appends the next piece to `out`; zlib's code.
  int step(std::string& out) {
    std::array<char, kPiece> piece;
    stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_.avail_out = static_cast<uInt>(piece.size());
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream_.avail_out);
    return code;
  }
  void next_member() { inflateReset(&stream_); }
  [[nodiscard]] bool empty() const { return stream_.avail_in == 0; }

 private:
  z_stream stream_{};
};

std::unexpected<Error> broken(Packing packing, std::string_view why) {
  return fail(Code::invalid_json, fmt::format("not {}: {}", packing == Packing::gzip ? "gzip" : "deflate", why));
}

}  // namespace

Result<std::string> inflate(std::string_view packed, Packing packing, std::size_t limit) {
  Unpacker unpacker(packed, window_bits(packed, packing));
  std::string out;
  for (;;) {
    const int code = unpacker.step(out);
    if (out.size() > limit) return fail(Code::too_large, fmt::format("unpacks to more than {} bytes", limit));
    if (code == Z_OK) continue;
    if (code == Z_BUF_ERROR) return broken(packing, "it is cut off");
    if (code != Z_STREAM_END) return broken(packing, "it is damaged");
    if (unpacker.empty()) return out;
    if (packing != Packing::gzip) return broken(packing, "something follows it");
    unpacker.next_member();
  }
}

}  // namespace hg
