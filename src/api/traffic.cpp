#include "api/traffic.h"

#include <algorithm>

#include "base/log.h"

namespace hg::api {
namespace {

constexpr std::string_view kCountedMethods[] = {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"};
constexpr std::string_view kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

std::size_t class_of(int status) { return static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1); }

// A method that nobody has heard of is not repeated.
std::string_view known(std::string_view method) {
  const auto* found = std::ranges::find(kCountedMethods, method);
  return found == std::end(kCountedMethods) ? "other" : *found;
}

}  // namespace

Traffic::Traffic(std::size_t loops, bool log) : log_(log) {
  for (const Route& route : routes()) names_.push_back({route.method, paths(route).front()});
  names_.push_back({"any", "unmatched"});
  names_.push_back({"any", "malformed"});
  for (std::size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<Loop>(names_.size()));
}

Traffic::Cells& Traffic::count(std::size_t loop, std::size_t row, int status) {
  Cells& cells = loops_[loop]->rows[row];
  cells.statuses[class_of(status)].add();
  return cells;
}

void Traffic::answered(std::size_t loop, const Answered& answered) {
  const std::size_t row =
      answered.route == nullptr ? unmatched() : static_cast<std::size_t>(answered.route - routes().data());
  count(loop, row, answered.status).seconds.observe(answered.took);
  if (!log_ || !log::enabled(log::Level::info)) return;
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(answered.took).count();
  const log::Field fields[] = {{"method", known(answered.method)},
                               {"route", names_[row].pattern},
                               {"status", std::int64_t{answered.status}},
                               {"ms", static_cast<double>(microseconds) / 1000},
                               {"bytes", static_cast<std::int64_t>(answered.bytes)},
                               {"remote", answered.remote},
                               {"request", answered.request_id},
                               {"clientRequest", answered.client_request_id},
                               {"trace", answered.trace_id}};
  log::write(log::Level::info, "http", "answered", fields);
}

void Traffic::turned_away(std::size_t loop, const Route& route, std::string_view method) {
  count(loop, static_cast<std::size_t>(&route - routes().data()), 503).seconds.observe({});
  Loop& mine = *loops_[loop];
  ++mine.turned_away;
  const auto now = std::chrono::steady_clock::now();
  if (!log_ || now < mine.say_at) return;
  log::warn("http", "there are more requests than can be answered in time: {} told to come back, a {} last",
            std::exchange(mine.turned_away, 0), known(method));
  mine.say_at = now + std::chrono::seconds(1);
}

void Traffic::malformed(std::size_t loop, int status) { count(loop, unmatched() + 1, status); }

void Traffic::measure(metrics::Page& page) const {
  const auto sum = [&](std::size_t row, std::size_t status) {
    std::uint64_t all = 0;
    for (const auto& loop : loops_) all += loop->rows[row].statuses[status].value();
    return all;
  };
  // Rows that nobody has asked for say nothing.
  for (std::size_t row = 0; row < names_.size(); ++row) {
    for (std::size_t status = 0; status < std::size(kClasses); ++status) {
      if (const auto all = sum(row, status); all > 0)
        page.counter("heliograph_http_requests_total", "Requests answered, by row of the route table.", all,
                     {{"method", names_[row].method}, {"route", names_[row].pattern}, {"status", kClasses[status]}});
    }
  }
  for (std::size_t row = 0; row < names_.size(); ++row) {
    metrics::Histogram::Content content;
    for (const auto& loop : loops_) content += loop->rows[row].seconds.content();
    if (content.count() > 0)
      page.histogram("heliograph_http_request_duration_seconds",
                     "From the whole request to its answer, without the writing of it.", metrics::kSeconds, content,
                     {{"method", names_[row].method}, {"route", names_[row].pattern}});
  }
}

}  // namespace hg::api
