// What each row of the route table was asked, how it was answered and how long that took: counted, and said in the log
// by one line a request. Rows are named by their pattern, so that no path, query, UNSID or ticket is written anywhere.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.h"
#include "base/metrics.h"

namespace hg::api {

struct Answered {
  const Route* route = nullptr;  // null: none fitted
  std::string_view method = {};
  int status = 0;
  std::size_t bytes = 0;  // of the body, as far as it is known
  std::chrono::steady_clock::duration took{};
  std::string_view remote = {}, request_id = {}, client_request_id = {}, trace_id = {};
};

class Traffic {
 public:
  explicit Traffic(std::size_t loops, bool log);

  // On the loop of that number.
  void answered(std::size_t loop, const Answered& answered);
  // A request that was told to come back before anything was made of it: too many for a line each.
  void turned_away(std::size_t loop, const Route& route, std::string_view method);
  // Bytes that never became a request.
  void malformed(std::size_t loop, int status);
  // From any thread.
  void measure(metrics::Page& page) const;

 private:
  struct Cells {
    std::array<metrics::Counter, 5> statuses;  // 1xx to 5xx
    metrics::Histogram seconds{metrics::kSeconds};
  };
  // Two rows beyond the table's.
  struct Loop {
    explicit Loop(std::size_t count) : rows(count) {}
    std::vector<Cells> rows;
    std::size_t turned_away = 0;  // that the log does not know of yet
    std::chrono::steady_clock::time_point say_at{};
  };
  [[nodiscard]] std::size_t unmatched() const { return names_.size() - 2; }
  Cells& count(std::size_t loop, std::size_t row, int status);

  struct Name {
    std::string_view method;
    std::string pattern;
  };
  std::vector<Name> names_;
  std::vector<std::unique_ptr<Loop>> loops_;  // apart, so that no two loops write to the same line of the cache
  bool log_;
};

}  // namespace hg::api
