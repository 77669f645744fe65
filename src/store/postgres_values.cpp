#include "store/postgres_values.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>

namespace hg::store::postgres {

namespace {

// Of the server's catalogue, the same in every version.
constexpr Oid kBool = 16, kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kVarchar = 1043;

template <class T>
std::uint64_t in_network_order(std::int64_t number) {
  std::uint64_t field = 0;
  const T narrow = std::byteswap(static_cast<T>(number));
  std::memcpy(&field, &narrow, sizeof narrow);
  return field;
}

template <class T>
std::int64_t from_network_order(const char* field) {
  T number;
  std::memcpy(&number, field, sizeof number);
  return std::byteswap(number);
}

struct Field {
  std::uint64_t bytes;
  int length;
};

Field field_of(std::int64_t number, Oid type) {
  switch (type) {
    case kBool:
      return {static_cast<std::uint64_t>(number != 0), 1};
    case kInt2:
      return {in_network_order<std::int16_t>(number), 2};
    case kInt4:
      return {in_network_order<std::int32_t>(number), 4};
    default:
      return {in_network_order<std::int64_t>(number), 8};
  }
}

bool goes_with(Value::Kind kind, Oid type) {
  switch (kind) {
    case Value::Kind::null:
      return true;
    case Value::Kind::integer:
      return type == kInt8 || type == kInt4 || type == kInt2 || type == kBool;
    case Value::Kind::text:
      return type == kText || type == kVarchar;
    case Value::Kind::blob:
      return type == kBytea;
  }
  return false;
}

}  // namespace

static_assert(std::endian::native == std::endian::little);

Arguments::Arguments(std::span<const Value> values, std::span<const Oid> types, std::string_view sql) {
  values_.reserve(values.size());
  lengths_.reserve(values.size());
  formats_.assign(values.size(), 1);
  integers_.reserve(values.size());  // so that none of them moves
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Value& value = values[i];
    if (!goes_with(value.kind(), types[i]))
      throw std::logic_error(
          fmt::format("parameter ${} is not of the type {} that it has here: {}", i + 1, types[i], sql));
    if (value.kind() == Value::Kind::null) {
      values_.push_back(nullptr);
      lengths_.push_back(0);
    } else if (value.kind() == Value::Kind::integer) {
      const auto field = field_of(value.integer(), types[i]);
      integers_.push_back(field.bytes);
      values_.push_back(reinterpret_cast<const char*>(&integers_.back()));
      lengths_.push_back(field.length);
    } else {
      // One without an address would be null.
      values_.push_back(value.bytes().data() == nullptr ? "" : value.bytes().data());
      lengths_.push_back(static_cast<int>(value.bytes().size()));
    }
  }
}

Value cell(const PGresult* answer, int row, int column) {
  if (PQgetisnull(answer, row, column) != 0) return {};
  const char* field = PQgetvalue(answer, row, column);
  const std::string_view bytes(field, static_cast<std::size_t>(PQgetlength(answer, row, column)));
  switch (const Oid type = PQftype(answer, column)) {
    case kInt8:
      return from_network_order<std::int64_t>(field);
    case kInt4:
      return from_network_order<std::int32_t>(field);
    case kInt2:
      return from_network_order<std::int16_t>(field);
    case kBool:
      return static_cast<std::int64_t>(*field);
    case kText:
    case kVarchar:
      return bytes;
    case kBytea:
      return as_bytes(bytes);
    default:
      throw Fault(Fault::Kind::other, fmt::format("column {} is of the type {}; cast it", column, type));
  }
}

int parameters_of(std::string_view sql) {
  int known = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\'') quoted = !quoted;
    if (quoted || sql[i] != '$') continue;
    int number = 0;
    std::from_chars(sql.data() + i + 1, sql.data() + sql.size(), number);
    if (number > known + 1)
      throw std::logic_error(fmt::format("parameter ${} appears where ${} should first: {}", number, known + 1, sql));
    if (number == known + 1) ++known;
  }
  return known;
}

Fault::Kind kind_of(std::string_view sqlstate) {
  using enum Fault::Kind;
  // A client's own errors have none: the connection was lost.
  if (sqlstate.size() != 5) return io;
  if (sqlstate == "40001" || sqlstate == "40P01") return conflict;
  if (sqlstate == "53100") return full;
  if (sqlstate == "57014" || sqlstate == "55P03") return busy;  // took too long, or waited too long for a row
  const auto group = sqlstate.substr(0, 2);
  if (group == "23") return constraint;
  if (group == "53") return busy;
  // Connections, shutting down, the machine below, damaged data, a server that has become a standby.
  if (group == "08" || group == "57" || group == "58" || group == "XX" || sqlstate == "25006") return io;
  return other;
}

Fault fault_of(const PGresult* answer, std::string_view doing, bool transaction_lost) {
  const char* state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  const char* said = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
  std::string_view message = said != nullptr ? said : PQresultErrorMessage(answer);
  while (message.ends_with('\n')) message.remove_suffix(1);
  return {kind_of(state == nullptr ? "" : state),
          fmt::format("{}: {} (PostgreSQL {})", doing, message, state == nullptr ? "-" : state), transaction_lost};
}

}  // namespace hg::store::postgres
