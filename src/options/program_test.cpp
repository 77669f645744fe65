#include "options/program.h"

#include <gtest/gtest.h>

namespace hg::options {
namespace {

// What `heliograph` says to words.
std::string line(const std::vector<std::string>& words) {
  std::string text;
  const auto nothing = [] { return 0; };
  Program program("heliograph", "Notifications.", "1.0");
  const Command serve = program.command().command("serve", "Serve.");
  serve.option("--data", text, "A directory.").required();
  serve.option("--listen", text, "An address.");
  serve.runs(nothing);
  const Command user = program.command().command("user", "Users.");
  const Command show = user.command("show", "One.");
  show.option("upn", text, "Whom.").required();
  show.runs(nothing);
  const Command list = user.command("list", "All.");
  list.option("--first", text, "From here.");
  list.check([&] { return text == "z" ? "--first is z, the last" : ""; });
  list.runs(nothing);
  return program.mistake(words);
}

TEST(Program, an_unknown_flag_names_the_nearest) {
  EXPECT_EQ(line({"serve", "--dat", "x"}),
            "heliograph serve: unknown flag --dat, the nearest is --data; see heliograph serve --help");
  EXPECT_EQ(line({"serve", "--lisen=x"}),
            "heliograph serve: unknown flag --lisen, the nearest is --listen; see heliograph serve --help");
}

TEST(Program, an_unknown_command_names_the_nearest) {
  EXPECT_EQ(line({"sevre"}), "heliograph: unknown command sevre, the nearest is serve; see heliograph --help");
  EXPECT_EQ(line({"user", "shwo"}),
            "heliograph user: unknown command shwo, the nearest is show; see heliograph user --help");
}

TEST(Program, what_is_far_is_not_suggested) {
  EXPECT_EQ(line({"halt"}), "heliograph: unknown command halt; see heliograph --help");
  EXPECT_EQ(line({"serve", "--colour"}), "heliograph serve: unknown flag --colour; see heliograph serve --help");
}

TEST(Program, a_flag_without_its_dashes_is_named) {
  EXPECT_EQ(line({"help"}), "heliograph: unknown command help, there is --help; see heliograph --help");
  EXPECT_EQ(line({"version"}), "heliograph: unknown command version, there is --version; see heliograph --help");
}

TEST(Program, a_flag_before_its_command_is_put_right) {
  EXPECT_EQ(line({"--data", "d", "serve"}),
            "heliograph serve: --data stands behind the command: heliograph serve --data; see heliograph serve --help");
}

TEST(Program, a_command_that_is_missing_is_asked_for) {
  EXPECT_EQ(line({"user"}), "heliograph user: name a command: show, list; see heliograph user --help");
}

TEST(Program, what_is_missing_is_named) {
  EXPECT_EQ(line({"serve"}), "heliograph serve: --data is required; see heliograph serve --help");
  EXPECT_NE(line({"user", "show"}).find("upn is required"), std::string::npos);
}

TEST(Program, what_is_wrong_with_the_whole_line_is_said) {
  EXPECT_EQ(line({"user", "list", "--first", "z"}),
            "heliograph user list: --first is z, the last; see heliograph user list --help");
  EXPECT_EQ(line({"user", "list", "--first", "y"}), "");
}

TEST(Program, what_is_right_is_no_mistake) {
  EXPECT_EQ(line({"serve", "--data", "x"}), "");
  EXPECT_EQ(line({"user", "show", "a"}), "");
}

TEST(Program, a_word_too_many_is_said) {
  EXPECT_NE(line({"user", "show", "a", "b"}).find("\"b\" is one word too many"), std::string::npos);
}

}  // namespace
}  // namespace hg::options
