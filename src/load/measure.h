// What a server process and its children cost, and how long things took.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/json.h"

namespace hg::load {

// Processes of a server on this machine, with their children. None: everything reads 0.
class Processes {
 public:
  explicit Processes(std::vector<int> roots = {}) : roots_(std::move(roots)) {}

  [[nodiscard]] bool none() const { return roots_.empty(); }
  // User and system time they have used, all threads together.
  [[nodiscard]] std::chrono::microseconds cpu() const;
  // Memory they would give back: the proportional set size, bytes.
  [[nodiscard]] std::int64_t pss() const;
  [[nodiscard]] std::int64_t rss() const;

 private:
  [[nodiscard]] std::vector<int> all() const;
  std::vector<int> roots_;
};

class Latencies {
 public:
  void add(std::chrono::nanoseconds one) { all_.push_back(static_cast<std::uint32_t>(one.count() / 1000)); }
  [[nodiscard]] std::size_t count() const { return all_.size(); }
  // In milliseconds: the value that `share` of all do not exceed; 0 where there are none.
  [[nodiscard]] double at(double share);

 private:
  std::vector<std::uint32_t> all_;  // microseconds
};

// The figures of one run; those that were not measured are left out.
struct Figures {
  std::uint64_t operations = 0;
  std::uint64_t failed = 0;
  double seconds = 0;
  double cpu_us = 0;  // of the server, an operation
  double p50_ms = 0, p99_ms = 0;
  std::int64_t pss = 0, pss_after_traffic = 0, rss = 0;  // bytes a connection

  [[nodiscard]] json::object json() const;
};

}  // namespace hg::load
