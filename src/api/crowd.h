// The answer to requests beyond those that can be answered in time. What it costs is taken from the requests that are
// answered, so it is made once a second in each API's shape, then only stamped with each request's ids.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.h"
#include "base/time.h"

namespace hg::api {

// Each loop has its own.
class Crowd {
 public:
  // The whole answer as it goes over the wire.
  using Make =
      std::function<std::string(Shape, Time now, const std::string& request_id, const std::string& client_request_id)>;

  explicit Crowd(Make make) : make_(std::move(make)) {}

  // Of Shape::graph or Shape::feed; the ids are GUIDs.
  std::string answer(Shape shape, Time now, const std::string& request_id, const std::string& client_request_id);

 private:
  struct Form {
    Time made_at{};  // the second
    std::string text;
    std::vector<std::size_t> request_ids, client_request_ids;  // where they stand
  };

  Make make_;
  std::array<Form, 2> forms_;
};

// A field of a head that was checked, by its name in lower case; "" where it has none.
std::string_view field_of(std::string_view head, std::string_view name);

}  // namespace hg::api
