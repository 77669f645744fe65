// The seam to a database engine: one SQL text for all of them, run on a Connection. Parameters are $1, $2, … and must
// first appear in this order (SQLite numbers them by first appearance and would swap them silently).
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/encoding.h"
#include "base/function_ref.h"
#include "base/id.h"
#include "base/time.h"

namespace hg::metrics {
class Histogram;
}

namespace hg::store {

enum class Dialect : std::uint8_t { sqlite, postgresql };

// The database broke, or refused. Where the transaction is gone (transaction_lost; on PostgreSQL after any fault)
// nothing of it will be kept. `conflict`: another transaction was in the way, and the same again may go well. `io`
// thrown by commit(): nobody knows whether it was kept.
class Fault : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t { constraint, conflict, full, io, busy, other };

  Fault(Kind kind, const std::string& message, bool transaction_lost = false)
      : std::runtime_error(message), kind_(kind), transaction_lost_(transaction_lost) {}
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool transaction_lost() const { return transaction_lost_; }
  // Of the whole store, whatever was asked of it.
  [[nodiscard]] bool everywhere() const { return kind_ == Kind::full || kind_ == Kind::io || kind_ == Kind::busy; }

 private:
  Kind kind_;
  bool transaction_lost_;
};

// A parameter or a cell: a view, alive as long as what it was made from. Times are milliseconds, GUIDs 16 bytes,
// booleans and enumerations integers.
class Value {
 public:
  enum class Kind : std::uint8_t { null, integer, text, blob };

  // NOLINTBEGIN(google-explicit-constructor): parameters are listed as they are
  Value() = default;
  Value(std::nullptr_t) {}
  Value(std::nullopt_t) {}
  Value(std::integral auto number) : kind_(Kind::integer), integer_(static_cast<std::int64_t>(number)) {}
  template <class E>
    requires std::is_enum_v<E>
  Value(E value) : kind_(Kind::integer), integer_(static_cast<std::int64_t>(value)) {}
  Value(Time time) : Value(to_ms(time)) {}
  Value(Duration duration) : Value(static_cast<std::int64_t>(duration.count())) {}
  Value(std::string_view text) : kind_(Kind::text), text_(text) {}
  Value(const char* text) : Value(std::string_view(text)) {}
  Value(const std::string& text) : Value(std::string_view(text)) {}
  Value(Bytes blob) : kind_(Kind::blob), text_(as_text(blob)) {}
  Value(const Buffer& blob) : Value(Bytes(blob)) {}
  Value(const Guid& guid) : Value(guid.view()) {}
  template <class Tag>
  Value(const Id<Tag>& id) : Value(id.guid) {}
  template <class T>
  Value(const std::optional<T>& maybe) : Value(maybe ? Value(*maybe) : Value()) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] std::int64_t integer() const { return integer_; }
  [[nodiscard]] std::string_view bytes() const { return text_; }  // of a text or a blob

 private:
  Kind kind_ = Kind::null;
  std::int64_t integer_ = 0;
  std::string_view text_;
};

// Bytes that are held in a string, as a blob.
inline Value blob(std::string_view bytes) { return as_bytes(bytes); }

// One row of an answer, for the length of the call it is handed to. Columns count from 0; asking for another type than
// the cell has is a Fault. view() and blob() die with the row, everything else is a copy.
class Row {
 public:
  explicit Row(std::span<const Value> cells) : cells_(cells) {}

