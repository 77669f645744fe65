// Which row of a route table a request means. Segments compare without regard to case (ASCII), one trailing slash is
// tolerated, and OData's key form `notifications('{id}')` means `notifications/{id}`.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hg::net {

// The values of a pattern's {names}: views into the matched path, not decoded.
class Params {
 public:
  static constexpr std::size_t kMost = 8;

  // As it stands in the path; empty where the pattern has no such name.
  [[nodiscard]] std::string_view raw(std::string_view name) const;
  // Percent-decoded; nullopt on a broken escape.
  [[nodiscard]] std::optional<std::string> decoded(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  friend class Router;
  struct Param {
    std::string_view name, value;
  };
  std::array<Param, kMost> params_;
  std::size_t size_ = 0;
};

struct Match {
  enum class Kind { found, not_found, method_not_allowed };
  Kind kind = Kind::not_found;
  std::size_t row = 0;
  Params params = {};
  std::string allow = {};  // for method_not_allowed: "GET, PATCH", as the Allow header wants it
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // `pattern`: "/beta/me/notifications/{id}". Fixed segments win over {names}. A second row for the same method and
  // pattern is a bug (assert). HEAD is answered by the GET row unless it has a row of its own.
  void add(std::string_view method, std::string_view pattern, std::size_t row);
  // `path` must outlive the match.
  [[nodiscard]] Match match(std::string_view method, std::string_view path) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

}  // namespace hg::net
