// What is counted while the server runs, and the page it is read from (Prometheus' text format). A cell belongs to the
// code that counts; its name is given when the page is made, so that counting looks nothing up: one relaxed addition.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hg::metrics {

class Counter {
 public:
  void add(std::uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// Upper bounds; what is beyond the last has a bucket of its own.
inline constexpr std::size_t kBounds = 14;
using Bounds = std::array<double, kBounds>;
inline constexpr Bounds kSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
inline constexpr Bounds kSizes{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192};

class Histogram {
 public:
  explicit Histogram(const Bounds& bounds) : bounds_(bounds) {}  // of static lifetime

  void observe(double value);
  void observe(std::chrono::steady_clock::duration time) { observe(std::chrono::duration<double>(time).count()); }

  struct Content {
    std::array<std::uint64_t, kBounds + 1> counts{};
    double sum = 0;
    [[nodiscard]] std::uint64_t count() const;
    Content& operator+=(const Content& other);
  };
  [[nodiscard]] Content content() const;
  [[nodiscard]] const Bounds& bounds() const { return bounds_; }

 private:
  const Bounds& bounds_;
  std::array<std::atomic<std::uint64_t>, kBounds + 1> counts_{};
  std::atomic<double> sum_ = 0;
};

struct Label {
  std::string_view name, value;
};
using Labels = std::initializer_list<Label>;

// Rows of one name follow each other; `help` is said once. Values are copied.
class Page {
 public:
  void counter(std::string_view name, std::string_view help, std::uint64_t value, Labels labels = {});
  void counter(std::string_view name, std::string_view help, double value, Labels labels = {});
  void gauge(std::string_view name, std::string_view help, double value, Labels labels = {});
  void histogram(std::string_view name, std::string_view help, const Bounds& bounds, const Histogram::Content& content,
                 Labels labels = {});
  void histogram(std::string_view name, std::string_view help, const Histogram& histogram, Labels labels = {}) {
    this->histogram(name, help, histogram.bounds(), histogram.content(), labels);
  }

  [[nodiscard]] std::string text() const;

 private:
  prometheus::ClientMetric& row(std::string_view name, std::string_view help, prometheus::MetricType type,
                                Labels labels);
  std::vector<prometheus::MetricFamily> families_;
};

inline constexpr std::string_view kTextFormat = "text/plain; version=0.0.4; charset=utf-8";

// Of this process, under the names that Prometheus' own clients give: CPU time, memory, descriptors, start.
void measure_process(Page& page);

}  // namespace hg::metrics
