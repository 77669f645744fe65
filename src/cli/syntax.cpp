#include "cli/syntax.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <vector>

namespace hg::cli {

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
  return {app_->add_subcommand(name, sentence), chosen_};
}

void Command::alias(const std::string& name) const { app_->alias(name); }

template <typename T>
Option Command::option(const std::string& name, T& value, const std::string& sentence) const {
  return Option(app_->add_option(name, value, sentence));
}
template Option Command::option(const std::string&, std::string&, const std::string&) const;
template Option Command::option(const std::string&, int&, const std::string&) const;
template Option Command::option(const std::string&, std::vector<std::string>&, const std::string&) const;
template Option Command::option(const std::string&, std::vector<int>&, const std::string&) const;
template Option Command::option(const std::string&, std::uint64_t&, const std::string&) const;
template Option Command::option(const std::string&, double&, const std::string&) const;

Option Command::flag(const std::string& name, bool& value, const std::string& sentence) const {
  return Option(app_->add_flag(name, value, sentence));
}

Option Command::known(const std::string& name) const { return Option(app_->get_option(name)); }

void Command::runs(std::function<std::string()> missing, std::function<int()> work) const {
  app_->callback([chosen = chosen_, missing = std::move(missing), work = std::move(work)] {
    if (const std::string what = missing(); !what.empty()) throw CLI::RequiredError(what);
    chosen->run = work;
  });
}

}  // namespace hg::cli
