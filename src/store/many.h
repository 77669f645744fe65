// A statement over many rows: `head`, then a list of rows, then `tail`, in a few fixed sizes, so that few texts are
// ever prepared. The rows' question marks become $1, $2, … in their order; head and tail have no parameters.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/sql.h"

namespace hg::store {

class Many {
 public:
  static constexpr std::size_t kMost = 64;  // rows in one statement

  Many(std::string_view head, std::string_view row, std::string_view tail)
      : columns_(static_cast<std::size_t>(std::ranges::count(row, '?'))) {
    for (std::size_t i = 0; i < texts_.size(); ++i) texts_[i] = text(head, row, tail, std::size_t{1} << i);
  }

  // Values row by row: each in one of the statements, largest first; whoever is asked next says whether it went well.
  void write(Connection& tx, std::span<const Value> values) const {
    while (!values.empty()) {
      const auto rows = std::min(std::bit_floor(values.size() / columns_), kMost);
      tx.later(text_of(rows), values.first(rows * columns_));
      values = values.subspan(rows * columns_);
    }
  }

  // The same where a row may be named twice without harm: as few statements as can be.
  void ask(Connection& tx, std::vector<Value> values, Connection::Each each) const {
    const auto in_last = (values.size() / columns_) % kMost;
    const auto missing = in_last == 0 ? 0 : std::bit_ceil(in_last) - in_last;
    for (std::size_t i = 0; i < missing * columns_; ++i) values.push_back(values[values.size() - columns_]);
    for (std::span<const Value> left = values; !left.empty();) {
      const auto piece = left.first(std::min(left.size(), kMost * columns_));
      tx.exec(text_of(piece.size() / columns_), piece, each);
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

  [[nodiscard]] std::string_view text_of(std::size_t rows) const {
    return texts_[static_cast<std::size_t>(std::countr_zero(rows))];
  }

  const std::size_t columns_;
  std::array<std::string, std::countr_zero(kMost) + 1> texts_;  // for 1, 2, 4, … rows
};

}  // namespace hg::store
