#include "cli/command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>

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

// Plain, to four digits or the point: 0.213, 33.45, 12346.
std::string decimal(double value) {
  const double size = std::abs(value);
  std::string text = fmt::format("{:.{}f}", value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3);
  if (text.contains('.')) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// A member by its name: those that end in DateTime are times.
std::string cell(std::string_view name, const json::value& value) {
  if ((name.ends_with("DateTime") || name == "dateTime") && value.is_string())
    if (const auto time = parse_iso(std::string_view(value.as_string()))) return readable_time(*time);
  return readable(value);
}

// Typed unseen.
std::string asked_for(const char* what) {
  fmt::print(stderr, "{}", what);
  termios seen{};
  ::tcgetattr(STDIN_FILENO, &seen);
  termios unseen = seen;
  unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
  std::string line;
  std::getline(std::cin, line);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
  fmt::print(stderr, "\n");
  return line;
}

}  // namespace

Remote add_remote(Command command, Common& common) {
  const Remote remote{
      .server = command.option("--server", common.target.server, "the server's URL"),
      .token_file = command.option("--token-file", common.target.token_file,
                                   "file with an administrator's token, - for standard input (or HELIOGRAPH_TOKEN)"),
      .ca = command.option("--ca", common.target.ca, "PEM file of the authority that signed the server's certificate")};
  command.flag("--json", common.json, "print JSON");
  return remote;
}

void add_common(Command command, Common& common) {
  const Option data =
      command.option("--data", common.target.data, "the data directory, by the running server's socket or alone");
  const Remote remote = add_remote(command, common);
  for (const Option& option : {remote.server, remote.token_file, remote.ca}) option.excludes(data);
  command.check([&target = common.target] {
    return target.data.empty() && target.server.empty() ? "name the deployment: --data DIR or --server URL" : "";
  });
}

Result<app::Config> configuration(const std::string& file, const std::string& data) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  HG_TRY(auto config, app::load(file, environment, app::environment_names()));
  if (!data.empty()) config.data = data;
  return config;
}

Result<void> name_store(app::Config& config, const std::string& store) {
  if (store.empty()) return {};
  return app::set(config, *std::ranges::find(app::keys(), "store", &app::Key::name), store);
}

Result<std::string> read_passphrase(const std::string& file, Passphrase passphrase) {
  std::string text;
  if (!file.empty()) {
    HG_TRY(text, read_secret(file));
  } else if (const char* set = std::getenv("HELIOGRAPH_PASSPHRASE"); set != nullptr) {
    text = set;
  } else if (::isatty(STDIN_FILENO) != 0) {
    text = asked_for("passphrase: ");
    if (passphrase == Passphrase::made && asked_for("once more: ") != text)
      return fail(Code::property_invalid, "the two are not the same");
  } else {
    return fail(Code::property_missing,
                "the passphrase is missing: --passphrase-file FILE, HELIOGRAPH_PASSPHRASE, or --passphrase-file - for "
                "standard input");
  }
  if (text.empty()) return fail(Code::property_invalid, "the passphrase is empty");
  return text;
}

int report(const Error& error) {
  std::fputs(fmt::format("heliograph: {}\n", on_one_line(error.message)).c_str(), stderr);
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
  if (value.is_double()) return decimal(value.get_double());
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

std::string readable_time(Time time) {
  if (::isatty(STDOUT_FILENO) == 0) return iso(time);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(std::chrono::system_clock::to_time_t(time)));
}

void print_table(const json::array& rows, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> cells;
  cells.emplace_back();
  for (const Column& column : columns) cells.back().push_back(column.title);
  for (const json::value& row : rows) {
    cells.emplace_back();
    for (const Column& column : columns) {
      const auto* member = row.as_object().if_contains(column.member);
      cells.back().push_back(member == nullptr ? "-" : cell(column.member, *member));
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
  for (const auto& [name, member] : value.as_object())
    fmt::print("{}: {}\n", std::string_view(name), cell(name, member));
}

}  // namespace hg::cli
