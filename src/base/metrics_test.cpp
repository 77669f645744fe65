#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "base/metrics.h"

namespace hg::metrics {
namespace {

TEST(Histogram, counts_up_to_and_with_each_bound) {
  Histogram histogram(kSizes);
  for (const double value : {1.0, 2.0, 3.0, 9000.0}) histogram.observe(value);
  const auto content = histogram.content();
  EXPECT_EQ(content.counts[0], 1U);
  EXPECT_EQ(content.counts[1], 1U);
  EXPECT_EQ(content.counts[2], 1U);
  EXPECT_EQ(content.counts.back(), 1U);
  EXPECT_EQ(content.count(), 4U);
  EXPECT_EQ(content.sum, 9006.0);
}

TEST(Histogram, of_time_counts_seconds) {
  Histogram histogram(kSeconds);
  histogram.observe(std::chrono::milliseconds(3));
  EXPECT_EQ(histogram.content().counts[3], 1U);  // ≤ 5 ms
  EXPECT_DOUBLE_EQ(histogram.content().sum, 0.003);
}

TEST(Page, is_prometheus_text) {
  Page page;
  Histogram histogram(kSeconds);
  histogram.observe(0.002);
  page.counter("heliograph_x_total", "What x is.", std::uint64_t{3}, {{"kind", "a"}});
  page.counter("heliograph_x_total", "What x is.", std::uint64_t{4}, {{"kind", "b\"\n\\"}});
  page.gauge("heliograph_y", "What y is.", 0.5);
  page.histogram("heliograph_z_seconds", "What z is.", histogram);
  const std::string text = page.text();
  EXPECT_NE(text.find("# HELP heliograph_x_total What x is.\n# TYPE heliograph_x_total counter\n"
                      "heliograph_x_total{kind=\"a\"} 3\nheliograph_x_total{kind=\"b\\\"\\n\\\\\"} 4\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("# TYPE heliograph_y gauge\nheliograph_y 0.5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("heliograph_z_seconds_bucket{le=\"0.001\"} 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("heliograph_z_seconds_bucket{le=\"0.0025\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("heliograph_z_seconds_bucket{le=\"+Inf\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("heliograph_z_seconds_count 1\n"), std::string::npos) << text;
}

double value_of(const std::string& text, const std::string& name) {
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(Page, tells_of_this_process) {
  Page page;
  measure_process(page);
  const std::string text = page.text();
  EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 100'000) << text;
  EXPECT_GE(value_of(text, "process_open_fds"), 3) << text;
  EXPECT_GT(value_of(text, "process_max_fds"), value_of(text, "process_open_fds")) << text;
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_NEAR(value_of(text, "process_start_time_seconds"), now, 3600) << text;
}

}  // namespace
}  // namespace hg::metrics
