// What both drivers keep of a connection's prepared statements; for this folder's sources.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace hg::store {

// Texts are constants, so this many are never met.
inline constexpr std::size_t kMaxStatements = 512;
inline constexpr std::size_t kMaxColumns = 64;

// Finds a statement by its SQL without a copy of it.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace hg::store
