#include "cli/usage.h"

#include <gtest/gtest.h>

namespace hg::cli {
namespace {

struct Program {
  CLI::App app;
  std::string text;

  Program() {
    app.name("heliograph");
    app.require_subcommand(1);
    CLI::App* serve = app.add_subcommand("serve");
    serve->add_option("--data", text)->required();
    serve->add_option("--listen", text);
    CLI::App* user = app.add_subcommand("user");
    user->require_subcommand(1);
    user->add_subcommand("show")->add_option("upn", text)->required();
    user->add_subcommand("list");
  }
  std::string line(std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);
    try {
      app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      return usage_line(app, error);
    }
    return "(none)";
  }
};

TEST(Usage, an_unknown_flag_names_the_nearest) {
  EXPECT_EQ(Program().line({"serve", "--dat", "x"}),
            "heliograph serve: unknown flag --dat, the nearest is --data; see heliograph serve --help");
  EXPECT_EQ(Program().line({"serve", "--lisen=x"}),
            "heliograph serve: unknown flag --lisen, the nearest is --listen; see heliograph serve --help");
}

TEST(Usage, an_unknown_command_names_the_nearest) {
  EXPECT_EQ(Program().line({"sevre"}),
            "heliograph: unknown command sevre, the nearest is serve; see heliograph --help");
  EXPECT_EQ(Program().line({"user", "shwo"}),
            "heliograph user: unknown command shwo, the nearest is show; see heliograph user --help");
}

TEST(Usage, what_is_missing_is_named) {
  EXPECT_EQ(Program().line({"serve"}), "heliograph serve: --data is required; see heliograph serve --help");
  EXPECT_NE(Program().line({"user", "show"}).find("upn is required"), std::string::npos);
}

TEST(Usage, a_word_too_many_is_said) {
  EXPECT_NE(Program().line({"user", "show", "a", "b"}).find("\"b\" is one word too many"), std::string::npos);
}

}  // namespace
}  // namespace hg::cli
