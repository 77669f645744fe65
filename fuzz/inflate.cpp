// Compressed bodies.
#include "base/inflate.h"

#define ZLIB_CONST
#include <zlib.h>

#include <string>

#include "fuzzing.h"

using namespace hg;
using hg::fuzz::promise;

namespace {

constexpr std::size_t kLimit = 4096;

std::string gzip(std::string_view text) {
  z_stream stream{};
  promise(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 1, Z_DEFAULT_STRATEGY) == Z_OK, "zlib works");
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<const Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  promise(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib works");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void check(const Result<std::string>& unpacked) {
  if (unpacked) promise(unpacked->size() <= kLimit, "no more than the limit is unpacked");
  if (!unpacked)
    promise(unpacked.error().code == Code::too_large || unpacked.error().code == Code::invalid_json,
            "a refusal is one of two");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::Input(data, size).rest();
  check(inflate(bytes, Packing::gzip, kLimit));
  check(inflate(bytes, Packing::deflate, kLimit));
  if (bytes.size() <= kLimit)
    promise(inflate(gzip(bytes), Packing::gzip, kLimit) == bytes, "what is packed is unpacked");
  return 0;
}
