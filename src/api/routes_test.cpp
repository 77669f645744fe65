#include "api/routes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "api/hosts.h"

namespace hg::api {
namespace {

TEST(Routes, no_call_stands_twice) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Route& route : routes()) {
    for (const std::string& path : paths(route))
      EXPECT_TRUE(seen.emplace(route.method, lower(path)).second) << route.method << " " << path;
  }
}

TEST(Routes, every_row_has_a_handler_and_a_summary) {
  for (const Route& route : routes()) {
    EXPECT_NE(route.handle, nullptr) << route.pattern;
    EXPECT_FALSE(route.summary.empty()) << route.pattern;
    EXPECT_TRUE(route.pattern.starts_with('/')) << route.pattern;
  }
}

TEST(Routes, whoever_changes_something_in_the_admin_api_must_be_administrator) {
  for (const Route& route : routes()) {
    if (route.shape != Shape::admin) continue;
    EXPECT_EQ(route.who, route.method == "GET" ? Who::admin_read : Who::admin_write) << route.pattern;
  }
}

TEST(Routes, a_path_has_all_its_forms) {
  std::map<std::string, std::string> by_path;
  for (const Route& route : routes()) {
    for (const std::string& path : paths(route)) by_path.emplace(std::string(route.method) + " " + path, route.pattern);
  }
  EXPECT_EQ(by_path["GET /v1.0/users/{userId}/notifications/microsoft.graph.delta()"], "/me/notifications/delta");
  EXPECT_EQ(by_path["PATCH /beta/me/activities/{id}"], "/me/notifications/{id}");
  EXPECT_EQ(by_path["GET /v3/feeds/me/views/{id}/activities"], "/feeds/me/views/{id}/activities");
}

TEST(Routes, errors_of_unknown_paths_have_the_shape_of_their_api) {
  EXPECT_EQ(shape_of("/V2/Feeds/me/nothing"), Shape::feed);
  EXPECT_EQ(shape_of("/beta/nothing"), Shape::graph);
  EXPECT_EQ(shape_of("/"), Shape::graph);
}

net::Request asked(std::string_view host) {
  net::Request request;
  request.headers.add("Host", host);
  return request;
}

TEST(Hosts, only_the_closed_set_is_answered) {
  const Settings settings{.public_url = {}, .origins = {"http://localhost:8080"}, .cors_origins = {}, .version = {}};
  EXPECT_EQ(base_of(asked("LocalHost:8080"), settings), "http://localhost:8080");
  EXPECT_EQ(base_of(asked("evil.example"), settings), std::nullopt);
  auto secure = asked("localhost:8080");
  secure.scheme = "https";
  EXPECT_EQ(base_of(secure, settings), std::nullopt);
}

TEST(Hosts, a_public_url_serves_any_host) {
  const Settings settings{.public_url = "https://push.example.com", .origins = {}, .cors_origins = {}, .version = {}};
  EXPECT_EQ(base_of(asked("anything"), settings), "https://push.example.com");
}

TEST(Hosts, strict_transport_is_for_names_over_tls) {
  EXPECT_TRUE(wants_hsts("https://push.example.com"));
  EXPECT_FALSE(wants_hsts("http://push.example.com"));
  EXPECT_FALSE(wants_hsts("https://localhost:8443"));
  EXPECT_FALSE(wants_hsts("https://127.0.0.1:8443"));
  EXPECT_FALSE(wants_hsts("https://[::1]:8443"));
}

TEST(Hosts, loopback_origins_are_known) {
  EXPECT_TRUE(is_loopback_origin("http://localhost:3000"));
  EXPECT_TRUE(is_loopback_origin("https://127.0.0.1"));
  EXPECT_FALSE(is_loopback_origin("http://localhost.evil.example"));
  EXPECT_FALSE(is_loopback_origin("null"));
}

}  // namespace
}  // namespace hg::api