  [[nodiscard]] std::size_t size() const { return cells_.size(); }
  [[nodiscard]] bool null(std::size_t i) const { return cell(i).kind() == Value::Kind::null; }
  [[nodiscard]] std::int64_t integer(std::size_t i) const;
  [[nodiscard]] bool boolean(std::size_t i) const { return integer(i) != 0; }
  [[nodiscard]] Time time(std::size_t i) const { return from_ms(integer(i)); }
  [[nodiscard]] Duration duration(std::size_t i) const { return Duration(integer(i)); }
  [[nodiscard]] std::string_view view(std::size_t i) const;  // of a text or a blob
  [[nodiscard]] std::string text(std::size_t i) const { return std::string(view(i)); }
  [[nodiscard]] Bytes blob(std::size_t i) const { return as_bytes(view(i)); }
  [[nodiscard]] Guid guid(std::size_t i) const;
  template <class Identifier>
  [[nodiscard]] Identifier id(std::size_t i) const {
    return Identifier{guid(i)};
  }
  template <class E>
  [[nodiscard]] E value(std::size_t i) const {
    return static_cast<E>(integer(i));
  }

  // Nullopt where it is null.
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(std::size_t i) const;
  [[nodiscard]] std::optional<Time> maybe_time(std::size_t i) const;
  [[nodiscard]] std::optional<std::string> maybe_text(std::size_t i) const;
  [[nodiscard]] std::optional<Guid> maybe_guid(std::size_t i) const;
  template <class Identifier>
  [[nodiscard]] std::optional<Identifier> maybe_id(std::size_t i) const {
    return null(i) ? std::nullopt : std::optional(id<Identifier>(i));
  }

 private:
  [[nodiscard]] const Value& cell(std::size_t i) const;
  std::span<const Value> cells_;
};

class Connection {
 public:
  using Each = FunctionRef<void(const Row&)>;

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  // One statement; answers the rows it changed, or gave. Prepared once a connection and text. A trailing FOR UPDATE
  // (SKIP LOCKED too) means nothing where there is one writer. Throws Fault; std::logic_error for parameters out of
  // order or too few.
  virtual std::int64_t exec(std::string_view sql, std::span<const Value> parameters, Each each) = 0;
  // One whose answer nobody needs yet: it may be sent with the next, and then its rows come with that one's, or by
  // settle(), and its fault is thrown there, or by commit(). What `each` views lives until then.
  virtual void later(std::string_view sql, std::span<const Value> parameters, Each each) {
    exec(sql, parameters, each);
  }
  void later(std::string_view sql, std::span<const Value> parameters) { later(sql, parameters, nobody()); }
  void later(std::string_view sql, std::initializer_list<Value> parameters) {
    later(sql, std::span(parameters.begin(), parameters.size()));
  }
  // Waits for the answers of what was asked for later.
  virtual void settle() {}
  // Several statements without parameters, for migrations.
  virtual void script(std::string_view sql) = 0;

  virtual void begin() = 0;
  virtual void commit() = 0;    // where it throws, but for `io`, nothing is kept once rollback() was called
  virtual void rollback() = 0;  // does nothing where there is no transaction; throws nothing
  [[nodiscard]] virtual Dialect dialect() const = 0;
  // How long each commit takes from now on; one cell may serve many connections and outlives them.
  virtual void time_commits(metrics::Histogram& seconds) = 0;

  std::int64_t exec(std::string_view sql, std::initializer_list<Value> parameters, Each each) {
    return exec(sql, std::span(parameters.begin(), parameters.size()), each);
  }
  std::int64_t exec(std::string_view sql, std::initializer_list<Value> parameters = {}) {
    return exec(sql, parameters, nobody());
  }

  // What `read` makes of the first row, or nullopt.
  template <class F>
  auto first(std::string_view sql, std::initializer_list<Value> parameters, F read) {
    std::optional<std::invoke_result_t<F&, const Row&>> found;
    exec(sql, parameters, [&](const Row& row) {
      if (!found) found.emplace(read(row));
    });
    return found;
  }
  // What `read` makes of each row.
  template <class F>
  auto all(std::string_view sql, std::initializer_list<Value> parameters, F read) {
    std::vector<std::invoke_result_t<F&, const Row&>> found;
    exec(sql, parameters, [&](const Row& row) { found.push_back(read(row)); });
    return found;
  }

 private:
  // Takes rows that nobody asked for.
  static Each nobody() {
    static constexpr auto ignore = [](const Row&) {};
    return ignore;
  }
};

}  // namespace hg::store
