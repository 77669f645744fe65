#include "api/documents.h"

#include <set>

#include "api/routes.h"
#include "api/testing.h"

namespace hg::api {
namespace {

json::value openapi() { return json::parse(documents::openapi_text("1.2.3")); }

TEST(OpenApi, has_every_row_of_the_route_table) {
  const auto document = openapi();
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  for (const Route& route : routes()) {
    const auto* path = document.at("paths").as_object().if_contains(paths(route).front());
    ASSERT_NE(path, nullptr) << route.pattern;
    EXPECT_TRUE(path->as_object().contains(lower(route.method))) << route.method << " " << route.pattern;
  }
}

TEST(OpenApi, gives_every_operation_a_name_of_its_own_and_an_answer) {
  std::set<std::string> seen;
  const auto document = openapi();
  for (const auto& [path, methods] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      EXPECT_TRUE(seen.emplace(operation.at("operationId").as_string()).second) << path;
      const auto& answers = operation.at("responses").as_object();
      EXPECT_TRUE(answers.contains("200") || answers.contains("201") || answers.contains("204")) << method << path;
    }
  }
}

TEST(OpenApi, says_what_a_call_takes_and_answers) {
  const auto document = openapi();
  const auto& post = document.at_pointer("/paths/~1beta~1me~1notifications/post");
  EXPECT_EQ(post.at_pointer("/requestBody/content/application~1json/schema/$ref"),
            "#/components/schemas/notificationPost");
  EXPECT_EQ(post.at_pointer("/responses/201/content/application~1json/schema/$ref"),
            "#/components/schemas/notification");
  EXPECT_EQ(post.at_pointer("/responses/422/content/application~1json/schema/$ref"), "#/components/schemas/graphError");
  EXPECT_EQ(post.at_pointer("/responses/422/description"), "idempotencyKeyReused");
  EXPECT_EQ(post.at_pointer("/x-aliases/0"), "/beta/users/{userId}/notifications");
  const auto& stream = document.at_pointer("/paths/~1beta~1me~1notifications~1stream/get");
  EXPECT_TRUE(stream.at_pointer("/security/1").as_object().contains("ticket"));
  EXPECT_TRUE(document.at_pointer("/paths/~1healthz/get/security").as_array().empty());
}

TEST(Documents, are_open_to_everybody) {
  House house;
  const auto schema = house.call("GET", "/v1.0/$metadata");
  EXPECT_EQ(schema.status, 200);
  EXPECT_EQ(schema.header("Content-Type"), "application/xml");
  EXPECT_TRUE(schema.body.contains("Namespace=\"microsoft.graph\""));
  const auto document = house.call("GET", "/openapi.json");
  EXPECT_EQ(document.at("/info/title"), "Heliograph");
}

}  // namespace
}  // namespace hg::api
