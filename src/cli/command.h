// What every command shares: its place in the command line, how it prints, and its exit code (0 done, 1 failed, 2
// usage).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "cli/door.h"
#include "options/program.h"

namespace hg::cli {

using options::Command;
using options::Option;

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

// Options a command holds; alive as long as the command line.
struct Common {
  Target target;
  bool json = false;
};

// The options that reach a server elsewhere.
struct Remote {
  Option server, token_file, ca;
};
// Adds --data, --server, --token-file and --ca, and --json. `common` lives as long as the command line.
void add_common(Command command, Common& common);
// The same without --data.
Remote add_remote(Command command, Common& common);

// The environment, and the file where one is named; `data` where it is not "".
Result<app::Config> configuration(const std::string& file, const std::string& data);

// What --store says, where it says anything. A URL with a password in it is better named by file: or env:, for others
// see what programs were called with.
inline const std::string kStoreHelp =
    "the database: postgresql://USER@HOST/NAME, or file:PATH or env:NAME where that is (default: SQLite in the "
    "directory)";
Result<void> name_store(app::Config& config, const std::string& store);

// Of `file` ("-" standard input), else HELIOGRAPH_PASSPHRASE, else asked for on the terminal: a new one twice.
enum class Passphrase : std::uint8_t { known, made };
Result<std::string> read_passphrase(const std::string& file, Passphrase passphrase);

// Prints the error on stderr in one line; kFailed. It is the last resort: that it cannot be printed is not an error.
int report(const Error& error);

// Runs a piece of work with an open door and prints its refusal.
int with_door(const Common& common, const std::function<Result<void>(Door&)>& work);

// A JSON value on stdout: indented on a terminal, one line otherwise.
void print_json(const json::value& value);

struct Column {
  std::string title;
  std::string member;  // of each object; lists are joined, booleans are yes and no
};
// Objects as a table with aligned columns.
void print_table(const json::array& rows, const std::vector<Column>& columns);
// One object as `member: value` lines.
void print_object(const json::value& value);
// How a member reads to a person.
std::string readable(const json::value& value);
// In local time on a terminal, else as everywhere: ISO, UTC.
std::string readable_time(Time time);

// One function a command file; main lists them.
void add_serve(Command program);
void add_init(Command program);
void add_token(Command program);
void add_subscribe(Command program);
void add_user(Command program);
void add_app(Command program);
void add_cross_device(Command program);
void add_subscription(Command program);
void add_notification(Command program);
void add_credential(Command program);
void add_webhook(Command program);
void add_delivery(Command program);
void add_key(Command program);
void add_audit(Command program);
void add_doctor(Command program);
void add_backup(Command program);
void add_restore(Command program);
void add_send(Command program);
void add_tail(Command program);
void add_bench(Command program);

}  // namespace hg::cli
