// What goes to PostgreSQL and comes from it: parameters and cells in its binary form, and its errors as faults. For the
// driver alone.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/sql.h"

namespace hg::store::postgres {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

// The parameters of one execution, in the arrays that libpq wants; they view what the values view.
class Arguments {
 public:
  // `types` as the server described them. std::logic_error where a value does not go with its type.
  Arguments(std::span<const Value> values, std::span<const Oid> types, std::string_view sql);

  [[nodiscard]] int count() const { return static_cast<int>(values_.size()); }
  [[nodiscard]] const char* const* values() const { return values_.data(); }
  [[nodiscard]] const int* lengths() const { return lengths_.data(); }
  [[nodiscard]] const int* formats() const { return formats_.data(); }

 private:
  std::vector<const char*> values_;
  std::vector<int> lengths_, formats_;
  std::vector<std::uint64_t> integers_;
};

// Throws Fault for a type that nothing here is made of.
Value cell(const PGresult* answer, int row, int column);

// How many parameters there are. std::logic_error where they do not first appear in the order $1, $2, ….
int parameters_of(std::string_view sql);

Fault::Kind kind_of(std::string_view sqlstate);
Fault fault_of(const PGresult* answer, std::string_view doing, bool transaction_lost);

}  // namespace hg::store::postgres
