#include "store/sql.h"

#include <fmt/format.h>

namespace hg::store {

namespace {

[[noreturn]] void mismatch(std::size_t column, std::string_view wanted) {
  throw Fault(Fault::Kind::other, fmt::format("column {} of the answer is not {}", column, wanted));
}

}  // namespace

const Value& Row::cell(std::size_t i) const {
  if (i >= cells_.size()) mismatch(i, "there");
  return cells_[i];
}

std::int64_t Row::integer(std::size_t i) const {
  if (cell(i).kind() != Value::Kind::integer) mismatch(i, "an integer");
  return cells_[i].integer();
}

std::string_view Row::view(std::size_t i) const {
  const auto kind = cell(i).kind();
  if (kind != Value::Kind::text && kind != Value::Kind::blob) mismatch(i, "a text");
  return cells_[i].bytes();
}

Guid Row::guid(std::size_t i) const {
  const auto guid = Guid::from_bytes(blob(i));
  if (!guid) mismatch(i, "a GUID");
  return *guid;
}

std::optional<std::int64_t> Row::maybe_integer(std::size_t i) const {
  return null(i) ? std::nullopt : std::optional(integer(i));
}

std::optional<Time> Row::maybe_time(std::size_t i) const { return null(i) ? std::nullopt : std::optional(time(i)); }

std::optional<std::string> Row::maybe_text(std::size_t i) const {
  return null(i) ? std::nullopt : std::optional(text(i));
}

std::optional<Guid> Row::maybe_guid(std::size_t i) const { return null(i) ? std::nullopt : std::optional(guid(i)); }

}  // namespace hg::store
