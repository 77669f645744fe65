// What the fuzzers share. Each is one file: bytes from outside go in, and what the code promises about them is checked;
// a promise that is broken ends the program as a bug of memory would.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace hg::fuzz {

inline void promise(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

// An input taken apart from the front.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return first;
  }
  std::string_view take(std::size_t most) {
    const auto taken = bytes_.substr(0, most);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

// Hands `bytes` to `take(std::string_view piece)` in pieces of changing sizes, as a network might; false ends it.
template <class Take>
void in_pieces(std::string_view bytes, std::uint8_t seed, Take take) {
  for (unsigned state = seed; !bytes.empty();) {
    state = state * 1103515245U + 12345U;
    const auto piece = bytes.substr(0, 1 + (state >> 16) % (1U + seed));
    if (!take(piece)) return;
    bytes.remove_prefix(piece.size());
  }
}

}  // namespace hg::fuzz
