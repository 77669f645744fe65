#include "net/router.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/encoding.h"

namespace hg::net {

struct Router::Node {
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> fixed;  // by segment, lower case
  std::unique_ptr<Node> any;
  std::string name;  // of the parameter that leads here
  std::vector<std::pair<std::string, std::size_t>> rows;

  [[nodiscard]] const std::size_t* row(std::string_view method) const {
    for (const auto& [known, row] : rows) {
      if (known == method) return &row;
    }
    return nullptr;
  }
};

namespace {

// Hands out the segments of a path; an OData key `name('key')` as two.
class Segments {
 public:
  explicit Segments(std::string_view path) : rest_(path) {
    if (rest_.starts_with('/')) rest_.remove_prefix(1);
    if (rest_.ends_with('/')) rest_.remove_suffix(1);
  }

  std::optional<std::string_view> next() {
    if (key_) return std::exchange(key_, std::nullopt);
    if (ended_) return std::nullopt;
    const auto slash = rest_.find('/');
    auto segment = rest_.substr(0, slash);
    ended_ = slash == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(slash + 1);
    if (const auto open = segment.find("('");
        open != std::string_view::npos && open > 0 && segment.ends_with("')") && segment.size() >= open + 4) {
      key_ = segment.substr(open + 2, segment.size() - open - 4);
      segment = segment.substr(0, open);
    }
    return segment;
  }

 private:
  std::string_view rest_;
  std::optional<std::string_view> key_;
  bool ended_ = false;
};

}  // namespace

std::string_view Params::raw(std::string_view name) const {
  for (std::size_t at = 0; at < size_; ++at) {
    if (params_[at].name == name) return params_[at].value;
  }
  return {};
}

std::optional<std::string> Params::decoded(std::string_view name) const { return percent_decode(raw(name)); }

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(std::string_view method, std::string_view pattern, std::size_t row) {
  auto* node = root_.get();
  Segments segments(pattern);
  while (const auto segment = segments.next()) {
    if (segment->starts_with('{')) {
      const auto name = segment->substr(1, segment->size() - 2);
      if (!node->any) node->any = std::make_unique<Node>(), node->any->name = name;
      assert(node->any->name == name);
      node = node->any.get();
      continue;
    }
    auto found =
        std::ranges::find_if(node->fixed, [&](auto& entry) { return equal_ignoring_case(entry.first, *segment); });
    if (found == node->fixed.end()) {
      node->fixed.emplace_back(lower(*segment), std::make_unique<Node>());
      found = std::prev(node->fixed.end());
    }
    node = found->second.get();
  }
  assert(node->row(method) == nullptr);
  node->rows.emplace_back(method, row);
}

namespace {

std::string allow(const auto& rows) {
  std::string list;
  bool head = false, get = false;
  for (const auto& [method, row] : rows) {
    list.append(list.empty() ? "" : ", ").append(method);
    head |= method == "HEAD";
    get |= method == "GET";
  }
  return get && !head ? list.append(", HEAD") : list;
}

}  // namespace

Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  std::array<std::string_view, 32> parts;
  std::size_t count = 0;
  Segments segments(path);
  while (const auto segment = segments.next()) {
    if (count == parts.size()) return match;
    parts[count++] = *segment;
  }
  // Depth first, fixed segments before names: `…/delta` wins over `…/{id}`, and where it leads nowhere the name is
  // tried.
  const Node* found = nullptr;
  const auto walk = [&](auto& self, const Node& node, std::size_t at) -> bool {
    if (at == count) {
      if (!node.rows.empty()) found = &node;
      return found != nullptr;
    }
    for (const auto& [name, child] : node.fixed) {
      if (equal_ignoring_case(name, parts[at])) {
        if (self(self, *child, at + 1)) return true;
        break;
      }
    }
    if (!node.any || parts[at].empty() || match.params.size_ == Params::kMost) return false;
    match.params.params_[match.params.size_++] = {node.any->name, parts[at]};
    if (self(self, *node.any, at + 1)) return true;
    --match.params.size_;
    return false;
  };
  if (!walk(walk, *root_, 0)) return match;
  const auto* row = found->row(method);
  if (row == nullptr && method == "HEAD") row = found->row("GET");
  if (row == nullptr) {
    match.kind = Match::Kind::method_not_allowed;
    match.allow = allow(found->rows);
    return match;
  }
  match.kind = Match::Kind::found;
  match.row = *row;
  return match;
}

}  // namespace hg::net
