// Reads a JSON body property by property and keeps every mistake with its JSON path, so that one answer names them all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace hg::model {

class Mistakes {
 public:
  void missing(std::string path, std::string_view what);
  void invalid(std::string path, std::string message);
  [[nodiscard]] bool none() const { return found_.empty(); }
  // The first, the others as its details.
  [[nodiscard]] Result<void> result() const;

 private:
  std::vector<Error> found_;
};

// Code points that a text may have.
struct Characters {
  std::size_t most;
  std::size_t least = 0;
};

// One object of the body. Everything read is nullopt where it is absent, null or wrong; what is wrong is a mistake.
class Reading {
 public:
  Reading(const json::object& object, std::string path, Mistakes& mistakes)
      : object_(object), path_(std::move(path)), mistakes_(mistakes) {}

  [[nodiscard]] bool given(std::string_view name) const { return object_.if_contains(name) != nullptr; }
  [[nodiscard]] const json::value* find(std::string_view name) const;  // null where absent or null

  std::optional<std::string> text(std::string_view name, Characters allowed) const;
  std::string required_text(std::string_view name, Characters allowed) const;
  std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most) const;
  std::optional<bool> flag(std::string_view name) const;
  // In the future, at most `most` ahead; ten minutes more are cut.
  std::optional<Time> future(std::string_view name, Time now, Duration most) const;
  std::optional<Reading> object(std::string_view name) const;
  const json::array* array(std::string_view name) const;

  // A text that `parse` knows; `right` lists them for the message.
  template <class Parse>
  auto choice(std::string_view name, Parse parse, std::string_view right) const -> decltype(parse(std::string_view())) {
    const json::value* value = find(name);
    if (!value) return std::nullopt;
    if (value->is_string())
      if (auto known = parse(std::string_view(value->get_string()))) return known;
    wrong(name, *value, right);
    return std::nullopt;
  }

  void missing(std::string_view name) const;
  void invalid(std::string_view name, std::string message) const;
  // "{name} is {value}; {right} is right"
  void wrong(std::string_view name, const json::value& value, std::string_view right) const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(std::string_view name) const;
  [[nodiscard]] Mistakes& mistakes() const { return mistakes_; }
  [[nodiscard]] const json::object& json() const { return object_; }

 private:
  const json::object& object_;
  std::string path_;
  Mistakes& mistakes_;
};

// A value as it stands in a message: its JSON, cut to a few words.
std::string shown(const json::value& value);

// A whole number written as one: 60 and 60.0.
std::optional<std::int64_t> whole_number(const json::value& value);

// Not an object: Code::not_an_object.
Result<void> check_object(const json::value& body, std::string_view instead);

}  // namespace hg::model
