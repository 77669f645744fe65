// A mistake in the command line, said in one line with what was perhaps meant.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace hg::cli {

// "heliograph serve: unknown flag --dat, the nearest is --data; see heliograph serve --help"
std::string usage_line(const CLI::App& program, const CLI::ParseError& error);

}  // namespace hg::cli
