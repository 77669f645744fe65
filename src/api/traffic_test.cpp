#include "api/traffic.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace hg::api {
namespace {

const Route& row(std::string_view method, std::string_view pattern) {
  return *std::ranges::find_if(routes(), [&](const Route& r) { return r.method == method && r.pattern == pattern; });
}

std::string page_of(const Traffic& traffic) {
  metrics::Page page;
  traffic.measure(page);
  return page.text();
}

TEST(Traffic, counts_by_pattern_and_class_over_all_loops) {
  Traffic traffic(2, false);
  const Route& post = row("POST", "/me/notifications");
  traffic.answered(0, {.route = &post, .method = "POST", .status = 201, .took = std::chrono::milliseconds(2)});
  traffic.answered(1, {.route = &post, .method = "POST", .status = 201, .took = std::chrono::milliseconds(2)});
  traffic.answered(1, {.route = &post, .method = "POST", .status = 503, .took = std::chrono::seconds(2)});
  traffic.answered(1, {.method = "BREW", .status = 404});
  traffic.malformed(0, 431);

  const std::string page = page_of(traffic);
  const std::string labels = R"(method="POST",route="/beta/me/notifications")";
  for (const std::string& line : {"heliograph_http_requests_total{" + labels + R"(,status="2xx"} 2)",
                                  "heliograph_http_requests_total{" + labels + R"(,status="5xx"} 1)",
                                  "heliograph_http_request_duration_seconds_bucket{" + labels + R"(,le="0.0025"} 2)",
                                  "heliograph_http_request_duration_seconds_count{" + labels + "} 3",
                                  std::string(R"(requests_total{method="any",route="unmatched",status="4xx"} 1)"),
                                  std::string(R"(requests_total{method="any",route="malformed",status="4xx"} 1)")})
    EXPECT_TRUE(page.contains(line + "\n")) << line << "\n" << page;
  EXPECT_FALSE(page.contains("BREW"));
}

TEST(Traffic, says_nothing_of_rows_that_nobody_asked_for) { EXPECT_EQ(page_of(Traffic(1, false)), ""); }

TEST(Traffic, logs_a_line_with_the_pattern_and_nothing_a_client_made_up) {
  testing::internal::CaptureStdout();
  log::open(log::Level::info, log::Format::json);
  Traffic traffic(1, true);
  traffic.answered(0, {.route = &row("GET", "/me/notifications/{id}"),
                       .method = "GET",
                       .status = 200,
                       .bytes = 12,
                       .took = std::chrono::microseconds(1500),
                       .remote = "192.0.2.1",
                       .request_id = "r"});
  traffic.answered(0, {.method = "BREW", .status = 405});
  Traffic(1, false).answered(0, {.status = 599});
  log::flush();
  log::open(log::Level::warn, log::Format::text, log::Stream::err);
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_TRUE(
      out.contains(R"("message":"answered","method":"GET","route":"/beta/me/notifications/{id}","status":200,)"))
      << out;
  EXPECT_TRUE(out.contains(R"("bytes":12,"remote":"192.0.2.1","request":"r"})")) << out;
  EXPECT_TRUE(out.contains(R"("method":"other","route":"unmatched","status":405)")) << out;
  EXPECT_FALSE(out.contains("BREW") || out.contains("599")) << out;
}

}  // namespace
}  // namespace hg::api
