// What may be said on the command line. CLI11 reads it; but its headers are long, and every file that sees them
// compiles them again, so only syntax.cpp, usage and main do.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <utility>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace hg::cli {

// The command that was chosen: set while the line is read, run by main.
struct Chosen {
  std::function<int()> run;
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

  // A value: of `--name`, or in its place where the name has no dashes; of a vector, any number.
  template <typename T>
  Option option(const std::string& name, T& value, const std::string& sentence) const;
  Option flag(const std::string& name, bool& value, const std::string& sentence) const;
  [[nodiscard]] Option known(const std::string& name) const;

  void runs(std::function<int()> work) const {
    runs([] { return std::string(); }, std::move(work));
  }
  // `missing` answers what is required yet was not said; "" for nothing.
  void runs(std::function<std::string()> missing, std::function<int()> work) const;

 private:
  CLI::App* app_;
  Chosen* chosen_;
};

}  // namespace hg::cli
