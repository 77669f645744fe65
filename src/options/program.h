// What may be said on the command line of a program. CLI11 reads it; but its headers are long, and every file that sees
// them compiles them again, so nobody but program.cpp does.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace hg::options {

// What is wrong with a line whose options are right one by one, as a sentence; "" for nothing.
using Check = std::function<std::string()>;

// The command that was chosen: set while the line is read.
struct Chosen {
  std::function<int()> run;
  std::map<const CLI::App*, std::vector<Check>> checks;  // of each command
};

// A handle on one option, which the program owns.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option required() const;
  Option excludes(Option other) const;
  Option one_of(std::initializer_list<std::string> words) const;
  Option between(int least, int most) const;
  Option between(double least, double most) const;
  // What it is where it was not said.
  Option otherwise(const std::string& value) const;

 private:
  CLI::Option* option_;
};

// A handle on one command, which the program owns. What an option is read into lives as long as the program.
class Command {
 public:
  Command(CLI::App* app, Chosen* chosen) : app_(app), chosen_(chosen) {}

  // One below it, of which one must then be said.
  [[nodiscard]] Command command(const std::string& name, const std::string& sentence) const;
  void alias(const std::string& name) const;

  // A value: of `--name`, or in its place where the name has no dashes; of a vector, any number; of an optional, none
  // where it was not said.
  template <typename T>
  Option option(const std::string& name, T& value, const std::string& sentence) const;
  Option flag(const std::string& name, bool& value, const std::string& sentence) const;

  // Asked in the order they were added, when all of the line is read.
  void check(Check wrong) const;
  void runs(std::function<int()> work) const;

 private:
  CLI::App* app_;
  Chosen* chosen_;
};

// The program itself: `heliograph --version`, and what its commands add.
class Program {
 public:
  Program(const std::string& name, const std::string& sentence, const std::string& version);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] Command command() { return {app_.get(), &chosen_}; }

  // Runs what the words choose and answers its exit code. Where they choose nothing: help and version on stdout, 0; a
  // mistake in one line on stderr, with what was perhaps meant, 2. Where the reader of what it prints is gone it ends
  // the process without a word, by SIGPIPE; the signal may be ignored meanwhile, for the sake of sockets.
  int run(int count, const char* const* words);
  // The line about a mistake; "" where there is none.
  std::string mistake(const std::vector<std::string>& words);

 private:
  int run_chosen(int count, const char* const* words);

  std::unique_ptr<CLI::App> app_;
  Chosen chosen_;
};

}  // namespace hg::options
