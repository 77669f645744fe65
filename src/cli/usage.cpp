#include "cli/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/nearest.h"

namespace hg::cli {

namespace {

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  return flags;
}

std::vector<std::string> commands_of(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* one : command.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(one->get_name());
  return names;
}

std::string nearest(const std::string& name, const std::vector<std::string>& known) {
  if (known.empty()) return "";
  return ", the nearest is " +
         *std::ranges::min_element(known, {}, [&](const std::string& other) { return edit_distance(name, other); });
}

// What CLI11 could not place: it says so last, after everything that is missing because of it.
std::string unknown(const CLI::App& program, const CLI::App& command) {
  const auto left = program.remaining(true);
  if (left.empty()) return "";
  const std::string& first = left.front();
  const std::string name = first.substr(0, first.find('='));
  if (name.starts_with("-")) return fmt::format("unknown flag {}{}", name, nearest(name, flags_of(command)));
  const auto commands = commands_of(command);
  if (commands.empty()) return fmt::format("\"{}\" is one word too many", first);
  return fmt::format("unknown command {}{}", first, nearest(first, commands));
}

}  // namespace

std::string usage_line(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App* command = &program;
  std::string name = program.get_name();
  for (auto chosen = command->get_subcommands(); !chosen.empty(); chosen = command->get_subcommands()) {
    command = chosen.front();
    name += " " + command->get_name();
  }
  std::string message = unknown(program, *command);
  if (message.empty()) message = error.what();
  std::ranges::replace(message, '\n', ' ');
  return fmt::format("{}: {}; see {} --help", name, message, name);
}

}  // namespace hg::cli
