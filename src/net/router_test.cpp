#include "net/router.h"

#include <gtest/gtest.h>

namespace hg::net {
namespace {

Router routes() {
  Router router;
  router.add("GET", "/", 0);
  router.add("GET", "/beta/me/notifications", 1);
  router.add("POST", "/beta/me/notifications", 2);
  router.add("GET", "/beta/me/notifications/{id}", 3);
  router.add("PATCH", "/beta/me/notifications/{id}", 4);
  router.add("GET", "/beta/me/notifications/delta", 5);
  router.add("GET", "/v2/feeds/me/views/{subscription}/activities", 6);
  router.add("DELETE", "/{tenant}/x/{id}", 7);
  return router;
}

std::size_t row(std::string_view method, std::string_view path) {
  const auto match = routes().match(method, path);
  return match.kind == Match::Kind::found ? match.row : 99;
}

TEST(Router, finds_the_row_of_method_and_path) {
  EXPECT_EQ(row("GET", "/"), 0U);
  EXPECT_EQ(row("GET", "/beta/me/notifications"), 1U);
  EXPECT_EQ(row("POST", "/beta/me/notifications"), 2U);
  EXPECT_EQ(row("PATCH", "/beta/me/notifications/1"), 4U);
}

TEST(Router, compares_segments_without_regard_to_case) { EXPECT_EQ(row("GET", "/V2/Feeds/ME/views/a/Activities"), 6U); }

TEST(Router, tolerates_one_trailing_slash) {
  EXPECT_EQ(row("GET", "/beta/me/notifications/"), 1U);
  EXPECT_EQ(row("GET", "/beta/me/notifications//"), 99U);
  EXPECT_EQ(row("GET", "//beta/me/notifications"), 99U);
}

TEST(Router, prefers_fixed_segments_to_names) {
  EXPECT_EQ(row("GET", "/beta/me/notifications/delta"), 5U);
  EXPECT_EQ(row("DELETE", "/beta/x/1"), 7U);  // where the fixed one leads nowhere
}

TEST(Router, reads_odata_keys) {
  const std::string path = "/beta/me/notifications('a%20b')";
  const auto router = routes();
  const auto match = router.match("GET", path);
  EXPECT_EQ(match.row, 3U);
  EXPECT_EQ(match.params.raw("id"), "a%20b");
  EXPECT_EQ(row("GET", "/beta/me/notifications('')"), 99U);
}

TEST(Router, decodes_parameters_on_demand) {
  const auto router = routes();
  EXPECT_EQ(router.match("GET", "/beta/me/notifications/a%2Fb").params.decoded("id"), "a/b");
  EXPECT_EQ(router.match("GET", "/beta/me/notifications/a%2").params.decoded("id"), std::nullopt);
  EXPECT_EQ(router.match("GET", "/beta/me/notifications/a").params.raw("other"), "");
}

TEST(Router, tells_unknown_paths_from_wrong_methods) {
  EXPECT_EQ(routes().match("GET", "/nothing").kind, Match::Kind::not_found);
  EXPECT_EQ(routes().match("GET", "/beta/me").kind, Match::Kind::not_found);
  const auto match = routes().match("DELETE", "/beta/me/notifications");
  EXPECT_EQ(match.kind, Match::Kind::method_not_allowed);
  EXPECT_EQ(match.allow, "GET, POST, HEAD");
}

TEST(Router, answers_head_by_the_row_of_get) { EXPECT_EQ(row("HEAD", "/beta/me/notifications"), 1U); }

}  // namespace
}  // namespace hg::net
