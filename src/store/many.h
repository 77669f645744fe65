// A statement over many rows: `head`, then a list of rows, then `tail`, in a few fixed sizes, so that few texts are
// ever prepared. The rows' question marks become $1, $2, … in their order; head and tail have no parameters.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/sql.h"

namespace hg::store {

class Many {
 public:
  static constexpr std::size_t kMost = 50;  // rows in one statement

  Many(std::string_view head, std::string_view row, std::string_view tail)
      : columns_(static_cast<std::size_t>(std::ranges::count(row, '?'))) {
    std::ranges::transform(kSizes, texts_.begin(), [&](std::size_t rows) { return text(head, row, tail, rows); });
  }

  // Values row by row: each in one of the statements, largest first; whoever is asked next says whether it went well.
  void write(Connection& tx, std::span<const Value> values) const {
    while (!values.empty()) {
      const auto* larger = std::ranges::upper_bound(kSizes, values.size() / columns_);
      const auto piece = values.first(*(larger - 1) * columns_);
      tx.later(text_of(larger - 1), piece);
      values = values.subspan(piece.size());
    }
  }

  // The same where a row may be named twice without harm: as few statements as can be, whose rows come when they
  // are waited for: `each` lives until then.
  void ask(Connection& tx, std::vector<Value> values, auto& each) const {
    const auto in_last = values.size() / columns_ % kMost;
    const auto missing = in_last == 0 ? 0 : *std::ranges::lower_bound(kSizes, in_last) - in_last;
    for (std::size_t i = 0; i < missing * columns_; ++i) values.push_back(values[values.size() - columns_]);
    for (std::span<const Value> left = values; !left.empty();) {
      const auto piece = left.first(std::min(left.size(), kMost * columns_));
      tx.later(text_of(std::ranges::find(kSizes, piece.size() / columns_)), piece, each);
      left = left.subspan(piece.size());
    }
  }

 private:
  static std::string text(std::string_view head, std::string_view row, std::string_view tail, std::size_t rows) {
    std::string out(head);
    std::size_t number = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      if (i > 0) out += ", ";
      for (const char c : row) {
        out += c == '?' ? '$' : c;
        if (c == '?') out += std::to_string(++number);
      }
    }
    return out += tail;
  }

  [[nodiscard]] std::string_view text_of(const std::size_t* size) const {
    return texts_[static_cast<std::size_t>(size - kSizes.begin())];
  }

  static constexpr std::array<std::size_t, 7> kSizes{1, 2, 4, 8, 16, 32, kMost};

  const std::size_t columns_;
  std::array<std::string, kSizes.size()> texts_;
};

}  // namespace hg::store
