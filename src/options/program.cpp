#include "options/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <system_error>
#include <vector>

#include "base/nearest.h"

namespace hg::options {

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

// What is near enough to be a slip: two letters, or a third of them. "" where nothing is.
std::string nearest(const std::string& name, const std::vector<std::string>& known) {
  const auto distance = [&](const std::string& other) { return edit_distance(name, other); };
  const auto closest = std::ranges::min_element(known, {}, distance);
  if (closest == known.end()) return "";
  const std::size_t letters = name.size() - std::min(name.find_first_not_of('-'), name.size());
  const std::size_t wrong = distance(*closest);
  return wrong <= std::max<std::size_t>(2, letters / 3) && wrong < letters ? ", the nearest is " + *closest : "";
}

// What CLI11 could not place: it says so last, after everything that is missing because of it.
std::string unknown(const CLI::App& program, const CLI::App& command, const std::string& called) {
  const auto left = program.remaining(true);
  if (left.empty()) return "";
  const std::string& first = left.front();
  const std::string name = first.substr(0, first.find('='));
  const auto flags = flags_of(command);
  const auto is_flag = [&](const std::string& word) { return std::ranges::find(flags, word) != flags.end(); };
  if (is_flag(name)) return fmt::format("{} stands behind the command: {} {}", name, called, name);
  if (name.starts_with("-")) return fmt::format("unknown flag {}{}", name, nearest(name, flags));
  const auto commands = commands_of(command);
  if (commands.empty()) return fmt::format("\"{}\" is one word too many", first);
  const std::string flag = "--" + first;
  return fmt::format("unknown command {}{}", first, is_flag(flag) ? ", there is " + flag : nearest(first, commands));
}

std::string without_command(const CLI::App& command) {
  const auto commands = commands_of(command);
  if (commands.empty() || !command.get_subcommands().empty()) return "";
  return fmt::format("name a command: {}", fmt::join(commands, ", "));
}

// "heliograph serve: unknown flag --dat, the nearest is --data; see heliograph serve --help"
std::string usage_line(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App* command = &program;
  std::string name = program.get_name();
  for (auto chosen = command->get_subcommands(); !chosen.empty(); chosen = command->get_subcommands()) {
    command = chosen.front();
    name += " " + command->get_name();
  }
  std::string message = unknown(program, *command, name);
  if (message.empty()) message = without_command(*command);
  if (message.empty()) message = error.what();
  std::ranges::replace(message, '\n', ' ');
  return fmt::format("{}: {}; see {} --help", name, message, name);
}

// Writing to it failed, and it is a pipe, socket or terminal whose other end is gone.
bool nobody_reads(std::FILE* stream) {
  pollfd end{.fd = ::fileno(stream), .events = POLLOUT, .revents = 0};
  return std::ferror(stream) != 0 && ::poll(&end, 1, 0) == 1 && (end.revents & (POLLERR | POLLHUP)) != 0;
}

// As a program ends that does not ignore the signal.
int end_by_broken_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  return 128 + SIGPIPE;
}

}  // namespace

Option Option::required() const { return Option(option_->required()); }

Option Option::excludes(Option other) const { return Option(option_->excludes(other.option_)); }

Option Option::one_of(std::initializer_list<std::string> words) const {
  return Option(option_->check(CLI::IsMember(std::vector<std::string>(words))));
}

Option Option::between(int least, int most) const { return Option(option_->check(CLI::Range(least, most))); }

Option Option::between(double least, double most) const { return Option(option_->check(CLI::Range(least, most))); }

Option Option::otherwise(const std::string& value) const { return Option(option_->default_val(value)); }

Command Command::command(const std::string& name, const std::string& sentence) const {
  app_->require_subcommand(1);
  return {app_->add_subcommand(name, sentence)->group("Commands"), chosen_};
}

void Command::alias(const std::string& name) const { app_->alias(name); }

template <typename T>
Option Command::option(const std::string& name, T& value, const std::string& sentence) const {
  return Option(app_->add_option(name, value, sentence));
}
template Option Command::option(const std::string&, std::string&, const std::string&) const;
template Option Command::option(const std::string&, std::optional<std::string>&, const std::string&) const;
template Option Command::option(const std::string&, int&, const std::string&) const;
template Option Command::option(const std::string&, std::vector<std::string>&, const std::string&) const;
template Option Command::option(const std::string&, std::vector<int>&, const std::string&) const;
template Option Command::option(const std::string&, std::uint64_t&, const std::string&) const;
template Option Command::option(const std::string&, double&, const std::string&) const;

Option Command::flag(const std::string& name, bool& value, const std::string& sentence) const {
  return Option(app_->add_flag(name, value, sentence));
}

void Command::check(Check wrong) const { chosen_->checks[app_].push_back(std::move(wrong)); }

void Command::runs(std::function<int()> work) const {
  app_->callback([app = app_, chosen = chosen_, work = std::move(work)] {
    for (const Check& wrong : chosen->checks[app])
      if (const std::string what = wrong(); !what.empty()) throw CLI::ParseError(what, CLI::ExitCodes::ValidationError);
    chosen->run = work;
  });
}

Program::Program(const std::string& name, const std::string& sentence, const std::string& version)
    : app_(std::make_unique<CLI::App>(sentence)) {
  app_->name(name);
  app_->get_formatter()->label("SUBCOMMAND", "COMMAND");
  app_->set_version_flag("--version", name + " " + version);
}

Program::~Program() = default;

int Program::run(int count, const char* const* words) {
  try {
    const int code = run_chosen(count, words);
    if (std::fflush(stdout) != 0)
      throw std::system_error(errno, std::generic_category(), "cannot write to standard output");
    return code;
  } catch (const std::system_error&) {
    if (nobody_reads(stdout) || nobody_reads(stderr)) return end_by_broken_pipe();
    throw;
  }
}

int Program::run_chosen(int count, const char* const* words) {
  constexpr int kUsage = 2;
  if (count == 1 && !commands_of(*app_).empty()) {
    fmt::print(stderr, "{}", app_->help());
    return kUsage;
  }
  try {
    app_->parse(count, words);
  } catch (const CLI::Success& asked) {
    return app_->exit(asked);
  } catch (const CLI::ParseError& error) {
    std::fputs((usage_line(*app_, error) + "\n").c_str(), stderr);
    return kUsage;
  }
  return chosen_.run();
}

std::string Program::mistake(const std::vector<std::string>& words) {
  try {
    app_->parse(std::vector(words.rbegin(), words.rend()));  // as CLI11 wants it
  } catch (const CLI::ParseError& error) {
    return usage_line(*app_, error);
  }
  return "";
}

}  // namespace hg::options
