#include "cli/command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/encoding.h"

namespace hg::cli {

namespace {

std::string on_one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return text;
}

// Boost.JSON writes one line; people read indented ones.
void print_indented(const json::value& value, int depth) {
  const auto indent = [](int n) { return std::string(static_cast<std::size_t>(n) * 2, ' '); };
  if (value.is_object() && !value.as_object().empty()) {
    fmt::print("{{");
    bool first = true;
    for (const auto& [name, member] : value.as_object()) {
      fmt::print("{}\n{}{}: ", first ? "" : ",", indent(depth + 1), json::serialize(json::value(name)));
      print_indented(member, depth + 1);
      first = false;
    }
    fmt::print("\n{}}}", indent(depth));
  } else if (value.is_array() && !value.as_array().empty()) {
    fmt::print("[");
    bool first = true;
    for (const auto& item : value.as_array()) {
      fmt::print("{}\n{}", first ? "" : ",", indent(depth + 1));
      print_indented(item, depth + 1);
      first = false;
    }
    fmt::print("\n{}]", indent(depth));
  } else {
    fmt::print("{}", json::serialize(value));
  }
}

}  // namespace

void add_common(CLI::App& command, Common& common) {
  auto* data =
      command.add_option("--data", common.target.data, "the data directory, by the running server's socket or alone");
  command.add_option("--server", common.target.server, "the server's URL")->excludes(data);
  command.add_option("--token-file", common.target.token_file,
                     "file with an administrator's token, - for standard input (or HELIOGRAPH_TOKEN)");
  command.add_option("--ca", common.target.ca, "PEM file of the authority that signed the server's certificate");
  command.add_flag("--json", common.json, "print JSON");
}

int report(const Error& error) {
  fmt::print(stderr, "heliograph: {}\n", on_one_line(error.message));
  return kFailed;
}

int with_door(const Common& common, const std::function<Result<void>(Door&)>& work) {
  auto door = Door::open(common.target);
  if (!door) return report(door.error());
  const auto done = work(*door);
  return done ? kDone : report(done.error());
}

void print_json(const json::value& value) {
  if (::isatty(STDOUT_FILENO) != 0) {
    print_indented(value, 0);
  } else {
    fmt::print("{}", json::serialize(value));
  }
  fmt::print("\n");
}

std::string readable(const json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_bool()) return value.as_bool() ? "yes" : "no";
  if (value.is_string()) return json::value_to<std::string>(value);
  if (value.is_array()) {
    std::vector<std::string> items;
    for (const auto& item : value.as_array()) {
      const bool named = item.is_object() && item.as_object().contains("clientId");
      items.push_back(readable(named ? item.at("clientId") : item));
    }
    return fmt::format("{}", fmt::join(items, ", "));
  }
  if (value.is_object()) {
    std::vector<std::string> items;
    for (const auto& [name, member] : value.as_object())
      if (const std::string text = readable(member); !text.empty() && text != "-")
        items.push_back(fmt::format("{}={}", std::string_view(name), text));
    return fmt::format("{}", fmt::join(items, " "));
  }
  return json::serialize(value);
}

void print_table(const json::array& rows, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> cells;
  cells.emplace_back();
  for (const Column& column : columns) cells.back().push_back(column.title);
  for (const json::value& row : rows) {
    cells.emplace_back();
    for (const Column& column : columns) {
      const auto* member = row.as_object().if_contains(column.member);
      cells.back().push_back(member == nullptr ? "-" : readable(*member));
    }
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : cells)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], code_points(line[i]));
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool last = i + 1 == line.size();
      fmt::print("{}{}", line[i], last ? "\n" : std::string(widths[i] + 2 - code_points(line[i]), ' '));
    }
  }
}

void print_object(const json::value& value) {
  for (const auto& [name, member] : value.as_object()) fmt::print("{}: {}\n", std::string_view(name), readable(member));
}

}  // namespace hg::cli
