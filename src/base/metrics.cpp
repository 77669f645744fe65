#include "base/metrics.h"

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>
#include <sstream>

namespace hg::metrics {

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The kernel gives a process's start in ticks since the machine's, which it gives in seconds (proc(5)).
double start_time() {
  static const double started = [] {
    std::string stat, word;
    std::getline(std::ifstream("/proc/self/stat"), stat);
    // The program's name may hold spaces and brackets; the 20th field after it is the start.
    std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
    double ticks = 0, booted = 0;
    for (int i = 0; i < 19 && fields >> word; ++i) continue;
    fields >> ticks;
    for (std::ifstream in("/proc/stat"); in >> word;) {
      if (word == "btime" && in >> booted) break;
    }
    return booted + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }();
  return started;
}

}  // namespace

void Histogram::observe(double value) {
  const auto bucket = static_cast<std::size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Content Histogram::content() const {
  Content content;
  for (std::size_t i = 0; i < counts_.size(); ++i) content.counts[i] = counts_[i].load(std::memory_order_relaxed);
  content.sum = sum_.load(std::memory_order_relaxed);
  return content;
}

std::uint64_t Histogram::Content::count() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

Histogram::Content& Histogram::Content::operator+=(const Content& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
  return *this;
}

prometheus::ClientMetric& Page::row(std::string_view name, std::string_view help, prometheus::MetricType type,
                                    Labels labels) {
  if (families_.empty() || families_.back().name != name)
    families_.push_back({.name = std::string(name), .help = std::string(help), .type = type, .metric = {}});
  auto& made = families_.back().metric.emplace_back();
  for (const Label& label : labels) made.label.push_back({std::string(label.name), std::string(label.value)});
  return made;
}

void Page::counter(std::string_view name, std::string_view help, std::uint64_t value, Labels labels) {
  counter(name, help, static_cast<double>(value), labels);
}

void Page::counter(std::string_view name, std::string_view help, double value, Labels labels) {
  row(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void Page::gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  row(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void Page::histogram(std::string_view name, std::string_view help, const Bounds& bounds,
                     const Histogram::Content& content, Labels labels) {
  auto& written = row(name, help, prometheus::MetricType::Histogram, labels).histogram;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < content.counts.size(); ++i) {
    below += content.counts[i];
    written.bucket.push_back({below, i < kBounds ? bounds[i] : std::numeric_limits<double>::infinity()});
  }
  written.sample_count = below;
  written.sample_sum = content.sum;
}

std::string Page::text() const { return prometheus::TextSerializer().Serialize(families_); }

void measure_process(Page& page) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::ifstream statm("/proc/self/statm");
  double size = 0, resident = 0;
  statm >> size >> resident;
  const auto page_size = static_cast<double>(::sysconf(_SC_PAGESIZE));
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  std::error_code error;
  const auto open = std::distance(std::filesystem::directory_iterator("/proc/self/fd", error), {});

  page.counter("process_cpu_seconds_total", "CPU time of user and system.",
               seconds(usage.ru_utime) + seconds(usage.ru_stime));
  page.gauge("process_resident_memory_bytes", "Resident memory.", resident * page_size);
  page.gauge("process_virtual_memory_bytes", "Virtual memory.", size * page_size);
  page.gauge("process_open_fds", "Open file descriptors.", static_cast<double>(open));
  page.gauge("process_max_fds", "The most file descriptors that may be open.",
             static_cast<double>(descriptors.rlim_cur));
  page.gauge("process_start_time_seconds", "When the process began, since the epoch.", start_time());
}

}  // namespace hg::metrics
