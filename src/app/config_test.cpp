#include "app/config.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace hg::app {
namespace {

struct File {
  explicit File(std::string_view text) {
    char name[] = "/tmp/heliograph-config-XXXXXX";
    const int fd = ::mkstemp(name);
    EXPECT_GE(fd, 0);
    path = name;
    std::ofstream(path) << text;
    ::close(fd);
  }
  ~File() { std::filesystem::remove(path); }
  std::string path;
};

std::optional<std::string> nothing(const std::string&) { return std::nullopt; }

TEST(Config, an_unknown_key_names_the_nearest_known_one) {
  const File file("listn = \"127.0.0.1:1\"\n");
  const auto config = load(file.path, nothing, {});
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("\"listn\" in line 1; the nearest is \"listen\""), std::string::npos)
      << config.error().message;
}

TEST(Config, reads_every_kind_of_value_and_sections) {
  const File file(
      "listen = \"127.0.0.1:9\"\nbehind_tls_proxy = true\ncors_origins = "
      "[\"https://a.example\"]\n[limits]\nconnections_per_user = 7\n");
  const auto config = load(file.path, nothing, {});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen, "127.0.0.1:9");
  EXPECT_TRUE(config->behind_tls_proxy);
  EXPECT_EQ(config->cors_origins, std::vector<std::string>{"https://a.example"});
  EXPECT_EQ(config->connections_per_user, 7);
}

TEST(Config, the_environment_wins_over_the_file) {
  const File file("listen = \"127.0.0.1:9\"\n");
  const std::vector<std::string> names = {"HELIOGRAPH_LISTEN", "HELIOGRAPH_TOKEN"};
  const auto config = load(
      file.path,
      [](const std::string& name) -> std::optional<std::string> {
        return name == "HELIOGRAPH_LISTEN" ? "127.0.0.1:10" : "x";
      },
      names);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen, "127.0.0.1:10");
}

TEST(Config, a_mistyped_variable_is_found) {
  const std::vector<std::string> names = {"HELIOGRAPH_LISTN"};
  const auto config = load("", nothing, names);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().message.find("HELIOGRAPH_LISTEN"), std::string::npos);
}

TEST(Config, refuses_wrong_types_and_values_out_of_bounds) {
  for (const char* text :
       {"listen = 3\n", "[limits]\nconnections_per_user = 0\n", "[log]\nlevel = \"loud\"\n", "listen = \n",
        "sealing_key = \"c2VjcmV0\"\n", "bus_credentials = \"hg:word\"\n", "[mail]\npassword = \"word\"\n"}) {
    const File file(text);
    EXPECT_FALSE(load(file.path, nothing, {})) << text;
  }
}

TEST(Config, describes_itself_without_secrets) {
  Config config;
  config.sealing_key = "env:HELIOGRAPH_KEY";
  const std::string text = describe(config);
  EXPECT_EQ(text.find("HELIOGRAPH_KEY"), std::string::npos);
  EXPECT_NE(text.find("listen = \"127.0.0.1:8080\""), std::string::npos);
  config.bus = "nats://one.example:4222,nats://two.example:4222";
  EXPECT_TRUE(describe(config).contains("bus = \"nats://one.example:4222,nats://two.example:4222\""));
  config.bus = "nats://hg:word@one.example:4222";
  EXPECT_FALSE(describe(config).contains("hg:word"));
}

TEST(Config, what_it_describes_it_reads_again) {
  const File file(describe(Config{}));
  EXPECT_TRUE(load(file.path, nothing, {}));
}

}  // namespace
}  // namespace hg::app
